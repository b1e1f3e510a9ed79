//! What each side counted, read from its file, and held against the other's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Requests by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// From the line of totals that the game-server writes.
    pub(super) fn of_game_server(file: &Path) -> Result<Self> {
        let totals = read(file)?;
        let requests =
            totals["requests"].as_object().context("the game-server's totals have no `requests`")?;
        let counted = requests.iter().filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)));
        Ok(Self(counted.filter(|(_, count)| *count > 0).collect()))
    }

    /// From the summary that the master writes.
    pub(super) fn of_master(file: &Path) -> Result<Self> {
        let summary = read(file)?;
        let series = summary["series"].as_array().context("the master's summary has no `series`")?;
        let requests = series.iter().filter(|series| series["kind"] == "request");
        let counted =
            requests.filter_map(|one| Some((one["name"].as_str()?.to_owned(), one["count"].as_u64()?)));
        Ok(Self(counted.filter(|(_, count)| *count > 0).collect()))
    }

    /// The count of one request.
    fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    fn all(&self) -> u64 {
        self.0.values().sum()
    }
}

/// Whether both counted the same, and what to say of it.
pub(super) fn compare(server: &Counts, master: &Counts) -> (bool, Vec<String>) {
    let names: BTreeSet<_> = server.0.keys().chain(master.0.keys()).collect();
    let mut lines: Vec<_> =
        names.into_iter().map(|name| line(name, server.of(name), master.of(name))).collect();
    lines.push(line("requests", server.all(), master.all()));
    (server == master, lines)
}

fn line(what: &str, server: u64, master: u64) -> String {
    let verdict = match server.abs_diff(master) {
        0 => "equal".to_owned(),
        difference => format!("{difference} apart"),
    };
    format!("the game-server counted {server} {what}, the master {master}: {verdict}")
}

fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn both_sides_are_read_and_compared_by_name() {
        let totals = file(r#"{"logins": 2, "requests": {"EchoRequest": 7, "LoginReuest": 2, "Other": 0}}"#);
        let summary = file(
            r#"{"series": [{"kind": "connect", "name": "game", "count": 9},
                {"kind": "request", "name": "EchoRequest", "count": 6},
                {"kind": "request", "name": "LoginReuest", "count": 2}]}"#,
        );
        let server = Counts::of_game_server(totals.path()).unwrap();
        let master = Counts::of_master(summary.path()).unwrap();
        let (equal, lines) = compare(&server, &master);
        assert!(!equal);
        assert_eq!(
            lines,
            [
                "the game-server counted 7 EchoRequest, the master 6: 1 apart",
                "the game-server counted 2 LoginReuest, the master 2: equal",
                "the game-server counted 9 requests, the master 8: 1 apart",
            ]
        );
        assert!(compare(&server, &server).0);
    }

    #[test]
    fn a_file_that_is_something_else_is_told() {
        let error = Counts::of_master(file("{}").path()).unwrap_err().to_string();
        assert_eq!(error, "the master's summary has no `series`");
    }
}
