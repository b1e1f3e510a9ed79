//! What is wrong with a setting: which one, where it stands, and what to write instead. One line each.

use std::fmt;

/// Where a setting was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is what holds if nothing is said.
    Default,
    /// In a file.
    File(String),
    /// In the environment.
    Environment,
    /// On the command line.
    CommandLine,
}

/// One fault of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    name: String,
    value: Option<String>,
    origin: Origin,
    wrong: String,
}

impl Fault {
    /// A setting with a value that can't be used. `wrong` says why, and what to write instead.
    pub fn of(name: &str, value: &str, origin: Origin, wrong: impl Into<String>) -> Self {
        Self { name: name.into(), value: Some(value.into()), origin, wrong: wrong.into() }
    }

    /// A setting that is not there but must be, or a file that can't be read.
    pub fn plain(name: &str, origin: Origin, wrong: impl Into<String>) -> Self {
        Self { name: name.into(), value: None, origin, wrong: wrong.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        let value = self.value.as_ref().map(|value| shorten(&crate::text::clean(value))).unwrap_or_default();
        let variable = format!("HORDE_{}", name.to_uppercase().replace('-', "_"));
        match &self.origin {
            Origin::CommandLine | Origin::Default if value.is_empty() => write!(f, "--{name}: ")?,
            Origin::CommandLine => write!(f, "--{name} {value} (command line): ")?,
            Origin::Default => write!(f, "--{name} {value} (default): ")?,
            Origin::Environment => write!(f, "{variable}={value} (environment): ")?,
            Origin::File(path) if value.is_empty() => write!(f, "{path}: ")?,
            Origin::File(path) => write!(f, "{name} = {value} (in {path}): ")?,
        }
        f.write_str(&self.wrong)
    }
}

fn shorten(value: &str) -> String {
    if value.chars().count() <= 200 { value.into() } else { value.chars().take(200).chain(['…']).collect() }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Faults(pub Vec<Fault>);

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}
