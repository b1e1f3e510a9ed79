//! Rows that robots take: the bundle's CSV and JSON lines, a row for each robot by its number.

use std::collections::BTreeMap;

use proto::data::DataSet;
use proto::message::Bundle;
use serde_json::{Map, Value};

/// The data sets of a run, by name.
#[derive(Debug, Default)]
pub(crate) struct Data {
    sets: BTreeMap<String, Vec<Value>>,
}

impl Data {
    /// Reads the sets that a plan names.
    ///
    /// # Errors
    /// What is wrong in the files, with file and line; one sentence each.
    pub(crate) fn load(bundle: &Bundle, sets: &[DataSet]) -> Result<Self, Vec<String>> {
        let (mut loaded, mut faults) = (Self::default(), Vec::new());
        for set in sets {
            match rows(bundle, &set.path) {
                Ok(rows) => drop(loaded.sets.insert(set.name.clone(), rows)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(loaded) } else { Err(faults) }
    }

    /// The row of a robot: they begin anew when there are more robots than rows. A plan whose rows must be unique is refused by
    /// the master if they are too few.
    pub(crate) fn row(&self, set: &str, robot: u64) -> Option<&Value> {
        let rows = self.sets.get(set)?;
        let count = u64::try_from(rows.len()).ok().filter(|count| *count > 0)?;
        rows.get(usize::try_from(robot % count).ok()?)
    }

    /// The names of the sets.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }
}

fn rows(bundle: &Bundle, path: &str) -> Result<Vec<Value>, String> {
    let file = bundle.files.iter().find(|(file, _)| file == path);
    let (_, content) = file.ok_or_else(|| format!("{path}: not in the bundle"))?;
    let text = std::str::from_utf8(content);
    let text = text.map_err(|e| format!("{path}: not UTF-8 from byte {} on", e.valid_up_to()))?;
    if path.ends_with(".csv") { csv_rows(path, text) } else { json_rows(path, text) }
}

fn json_rows(path: &str, text: &str) -> Result<Vec<Value>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(i, line)| serde_json::from_str(line).map_err(|e| format!("{path}:{}: {e}", i + 1))).collect()
}

/// Rows by the names in the first line; every value is text.
fn csv_rows(path: &str, text: &str) -> Result<Vec<Value>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let wrong = |e: csv::Error| format!("{path}: {e}");
    let names = reader.headers().map_err(wrong)?.clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(wrong)?;
        let cells = names.iter().zip(&record).map(|(name, cell)| (name.to_owned(), Value::from(cell)));
        Ok(Value::Object(cells.collect::<Map<_, _>>()))
    };
    reader.records().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::data::DataPolicy;

    fn load(path: &str, text: &str) -> Result<Data, Vec<String>> {
        let set = DataSet { name: "accounts".into(), path: path.into(), policy: DataPolicy::Cycle };
        Data::load(&Bundle::new(vec![(path.into(), text.as_bytes().to_vec())]), &[set])
    }

    #[test]
    fn robots_take_rows_in_turn() {
        for (path, text) in [
            ("a.csv", "name,level\nann,3\n\"bob, jr\",4\n"),
            ("a.jsonl", "{\"name\":\"ann\",\"level\":\"3\"}\n\n{\"name\":\"bob, jr\",\"level\":\"4\"}\n"),
        ] {
            let data = load(path, text).unwrap();
            let name = |robot| data.row("accounts", robot).unwrap()["name"].as_str().unwrap();
            assert_eq!([0, 1, 2, 101].map(name), ["ann", "bob, jr", "ann", "bob, jr"], "{path}");
            assert_eq!((data.row("other", 0), data.names().count()), (None, 1));
        }
    }

    #[test]
    fn what_is_wrong_names_file_and_line() {
        assert!(load("a.jsonl", "{}\n{").unwrap_err()[0].starts_with("a.jsonl:2: "));
        let fault = &load("a.csv", "a,b\n1\n").unwrap_err()[0];
        assert!(fault.starts_with("a.csv: ") && fault.contains("line: 2"), "{fault}");
    }
}
