//! Masters that are killed, and what comes after them.

use std::time::{Duration, Instant};

use proto::message::LEASE;

use crate::figures::Figures;
use crate::losses::{UNDER_WAY, sessions};
use crate::scene::{Scene, Size};

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);

/// Where Debian keeps what steps the wall clock of one process alone.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// How a master is away.
pub(crate) struct Absence {
    hold: &'static str,
    time: Duration,
    times: usize,
    /// By how much the wall clock is stepped meanwhile.
    step: Option<&'static str>,
}

impl Absence {
    pub(crate) fn short(hold: &'static str) -> Self {
        Self { hold, time: Duration::ZERO, times: 1, step: None }
    }

    pub(crate) fn twice() -> Self {
        Self { times: 2, ..Self::short("30s") }
    }

    pub(crate) fn long(hold: &'static str) -> Self {
        Self { time: 8 * S, ..Self::short(hold) }
    }

    pub(crate) fn stepped(step: &'static str) -> Self {
        Self { step: Some(step), ..Self::short("30s") }
    }

    fn within(&self) -> Vec<String> {
        let fake = |step| {
            let words = [format!("LD_PRELOAD={FAKETIME}"), format!("FAKETIME={step}")];
            ["env".into(), "FAKETIME_DONT_FAKE_MONOTONIC=1".into()].into_iter().chain(words).collect()
        };
        self.step.map_or_else(Vec::new, fake)
    }
}

/// A master is killed, and one with the same options goes on.
pub(crate) fn again(size: &Size, figures: &mut Figures, absence: &Absence) {
    if absence.step.is_some() && !std::path::Path::new(FAKETIME).exists() {
        return figures.note("skipped: Debian's package faketime is not there", "-");
    }
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().display().to_string();
    let history = folder.path().join("out_stats_history.csv");
    let csv = folder.path().join("out").display().to_string();
    let options = ["--journal", &journal, "--hold", absence.hold, "--csv", &csv];
    let before = Instant::now();
    let mut scene = Scene::start(size, &options);
    let (began, _) = scene.master.logs_since(before, "the run begins");
    scene.steady();
    let mark = scene.watch.mark();
    for _ in 0..absence.times {
        away(&mut scene, figures, absence, began);
    }
    // Nobody holds robots for as long as that: they are dropped, and born again.
    let anew = if absence.hold == "0" && absence.time > LEASE { scene.robots } else { 0 };
    let logins = scene.robots + anew;
    scene.watch.until("all robots again", mark, |s| s.sessions == scene.robots && s.logins >= logins);
    scene.watch.pass(3 * S);
    sessions(&scene, mark, figures, scene.robots - anew);
    figures.count("robots that logged in anew", scene.watch.last().logins - scene.robots, anew);
    let outcome = scene.stop();
    figures.count("losses", outcome.summary["losses"].as_array().unwrap().len() as u64, 0);
    figures.count("seconds that the history lacks", missing(&outcome.summary, &history), 0);
    outcome.totals(figures, if anew > 0 { UNDER_WAY } else { 0 });
}

/// A master is killed and started again; its run began then.
fn away(scene: &mut Scene<'_>, figures: &mut Figures, absence: &Absence, began: Instant) {
    let killed = scene.kill_master();
    scene.master.ended();
    scene.watch.pass_after(killed, absence.time);
    let started = scene.start_master(&absence.within());
    let back = (0..4).map(|n| scene.master.logs_since(started, &format!("worker w{n} came back")).0).max();
    figures.within("all workers are back after its start", back.unwrap() - started, 3_300 * MS);
    let resumed = scene.master.logs_since(started, " goes on at ");
    let at: f64 = resumed.1.split_whitespace().next().unwrap().parse().unwrap();
    // From where it was dealt to its start is half a second.
    let off = (resumed.0 - began).as_secs_f64() - 0.5 - at;
    figures.at_most("its time line is off by ms", (off.abs() * 1e3) as u64, 200 * u64::from(figures.slack()));
    scene.watch.pass(2 * S);
}

/// Seconds of a run that are not one after the other in its history.
fn missing(summary: &serde_json::Value, history: &std::path::Path) -> u64 {
    let seconds = summary["timeline"].as_array().unwrap().iter().map(|second| &second["timestamp"]);
    let text = std::fs::read_to_string(history).unwrap();
    let told: Vec<_> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    seconds.enumerate().filter(|(n, second)| told.get(*n) != Some(&&*second.to_string())).count() as u64
}

/// A master is killed, and at its address there is one that knows nothing of the run.
pub(crate) fn another(size: &Size, figures: &mut Figures) {
    let mut scene = Scene::start(size, &[]);
    scene.steady();
    let mark = scene.watch.mark();
    let killed = scene.kill_master();
    scene.master.ended();
    scene.start_master(&[]);
    let none = scene.watch.until("the end of the old robots", mark, |s| s.sessions == 0);
    figures.within("the old robots are gone", scene.watch.after(killed, none), 2_500 * MS);
    let (mark, robots) = (scene.watch.mark(), scene.robots);
    scene.watch.until("the robots of the new run", mark, |s| s.sessions == robots);
    scene.watch.pass(2 * S);
    figures.at_most("live sessions of the new run, the most", scene.watch.range(mark).1, robots);
    figures.count("robots that logged in anew", scene.watch.last().logins - robots, robots);
    let outcome = scene.stop();
    let asked = outcome.read() - none.messages;
    figures.note("requests since then", asked);
    figures.count("merged, but not of this run", outcome.merged().saturating_sub(asked), 0);
    figures.count("of this run, but not merged", asked.saturating_sub(outcome.merged()), 0);
    figures.code("exit code of the master", outcome.code, 0);
}
