//! Settings as text, each with where it was made: defaults < file < environment < command line.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use config::{ConfigError, FileFormat, Source, Value, ValueKind};

use super::fault::{Fault, Faults, Origin};
use crate::args::Args;

/// What holds where nothing is said. What is not here is off.
const DEFAULTS: [(&str, &str); 12] = [
    ("bind", "127.0.0.1:5557"),
    ("expect-workers", "1"),
    ("expect-workers-max-wait", "0"),
    ("users", "1"),
    ("spawn-rate", "1"),
    ("headless", "false"),
    ("stop-timeout", "5s"),
    ("connect-timeout", "10s"),
    ("request-timeout", "10s"),
    ("seed", "0"),
    ("on-worker-loss", "rebalance"),
    ("log-level", "info"),
];

/// The file that is read if it is there and none is named.
const FILE: &str = "horde.toml";

/// A setting as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its text.
    pub text: String,
    /// Where it was made.
    pub origin: Origin,
}

/// All settings, by name.
#[derive(Debug, Clone)]
pub struct Settings {
    by_name: BTreeMap<String, Setting>,
}

impl Settings {
    /// Gathers what was said anywhere; of each setting the strongest source wins.
    ///
    /// # Errors
    /// When the file can't be read, or has keys that are no setting.
    pub fn gather(args: Args, environment: HashMap<String, String>) -> Result<Self, Faults> {
        let named = args.config.clone().map(|path| path.to_string_lossy().into_owned());
        let named =
            named.or_else(|| environment.get("HORDE_CONFIG").filter(|path| !path.is_empty()).cloned());
        let file = named.clone().or_else(|| Path::new(FILE).exists().then(|| FILE.into()));
        let given: BTreeMap<_, _> = args.given().into_iter().collect();
        let values =
            merge(file.as_deref(), environment, &given).map_err(|e| unreadable(file.as_deref(), &e))?;
        let mut faults = Vec::new();
        let by_name = values.into_iter().filter_map(|(name, value)| {
            let origin = origin(&name, &value, file.as_deref(), given.contains_key(name.as_str()));
            let setting = setting(&name, value, origin).map_err(|fault| faults.push(fault)).ok()?;
            Some((name, setting))
        });
        let by_name = by_name.collect();
        faults.sort_by_key(Fault::to_string);
        if faults.is_empty() { Ok(Self { by_name }) } else { Err(Faults(faults)) }
    }

    /// A setting, if anything was said about it.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.by_name.get(name)
    }
}

fn merge(
    file: Option<&str>,
    environment: HashMap<String, String>,
    given: &BTreeMap<&'static str, String>,
) -> Result<HashMap<String, Value>, ConfigError> {
    let mut layers = config::Config::builder();
    for (name, text) in DEFAULTS {
        layers = layers.set_default(name, text)?;
    }
    if let Some(path) = file {
        layers = layers.add_source(config::File::new(path, FileFormat::Toml));
    }
    let variables = config::Environment::with_prefix("HORDE").ignore_empty(true).source(Some(environment));
    layers = layers.add_source(Variables(variables));
    for (name, text) in given {
        layers = layers.set_override(*name, text.as_str())?;
    }
    layers.build()?.collect()
}

/// `HORDE_SPAWN_RATE` -> `spawn-rate`. Other names are left out: Kubernetes makes such variables by itself for a
/// Service that is called horde, and the other binaries of horde have theirs.
#[derive(Debug, Clone)]
struct Variables(config::Environment);

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<HashMap<String, Value>, ConfigError> {
        let names = Args::names();
        let mut found: HashMap<_, _> =
            self.0.collect()?.into_iter().map(|(name, value)| (name.replace('_', "-"), value)).collect();
        if let Some(filter) = found.remove("log") {
            found.insert("log-level".into(), filter);
        }
        found.retain(|name, _| names.contains(name));
        Ok(found)
    }
}

fn origin(name: &str, value: &Value, file: Option<&str>, given: bool) -> Origin {
    match (value.origin(), file) {
        _ if given => Origin::CommandLine,
        (Some("the environment"), _) => Origin::Environment,
        (Some(_), Some(path)) => Origin::File(path.into()),
        // The builder keeps no origin of keys that only tables hold.
        (None, Some(path)) if DEFAULTS.iter().all(|(other, _)| *other != name) => Origin::File(path.into()),
        _ => Origin::Default,
    }
}

fn setting(name: &str, value: Value, origin: Origin) -> Result<Setting, Fault> {
    let names = Args::names();
    if !names.iter().any(|known| known == name) {
        let remedy = match nearest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are {}", names.join(", ")),
        };
        return Err(Fault::plain(
            name,
            origin,
            format!("unknown key `{}`; {remedy}", crate::text::clean(name)),
        ));
    }
    match &value.kind {
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => {
            let wrong = format!("`{name}` is a table or a list; give one value");
            Err(Fault::plain(name, origin, wrong))
        }
        kind => Ok(Setting { text: kind.to_string(), origin }),
    }
}

/// The setting that was probably meant: the one that begins the same for longest.
fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    let name = name.to_lowercase().replace('_', "-");
    let same = |other: &str| name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    names.iter().max_by_key(|other| same(other)).filter(|other| same(other) >= 3)
}

/// A TOML error is drawn over several lines; its first says where and its last says what.
fn unreadable(file: Option<&str>, error: &ConfigError) -> Faults {
    let text = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let wrong = match lines.as_slice() {
        [first, .., last] => format!("{first}: {last}"),
        _ => text.clone(),
    };
    let path = file.unwrap_or(FILE);
    let fault = if Path::new(path).is_file() {
        Fault::plain("config", Origin::File(path.into()), format!("not readable as TOML; {wrong}"))
    } else {
        Fault::of("config", path, Origin::CommandLine, "no such file; name one that exists")
    };
    Faults(vec![fault])
}
