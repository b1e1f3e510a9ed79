//! A game-server, a master and workers; what they counted, and how they ended.

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;

/// A run with its processes.
pub(crate) struct Cluster {
    pub(crate) server: Process,
    pub(crate) master: Process,
    pub(crate) workers: Vec<Process>,
    files: TempDir,
}

/// What a run left behind.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) summary: Value,
    pub(crate) server: Value,
}

impl Cluster {
    /// Starts a game-server, a master with `options` that is aimed at it, and its workers w0, w1, ...
    pub(crate) fn start(workers: usize, options: &[&str]) -> Self {
        let server = Process::start("game-server", &["--lobby-port", "0", "--game-port", "0"]);
        let host = format!("ws://{}", server.logs("lobby listening on "));
        Self::aimed_at(&host, server, workers, options)
    }

    /// As [`Cluster::start`], aimed elsewhere.
    pub(crate) fn start_at(host: &str, workers: usize, options: &[&str]) -> Self {
        let server = Process::start("game-server", &["--lobby-port", "0", "--game-port", "0"]);
        Self::aimed_at(host, server, workers, options)
    }

    fn aimed_at(host: &str, server: Process, workers: usize, options: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let json = files.path().join("summary.json").display().to_string();
        let expected = workers.to_string();
        let own = ["--bind", "127.0.0.1:0", "--expect-workers", &expected, "--host", host, "--json", &json];
        let master = Process::start("master", &[&own, options].concat());
        let address = master.logs("listening on ");
        let start = |i| Process::start("worker", &["--master", &address, "--name", &format!("w{i}")]);
        Self { server, master, workers: (0..workers).map(start).collect(), files }
    }

    /// Waits for the master's end, then ends the rest.
    pub(crate) fn end(self) -> Outcome {
        let (code, _tables) = self.master.end();
        drop(self.workers);
        self.server.signal("TERM");
        let (_, totals) = self.server.end();
        let summary = std::fs::read_to_string(self.files.path().join("summary.json")).unwrap();
        Outcome {
            code,
            summary: serde_json::from_str(&summary).unwrap(),
            server: serde_json::from_str(totals.lines().last().unwrap()).unwrap(),
        }
    }
}

impl Outcome {
    /// Samples of a series: those that succeeded and those that failed.
    pub(crate) fn samples(&self, kind: &str, name: &str) -> (u64, u64) {
        let series = self.summary["series"].as_array().unwrap();
        let row = series.iter().find(|row| row["kind"] == kind && row["name"] == name);
        row.map_or((0, 0), |row| {
            let (all, failed) = (row["count"].as_u64().unwrap(), row["failed"].as_u64().unwrap());
            (all - failed, failed)
        })
    }

    /// Checks that master and game-server counted the same requests.
    pub(crate) fn assert_equal_requests(&self) {
        for name in ["ServerListRequest", "LoginReuest", "EchoRequest"] {
            let (ok, failed) = self.samples("request", name);
            assert_eq!((ok, failed), (self.server["requests"][name].as_u64().unwrap(), 0), "{name}");
        }
    }

    /// The robots that each worker was given, in the order of the names.
    pub(crate) fn shares(&self) -> Vec<u64> {
        let mut workers = self.summary["workers"].as_array().unwrap().clone();
        workers.sort_by_key(|worker| worker["name"].as_str().unwrap().to_owned());
        workers.iter().map(|worker| worker["robots"].as_u64().unwrap()).collect()
    }

    /// Robots alive at the end of each whole second.
    pub(crate) fn alive(&self) -> Vec<u64> {
        let alive = |second: &Value| {
            let users = second["users"].as_array().unwrap();
            let (_leaving, alive) = users.split_last().unwrap();
            alive.iter().map(|n| n.as_u64().unwrap()).sum()
        };
        self.summary["timeline"].as_array().unwrap().iter().map(alive).collect()
    }

    /// All reasons of the verdict in one text.
    pub(crate) fn reasons(&self) -> String {
        self.summary["verdict"]["reasons"].to_string()
    }
}
