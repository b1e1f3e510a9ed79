//! Settings as text, each with where it was made: defaults < file < environment < command line.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use config::{ConfigError, FileFormat, Source, Value, ValueKind};

use super::fault::{Fault, Faults, Origin};
use super::tables::{TABLES, Tables, unknown};
use crate::args::Args;

/// What holds where nothing is said. What is not here is off.
const DEFAULTS: [(&str, &str); 25] = [
    ("bind", "127.0.0.1:5557"),
    ("expect-workers", "1"),
    ("expect-workers-max-wait", "0"),
    ("users", "1"),
    ("spawn-rate", "1"),
    ("arrivals-model", "constant"),
    ("headless", "false"),
    ("web-port", "8089"),
    ("web-bind", "127.0.0.1"),
    ("autostart", "false"),
    ("stop-timeout", "5s"),
    ("connect-timeout", "10s"),
    ("request-timeout", "10s"),
    ("seed", "0"),
    ("on-worker-loss", "rebalance"),
    ("on-robot-end", "replace"),
    ("hold", "0"),
    ("reconnect", "backoff"),
    ("keep-failures", "0"),
    ("dialect", "msg"),
    ("envelope", "Msg.Name.Bin"),
    ("package", "package"),
    ("packing", "on"),
    ("insecure", "false"),
    ("log-level", "info"),
];

/// Settings that may be lists in the file.
const LISTS: [&str; 6] = ["tags", "exclude-tags", "source-ip", "data", "web-host", "threshold"];

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
    tables: Tables,
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
        let unreadable = |e| unreadable(file.as_deref(), &e);
        let (written, tables, mut faults) =
            Tables::split(read(file.as_deref()).map_err(unreadable)?, file.as_deref().unwrap_or(FILE));
        let values = merge(written, environment, &given).map_err(unreadable)?;
        let by_name = values.into_iter().filter_map(|(name, value)| {
            let origin = origin(&name, &value, file.as_deref(), given.contains_key(name.as_str()));
            let setting = setting(&name, value, origin).map_err(|fault| faults.push(fault)).ok()?;
            Some((name, setting))
        });
        let by_name = by_name.collect();
        faults.sort_by_key(Fault::to_string);
        if faults.is_empty() { Ok(Self { by_name, tables }) } else { Err(Faults(faults)) }
    }

    /// A setting, if anything was said about it.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.by_name.get(name)
    }

    /// What only a file can say.
    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }
}

fn read(file: Option<&str>) -> Result<HashMap<String, Value>, ConfigError> {
    let Some(path) = file else { return Ok(HashMap::new()) };
    config::File::new(path, FileFormat::Toml).collect().or_else(|e| mended(path).ok_or(e))
}

/// What a file says that is readable but for numbers that are too large: as text they are told as what they are, and hide
/// no other fault.
fn mended(path: &str) -> Option<HashMap<String, Value>> {
    let text = std::fs::read_to_string(path).ok()?;
    let mended = text.lines().map(large_number_as_text).collect::<Vec<_>>().join("\n");
    let values = config::File::from_str(&mended, FileFormat::Toml).collect().ok()?;
    let of_file = |value: Value| Value::new(Some(&path.to_owned()), value.kind);
    Some(values.into_iter().map(|(name, value)| (name, of_file(value))).collect())
}

/// `key = 9223372036854775808` -> `key = "9223372036854775808"`: TOML's whole numbers end one below.
fn large_number_as_text(line: &str) -> String {
    let Some((key, rest)) = line.split_once('=') else { return line.into() };
    let (number, comment) = rest.split_once('#').map_or((rest, ""), |(number, comment)| (number, comment));
    let digits = number.trim().replace('_', "");
    let bare = digits.trim_start_matches(['-', '+']);
    let is_large = bare.bytes().all(|b| b.is_ascii_digit()) && bare.len() > 18;
    if is_large && digits.parse::<i64>().is_err() {
        format!("{key}= \"{digits}\" #{comment}")
    } else {
        line.into()
    }
}

fn merge(
    written: HashMap<String, Value>,
    environment: HashMap<String, String>,
    given: &BTreeMap<&'static str, String>,
) -> Result<HashMap<String, Value>, ConfigError> {
    let mut layers = config::Config::builder();
    for (name, text) in DEFAULTS {
        layers = layers.set_default(name, text)?;
    }
    layers = layers.add_source(Written(written));
    let variables = config::Environment::with_prefix("HORDE").ignore_empty(true).source(Some(environment));
    layers = layers.add_source(Variables(variables));
    for (name, text) in given {
        layers = layers.set_override(*name, text.as_str())?;
    }
    layers.build()?.collect()
}

/// What the file says, its tables aside.
#[derive(Debug, Clone)]
struct Written(HashMap<String, Value>);

impl Source for Written {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<HashMap<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
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
        let known: Vec<_> = names.iter().map(String::as_str).chain(TABLES).collect();
        return Err(Fault::plain(name, origin, unknown(name, &known)));
    }
    match value.kind {
        ValueKind::Array(items) if LISTS.contains(&name) => {
            Ok(Setting { text: listed(name, items, &origin)?, origin })
        }
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => {
            let one = if LISTS.contains(&name) { "one value, or a list of some" } else { "one value" };
            Err(Fault::plain(name, origin, format!("`{name}` is a table or a list; give {one}")))
        }
        kind => Ok(Setting { text: kind.to_string(), origin }),
    }
}

/// A list as the command line writes it.
fn listed(name: &str, items: Vec<Value>, origin: &Origin) -> Result<String, Fault> {
    let texts = items.into_iter().map(Value::into_string).collect::<Result<Vec<_>, _>>();
    let wrong = |_| Fault::plain(name, origin.clone(), format!("`{name}` is no list of texts; give one"));
    let between = if name == "threshold" { ";" } else { "," };
    Ok(texts.map_err(wrong)?.join(between))
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
