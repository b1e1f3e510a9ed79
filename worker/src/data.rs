//! Rows that robots take: the bundle's CSV and JSON lines, a row for each robot by its number.

use std::collections::BTreeMap;

use proto::data::DataSet;
use proto::message::Bundle;
use proto::rows::{self, Row};

/// The data sets of a run, by name.
#[derive(Debug, Default)]
pub(crate) struct Data {
    sets: BTreeMap<String, Vec<Row>>,
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

    /// The names of the sets.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    /// The row of a robot: they begin anew when there are more robots than rows. A plan whose rows must be unique is refused by
    /// the master if they are too few.
    pub(crate) fn row(&self, set: &str, robot: u64) -> Option<&Row> {
        let rows = self.sets.get(set)?;
        let count = u64::try_from(rows.len()).ok().filter(|count| *count > 0)?;
        rows.get(usize::try_from(robot % count).ok()?)
    }
}

fn rows(bundle: &Bundle, path: &str) -> Result<Vec<Row>, String> {
    let file = bundle.files.iter().find(|(file, _)| file == path);
    let (_, content) = file.ok_or_else(|| format!("{path}: not in the bundle"))?;
    rows::read(path, content)
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
            assert_eq!(data.row("other", 0), None);
        }
    }

    #[test]
    fn what_is_wrong_names_file_and_line() {
        assert!(load("a.jsonl", "{}\n{").unwrap_err()[0].starts_with("a.jsonl:2: "));
        let missing = DataSet { name: "x".into(), path: "x.csv".into(), policy: DataPolicy::Cycle };
        let fault = Data::load(&Bundle::new(Vec::new()), &[missing]).unwrap_err();
        assert_eq!(fault, ["x.csv: not in the bundle"]);
    }
}
