//! Sees everything from outside: which robot lives where, which process made how many samples. It believes neither master
//! nor worker.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::message::LEASE;
use proto::profile::Profile;

/// A process of a worker: its place and how often it was started.
pub(crate) type Process = (usize, u32);

/// What was seen. Clones see the same.
#[derive(Clone)]
pub(crate) struct Oracle(Arc<Mutex<Seen>>);

struct Seen {
    /// What is planned, and what was before, with the moment at which it was changed.
    profile: Profile,
    former: Vec<(Duration, Profile)>,
    /// When the first robot was born.
    start: Option<Duration>,
    alive: BTreeMap<u64, Process>,
    made: BTreeMap<Process, u64>,
    met: u64,
    violations: Vec<String>,
    trace: Vec<String>,
}

/// How far the clock of a worker may be off, by the latency of the network.
const SKEW: Duration = Duration::from_millis(150);

impl Oracle {
    pub(crate) fn new(profile: Profile) -> Self {
        Self(Arc::new(Mutex::new(Seen {
            profile,
            former: Vec::new(),
            start: None,
            alive: BTreeMap::new(),
            made: BTreeMap::new(),
            met: 0,
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
            seen.start.get_or_insert(at);
            // A worker that is cut off goes by what was planned before, for as long as its lease.
            let former = seen.former.iter().filter(|(until, _)| at <= *until + LEASE + SKEW);
            let profiles = former.map(|(_, profile)| profile).chain([&seen.profile]);
            let wanted = profiles.map(|profile| *seen.wanted(profile, at).end()).max().unwrap_or_default();
            if robot >= wanted {
                seen.violate(at, format!("robot {robot} lives, but the plan wants only {wanted}"));
            }
        });
    }

    /// From now on this is planned.
    pub(crate) fn planned(&self, at: Duration, profile: &Profile) {
        self.with(|seen| {
            if seen.profile != *profile {
                let former = std::mem::replace(&mut seen.profile, profile.clone());
                seen.former.push((at, former));
            }
        });
    }

    /// How many robots the plan wants, somewhere near this moment.
    pub(crate) fn wanted(&self, at: Duration) -> RangeInclusive<u64> {
        self.with(|seen| seen.wanted(&seen.profile, at))
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

    /// A robot is in a group with others.
    pub(crate) fn met(&self, at: Duration, robot: u64, size: usize, members: &[u64]) {
        self.with(|seen| {
            seen.met += 1;
            let different: BTreeSet<_> = members.iter().collect();
            if members.len() != size || different.len() != size || !different.contains(&robot) {
                seen.violate(
                    at,
                    format!("robot {robot} is in a group of {members:?}, and {size} were to meet"),
                );
            }
        });
    }

    /// How often a robot met others.
    pub(crate) fn meetings(&self) -> u64 {
        self.with(|seen| seen.met)
    }

    pub(crate) fn note(&self, at: Duration, what: impl Into<String>) {
        self.with(|seen| seen.note(at, what.into()));
    }

    pub(crate) fn violate(&self, at: Duration, what: impl Into<String>) {
        self.with(|seen| seen.violate(at, what.into()));
    }

    pub(crate) fn alive(&self) -> BTreeSet<u64> {
        self.with(|seen| seen.alive.keys().copied().collect())
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
    /// Robots come a little early or late, at the ramp as at the end.
    fn wanted(&self, profile: &Profile, at: Duration) -> RangeInclusive<u64> {
        let start = self.start.unwrap_or(at);
        let [early, late] =
            [at.saturating_sub(SKEW), at + SKEW].map(|at| profile.alive(at.saturating_sub(start)));
        early.min(late)..=early.max(late)
    }

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
