//! How a run stands, as people and programs read it while it goes on: small, and new each second.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::series::RobotState;
use serde::{Deserialize, Serialize};

use crate::run::{Phase, Run};
use crate::summary::{ChangeLine, Summary};
use crate::threshold::Judgement;
use crate::totals::Users;
use crate::totals::{from_us, us};
use crate::worker::Worker;

/// How many of the last changes are told.
const MOST_CHANGES: usize = 50;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nobody has started it.
    Idle,
    /// It waits for workers.
    Waiting,
    /// Robots are alive by the plan.
    Running,
    /// Last reports are awaited.
    Stopping,
    /// There is a verdict.
    Over,
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Where it stands.
    pub phase: Standing,
    /// Its name.
    pub run: String,
    /// How long it has been going on.
    #[serde(rename = "elapsed_us", serialize_with = "us", deserialize_with = "from_us")]
    pub elapsed: Duration,
    /// How long it lasts by the plan.
    #[serde(rename = "end_us", serialize_with = "us", deserialize_with = "from_us")]
    pub end: Duration,
    /// The number of the plan that holds now.
    pub revision: u64,
    /// Whether no task begins.
    pub paused: bool,
    /// Robots that shall be alive now; none in an open model.
    pub wanted: Option<u64>,
    /// Robots that are alive.
    pub alive: u64,
    /// Robots by state.
    pub robots: BTreeMap<String, u64>,
    /// Requests in the last second.
    pub requests_per_second: u64,
    /// Those of them that failed.
    pub failures_per_second: u64,
    /// How its thresholds stand.
    #[serde(default)]
    pub thresholds: Vec<Judgement>,
    /// How many workers it begins with.
    pub expected_workers: usize,
    /// Those that are there, or were.
    pub workers: Vec<WorkerStatus>,
    /// The last changes that people made.
    pub changes: Vec<ChangeLine>,
    /// How many changes there were.
    pub changes_in_all: usize,
    /// The run before.
    pub last: Option<Past>,
}

/// How a worker stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: WorkerState,
    /// Its robots that are alive.
    pub robots: u64,
    /// How late one of its robot threads woke in the last half second.
    #[serde(rename = "lag_us", serialize_with = "us", deserialize_with = "from_us")]
    pub lag: Duration,
    /// How busy the busiest of them was, in thousandths.
    pub busy_permille: u32,
}

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerState {
    /// It loads the bundle.
    Loading,
    /// It has no robots to run.
    Ready,
    /// It runs robots.
    Running,
    /// It hands its robots over.
    Leaving,
    /// Its stream is gone, but it may come back.
    Away,
    /// It was lost, or it left.
    Gone,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its name.
    pub run: String,
    /// Whether it is good.
    pub passed: bool,
    /// What that is as an exit code.
    pub exit_code: u8,
    /// Why it did not pass.
    pub reasons: Vec<String>,
}

impl Status {
    /// How a run stands at `now`, on the master's clock.
    pub fn of(run: &Run, now: Duration, last: Option<&Summary>) -> Self {
        let (plan, elapsed) = (run.plan(), run.elapsed(now));
        let second = run.totals().timeline.seconds().last();
        let users = second.map(|second| second.users).unwrap_or_default();
        let requests = second.map(|second| second.requests).unwrap_or_default();
        let changes = run.changes();
        Self {
            phase: Standing::of(run),
            run: run.id().to_string(),
            elapsed: if run.ran().is_zero() { elapsed } else { run.ran() },
            end: plan.profile.end(),
            revision: run.revision(),
            paused: plan.paused,
            wanted: (!plan.profile.is_open()).then(|| run.start().map_or(0, |_| plan.profile.alive(elapsed))),
            alive: proto::report::alive(&users),
            robots: robots(users),
            requests_per_second: requests.latency.count,
            failures_per_second: requests.failed,
            thresholds: run.judgements(),
            expected_workers: run.muster().workers,
            workers: run.fleet().workers().map(|(_, worker)| WorkerStatus::of(worker)).collect(),
            changes: changes[changes.len().saturating_sub(MOST_CHANGES)..]
                .iter()
                .map(ChangeLine::from)
                .collect(),
            changes_in_all: changes.len(),
            last: last.map(Past::from),
        }
    }
}

impl Standing {
    fn of(run: &Run) -> Self {
        match run.phase() {
            Phase::Waiting { .. } if run.is_held() => Self::Idle,
            Phase::Waiting { .. } => Self::Waiting,
            Phase::Running => Self::Running,
            Phase::Draining { .. } => Self::Stopping,
            Phase::Over => Self::Over,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Over => "over",
        }
    }
}

impl WorkerStatus {
    fn of(worker: &Worker) -> Self {
        let has_robots = worker.order.as_ref().is_some_and(|order| !order.slots.is_empty());
        let state = match worker {
            Worker { session: None, away: Some(_), .. } => WorkerState::Away,
            Worker { session: None, .. } => WorkerState::Gone,
            Worker { leaving: true, .. } => WorkerState::Leaving,
            Worker { ready: false, .. } => WorkerState::Loading,
            _ if has_robots && !worker.delivered => WorkerState::Running,
            _ => WorkerState::Ready,
        };
        let beat = worker.latest;
        let is_here = worker.session.is_some();
        let robots = if is_here { beat.robots } else { 0 };
        Self { name: worker.name().into(), state, robots, lag: beat.lag, busy_permille: beat.busy_permille }
    }
}

impl From<&Summary> for Past {
    fn from(summary: &Summary) -> Self {
        let verdict = &summary.verdict;
        let (passed, exit_code, reasons) = (verdict.passed, verdict.exit_code, verdict.reasons.clone());
        Self { run: summary.run.clone(), passed, exit_code, reasons }
    }
}

fn robots(users: Users) -> BTreeMap<String, u64> {
    let key = |state: RobotState| state.as_str().replace(' ', "_");
    RobotState::ALL.into_iter().zip(users).map(|(state, n)| (key(state), n)).collect()
}
