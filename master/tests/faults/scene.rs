//! A game-server, a master and four workers, what they counted, and how they ended.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::figures::Figures;
use crate::process::{Launch, Process};
use crate::watch::Watch;

/// How large scenarios are.
pub(crate) struct Size {
    pub(crate) robots: u64,
    /// How many times slower than its goal a time may be.
    pub(crate) slack: u32,
    pub(crate) binaries: PathBuf,
}

impl Size {
    pub(crate) fn new(full: bool, binaries: PathBuf) -> Self {
        let (robots, slack) = if full { (2_000, 1) } else { (400, 5) };
        Self { robots, slack, binaries }
    }
}

/// Where processes run.
#[derive(Clone)]
pub(crate) struct Place {
    /// The addresses of master and game-server.
    pub(crate) master: &'static str,
    pub(crate) server: &'static str,
    /// What starts a process there.
    pub(crate) within: Vec<String>,
    /// What starts the master there.
    pub(crate) for_master: Vec<String>,
    /// What starts the last worker.
    pub(crate) for_last_worker: Vec<String>,
}

impl Place {
    /// This machine. The master has an address apart, so that no robot's own port is ever the one that a master wants back.
    pub(crate) fn here() -> Self {
        let (master, server, nothing) = ("127.0.0.2", "127.0.0.1", Vec::new());
        Self {
            master,
            server,
            within: nothing.clone(),
            for_master: nothing.clone(),
            for_last_worker: nothing,
        }
    }
}

/// A run with its processes.
pub(crate) struct Scene<'a> {
    pub(crate) size: &'a Size,
    pub(crate) robots: u64,
    pub(crate) place: Place,
    pub(crate) server: Process,
    pub(crate) watch: Watch,
    pub(crate) master: Process,
    pub(crate) workers: Vec<Process>,
    pub(crate) files: TempDir,
    pub(crate) address: String,
    options: Vec<String>,
}

/// What a run left behind.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) summary: Value,
    server: Value,
}

impl<'a> Scene<'a> {
    /// Four workers with all robots, on this machine; the master has `options` more.
    pub(crate) fn start(size: &'a Size, options: &[&str]) -> Self {
        Self::start_at(size, Place::here(), 4, options)
    }

    /// So many workers, of which each has a fourth of the robots.
    pub(crate) fn start_at(size: &'a Size, place: Place, workers: u64, options: &[&str]) -> Self {
        let bind =
            ["--bind", place.server, "--lobby-port", "0", "--game-port", "0", "--watch", "/dev/stdout"];
        let server = Process::start(launch(size, "game-server", &place.within, &bind));
        let host = format!("ws://{}", server.logs("lobby listening on "));
        let robots = size.robots / 4 * workers;
        let (users, rate, expected) = (robots.to_string(), (robots / 2).to_string(), workers.to_string());
        let files = tempfile::tempdir().unwrap();
        let json = files.path().join("summary.json").display().to_string();
        let plan = ["--users", &users, "--spawn-rate", &rate, "--run-time", "10m", "--headless"];
        let rest = ["--host", &host, "--expect-workers", &expected, "--json", &json];
        let options: Vec<_> = [&plan[..], &rest, options].concat().into_iter().map(str::to_owned).collect();
        let master = master(size, &place.for_master, &format!("{}:0", place.master), &options);
        let address = master.logs("listening on ");
        let watch = Watch::new(server.out().clone());
        let mut scene =
            Self { size, robots, place, server, watch, master, workers: vec![], files, address, options };
        for number in 0..workers {
            scene.add_worker(&format!("w{number}"), number + 1 == workers);
        }
        scene
    }

    /// Starts one more worker; when.
    pub(crate) fn add_worker(&mut self, name: &str, is_last: bool) -> Instant {
        let within = if is_last { &self.place.for_last_worker } else { &self.place.within };
        let args = ["--master", &self.address, "--name", name];
        let now = Instant::now();
        self.workers.push(Process::start(launch(self.size, "worker", within, &args)));
        now
    }

    /// Waits until all robots play.
    pub(crate) fn steady(&self) {
        let (mark, robots) = (self.watch.mark(), self.robots);
        let what = format!("{robots} robots that play");
        self.watch.until(&what, mark, |s| s.sessions == robots && s.logins == robots);
        self.watch.pass(Duration::from_millis(500));
    }

    /// A fourth of the robots.
    pub(crate) fn share(&self) -> u64 {
        self.size.robots / 4
    }

    /// Kills the master; when.
    pub(crate) fn kill_master(&self) -> Instant {
        self.master.signal(Signal::KILL)
    }

    /// Starts a master at the address of the one before, with the same options; when.
    pub(crate) fn start_master(&mut self, within: &[String]) -> Instant {
        let now = Instant::now();
        self.master = master(self.size, within, &self.address, &self.options);
        now
    }

    /// Stops the run, and waits for its end.
    pub(crate) fn stop(self) -> Outcome {
        self.master.signal(Signal::INT);
        self.end()
    }

    /// Waits for the run's end.
    pub(crate) fn end(mut self) -> Outcome {
        let code = self.master.ended();
        drop(self.workers);
        self.server.signal(Signal::TERM);
        self.server.ended();
        let totals = self.server.out().last().unwrap().text;
        let summary = std::fs::read_to_string(self.files.path().join("summary.json")).unwrap();
        Outcome {
            code,
            summary: serde_json::from_str(&summary).unwrap(),
            server: serde_json::from_str(&totals).unwrap(),
        }
    }
}

impl Outcome {
    /// Requests that the master merged.
    pub(crate) fn merged(&self) -> u64 {
        let series = self.summary["series"].as_array().unwrap();
        series.iter().filter(|row| row["kind"] == "request").map(|row| row["count"].as_u64().unwrap()).sum()
    }

    /// Messages that the server read.
    pub(crate) fn read(&self) -> u64 {
        self.server["messages_in"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
    }

    /// Requests that the server answered.
    pub(crate) fn answered(&self) -> u64 {
        self.server["requests"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
    }

    /// Says whether each request of the server is in the totals, and no other. So many may have been under way when their robots
    /// were dropped.
    pub(crate) fn totals(&self, figures: &mut Figures, dropped: u64) {
        let (merged, answered) = (self.merged(), self.answered());
        figures.note("requests that the server answered", answered);
        let lost = answered.saturating_sub(merged);
        figures.at_most("of them not in the totals", lost, dropped);
        figures.at_most("in the totals, but never answered", merged.saturating_sub(answered), dropped);
        figures.code("exit code of the master", self.code, 0);
    }
}

fn launch<'a>(size: &'a Size, binary: &'a str, within: &'a [String], args: &[&str]) -> Launch<'a> {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Launch { binaries: &size.binaries, binary, within, args }
}

fn master(size: &Size, within: &[String], address: &str, options: &[String]) -> Process {
    let args = [&["--bind".to_owned(), address.to_owned()], options].concat();
    Process::start(Launch { binaries: &size.binaries, binary: "master", within, args })
}
