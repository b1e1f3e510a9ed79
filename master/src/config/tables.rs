//! What only a file can say, because it is no single value: stages, classes, data sets, replies that break the rule, headers.
//! Tables that only group settings (`[speech] dialect = "rpc"`) are taken apart, so that those count like any other.

use std::collections::{BTreeMap, HashMap};

use config::{Value, ValueKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fault::{Fault, Origin};

/// The tables that a file can have.
pub(super) const TABLES: [&str; 5] = ["stage", "class", "data", "speech", "network"];

/// Tables that group settings: their keys, and the one that is a table again.
const GROUPS: [(&str, &[&str], &str); 2] = [
    ("speech", &["dialect", "envelope", "package", "packing"], "replies"),
    ("network", &["source-ip", "ca", "insecure", "subprotocol"], "headers"),
];

/// `[[stage]]`: a stretch of the profile. Numbers stay as written, so that what is wrong with them is told like settings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct StageTable {
    pub(super) duration: Option<String>,
    pub(super) users: Option<String>,
    pub(super) spawn_rate: Option<String>,
    pub(super) arrivals: Option<String>,
    pub(super) edge: Option<String>,
    pub(super) cut: Option<String>,
}

/// `[[class]]`: a kind of robot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct ClassTable {
    pub(super) name: String,
    pub(super) weight: Option<u32>,
    pub(super) count: Option<u64>,
    #[serde(default)]
    pub(super) mods: Vec<String>,
    #[serde(default)]
    pub(super) tasks: Vec<TaskEntry>,
    pub(super) host: Option<String>,
}

/// A task of a class: its name, or `{ name = "walk", weight = 2 }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum TaskEntry {
    Name(String),
    Weighted { name: String, weight: Option<u32> },
}

/// `[[data]]`: rows that robots take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct DataTable {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) policy: Option<String>,
}

/// All tables of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tables {
    /// The file that they stand in.
    pub(super) file: String,
    pub(super) stages: Vec<StageTable>,
    pub(super) classes: Vec<ClassTable>,
    pub(super) data: Vec<DataTable>,
    pub(super) replies: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
}

impl Tables {
    /// Takes the tables out of what a file says; what is left are settings.
    pub(super) fn split(
        mut values: HashMap<String, Value>,
        file: &str,
    ) -> (HashMap<String, Value>, Self, Vec<Fault>) {
        let mut taker = Taker { file, faults: Vec::new() };
        let stages = values.remove("stage").map(|value| {
            let keys = ["duration", "users", "spawn-rate", "arrivals", "edge", "cut"];
            taker.each("stage", value, &keys)
        });
        let classes = values.remove("class").map(|value| {
            let keys = ["name", "weight", "count", "mods", "tasks", "host"];
            taker.each("class", value, &keys)
        });
        let is_list_of_texts = |value: &Value| match &value.kind {
            ValueKind::Array(items) => !items.iter().any(|item| matches!(item.kind, ValueKind::Table(_))),
            _ => true,
        };
        let data = values.remove("data").and_then(|value| {
            if is_list_of_texts(&value) {
                values.insert("data".into(), value);
                return None;
            }
            Some(taker.each("data", value, &["name", "file", "policy"]))
        });
        let [replies, headers] = GROUPS.map(|(group, keys, inner)| {
            values.remove(group).map(|value| taker.group(group, keys, inner, value, &mut values))
        });
        let tables = Self {
            file: file.into(),
            stages: stages.unwrap_or_default(),
            classes: classes.unwrap_or_default(),
            data: data.unwrap_or_default(),
            replies: replies.unwrap_or_default(),
            headers: headers.unwrap_or_default(),
        };
        (values, tables, taker.faults)
    }
}

/// Takes tables, and keeps what is wrong with them.
struct Taker<'a> {
    file: &'a str,
    faults: Vec<Fault>,
}

impl Taker<'_> {
    /// The tables of a list.
    fn each<T: DeserializeOwned>(&mut self, name: &str, value: Value, keys: &[&str]) -> Vec<T> {
        let ValueKind::Array(items) = value.kind else {
            self.fault(format!("`{name}` is no list of tables; write [[{name}]]"));
            return Vec::new();
        };
        let numbered = (1..).zip(items);
        numbered.filter_map(|(n, item)| self.table(&format!("[[{name}]] {n}"), item, keys)).collect()
    }

    fn table<T: DeserializeOwned>(&mut self, place: &str, value: Value, keys: &[&str]) -> Option<T> {
        if let ValueKind::Table(table) = &value.kind {
            let mut strange: Vec<_> = table.keys().filter(|key| !keys.contains(&key.as_str())).collect();
            strange.sort();
            strange.iter().for_each(|key| self.fault(format!("{place}: {}", unknown(key, keys))));
            if !strange.is_empty() {
                return None;
            }
        }
        let read = value.try_deserialize();
        read.map_err(|e| self.fault(format!("{place}: {}; it has {}", one_line(&e), keys.join(", ")))).ok()
    }

    /// Puts the settings of a group where they would stand without it; its inner table goes out.
    fn group(
        &mut self,
        group: &str,
        keys: &[&str],
        inner: &str,
        value: Value,
        values: &mut HashMap<String, Value>,
    ) -> BTreeMap<String, String> {
        let ValueKind::Table(table) = value.kind else {
            self.fault(format!("`{group}` is no table; write [{group}]"));
            return BTreeMap::new();
        };
        let mut sorted: Vec<_> = table.into_iter().collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut pairs = BTreeMap::new();
        for (key, value) in sorted {
            if key == inner {
                pairs = self.pairs(&format!("[{group}.{inner}]"), value);
            } else if !keys.contains(&key.as_str()) {
                let known: Vec<_> = keys.iter().copied().chain([inner]).collect();
                self.fault(format!("[{group}]: {}", unknown(&key, &known)));
            } else if values.insert(key.clone(), value).is_some() {
                self.fault(format!("`{key}` stands in [{group}] and outside it; say it once"));
            }
        }
        pairs
    }

    fn pairs(&mut self, place: &str, value: Value) -> BTreeMap<String, String> {
        let read = value.try_deserialize();
        read.map_err(|e| self.fault(format!("{place}: {}; write KEY = \"text\"", one_line(&e))))
            .unwrap_or_default()
    }

    fn fault(&mut self, wrong: String) {
        self.faults.push(Fault::plain("config", Origin::File(self.file.into()), wrong));
    }
}

fn one_line(error: &impl ToString) -> String {
    crate::text::fit(&error.to_string(), 300)
}

/// Names a key that nobody knows, and the one that was probably meant.
pub(super) fn unknown(name: &str, known: &[&str]) -> String {
    let remedy = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys are {}", known.join(", ")),
    };
    format!("unknown key `{}`; {remedy}", crate::text::clean(name))
}

/// The key that was probably meant: the one that begins the same for longest.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
    let same = |other: &str| name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    // The first of several, so that what is told does not depend on what else there is.
    let best = known.iter().rev().max_by_key(|other| same(other));
    best.filter(|other| same(other) >= 3.min(name.len().max(2))).copied()
}
