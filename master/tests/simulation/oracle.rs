//! Sees everything from outside: which robot lives where, which process made how many samples. It believes neither master
//! nor worker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::profile::Profile;

/// A process of a worker: its place and how often it was started.
pub(crate) type Process = (usize, u32);

/// What was seen. Clones see the same.
#[derive(Clone)]
pub(crate) struct Oracle(Arc<Mutex<Seen>>);

struct Seen {
    profile: Profile,
    /// When the first robot was born.
    start: Option<Duration>,
    alive: BTreeMap<u64, Process>,
    made: BTreeMap<Process, u64>,
    violations: Vec<String>,
    trace: Vec<String>,
}

/// How far the clock of a worker may be off, by the latency of the network.
const SKEW: Duration = Duration::from_millis(150);

impl Oracle {
    pub(crate) fn new(profile: Profile) -> Self {
        Self(Arc::new(Mutex::new(Seen {
            profile,
            start: None,
            alive: BTreeMap::new(),
            made: BTreeMap::new(),
            violations: Vec::new(),
            trace: Vec::new(),
        })))
    }

    fn with<T>(&self, see: impl FnOnce(&mut Seen) -> T) -> T {
        see(&mut self.0.lock().unwrap())
    }

    pub(crate) fn born(&self, at: Duration, process: Process, robot: u64) {
        self.with(|seen| {
            seen.note(at, format!("robot {robot} lives on {}", name(process)));
            if let Some(other) = seen.alive.insert(robot, process) {
                seen.violate(at, format!("robot {robot} lives on {} and on {}", name(other), name(process)));
            }
            let start = *seen.start.get_or_insert(at);
            // Robots come a little early or late, at the ramp as at the end.
            let near = [at + SKEW, at.saturating_sub(SKEW)];
            let wanted = near.map(|near| seen.profile.alive(near.saturating_sub(start)));
            let wanted = wanted.into_iter().max().unwrap_or_default();
            if robot >= wanted {
                seen.violate(at, format!("robot {robot} lives, but the plan wants only {wanted}"));
            }
        });
    }

    pub(crate) fn died(&self, at: Duration, process: Process, robot: u64) {
        self.with(|seen| {
            seen.note(at, format!("robot {robot} ends on {}", name(process)));
            if seen.alive.get(&robot) == Some(&process) {
                seen.alive.remove(&robot);
            }
        });
    }

    pub(crate) fn sample(&self, process: Process) {
        self.with(|seen| *seen.made.entry(process).or_default() += 1);
    }

    pub(crate) fn note(&self, at: Duration, what: impl Into<String>) {
        self.with(|seen| seen.note(at, what.into()));
    }

    pub(crate) fn violate(&self, at: Duration, what: impl Into<String>) {
        self.with(|seen| seen.violate(at, what.into()));
    }

    pub(crate) fn alive(&self) -> u64 {
        self.with(|seen| seen.alive.len() as u64)
    }

    /// Compares what was merged of each process, and whether it was declared lost, with what it made.
    pub(crate) fn audit(&self, at: Duration, merged: &BTreeMap<String, u64>, declared: &BTreeSet<String>) {
        self.with(|seen| {
            for (process, made) in seen.made.clone() {
                let merged = merged.get(&name(process)).copied().unwrap_or(0);
                let declared = declared.contains(&place(process.0));
                if merged > made {
                    seen.violate(
                        at,
                        format!("{} made {made} samples, but {merged} were merged", name(process)),
                    );
                }
                if merged < made && !declared {
                    seen.violate(
                        at,
                        format!(
                            "{} made {made} samples, only {merged} were merged, and no loss was declared",
                            name(process)
                        ),
                    );
                }
            }
        });
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        self.with(|seen| seen.trace.clone())
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.with(|seen| seen.violations.clone())
    }
}

impl Seen {
    fn note(&mut self, at: Duration, what: String) {
        self.trace.push(format!("{:>9.3} {what}", at.as_secs_f64()));
    }

    fn violate(&mut self, at: Duration, what: String) {
        self.note(at, format!("VIOLATION {what}"));
        self.violations.push(format!("at {:.3} s: {what}", at.as_secs_f64()));
    }
}

/// How a worker is called.
pub(crate) fn place(worker: usize) -> String {
    format!("w{worker}")
}

/// How a process is called where its samples are counted.
pub(crate) fn name((worker, start): Process) -> String {
    format!("w{worker}.{start}")
}
