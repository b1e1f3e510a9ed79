//! What a worker measured in one interval: deltas that add up. The master applies each exactly once, by its number.

use std::time::Duration;

use uuid::Uuid;

use crate::histogram::Sparse;
use crate::series::{FailureClass, RobotState, Series};

/// The most series that one report may carry.
pub const MOST_SERIES: usize = 10_000;

/// The most lines that a kept failure has.
pub const MOST_LINES: usize = 32;

/// The most bytes of an example that is kept of a failure.
pub const LONGEST_EXAMPLE: usize = 1024;

/// How many robots of one class are in each state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    /// The class's name.
    pub class: String,
    by_state: [u64; RobotState::ALL.len()],
}

impl Census {
    /// Nobody of a class.
    pub fn of(class: impl Into<String>) -> Self {
        Self { class: class.into(), by_state: Default::default() }
    }

    /// How many are in a state.
    pub fn get(&self, state: RobotState) -> u64 {
        self.by_state[state as usize]
    }

    /// Adds `n` robots in a state.
    pub fn add(&mut self, state: RobotState, n: u64) {
        let count = &mut self.by_state[state as usize];
        *count = count.saturating_add(n);
    }

    /// Takes one robot out of a state.
    pub fn remove(&mut self, state: RobotState) {
        let count = &mut self.by_state[state as usize];
        *count = count.saturating_sub(1);
    }

    /// Robots that the plan counts as alive: those that were born and are not leaving.
    pub fn alive(&self) -> u64 {
        alive(&self.by_state)
    }
}

/// Robots that the plan counts as alive, of a number for each state in the order of [`RobotState::ALL`].
pub fn alive(by_state: &[u64; RobotState::ALL.len()]) -> u64 {
    let [alive @ .., _leaving] = by_state;
    alive.iter().fold(0, |sum, n| sum.saturating_add(*n))
}

/// What was added to a series in an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesDelta {
    /// Which series.
    pub series: Series,
    /// Service times of what succeeded: written -> reply.
    pub ok: Sparse,
    /// Service times of what failed; one that timed out counts with its timeout.
    pub failed: Sparse,
    /// Response times, from when the robot's schedule meant to send: of samples of tasks that have a schedule, whether they
    /// succeeded or failed.
    pub response: Sparse,
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
}

/// What went both ways of one message of the schema in an interval.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageDelta {
    /// The message's name.
    pub name: String,
    /// Messages sent.
    pub sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// Messages received.
    pub received: u64,
    /// Their payload bytes.
    pub bytes_received: u64,
}

/// Failures of one sort in a series in an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureDelta {
    /// Which series.
    pub series: Series,
    /// Why.
    pub class: FailureClass,
    /// How many.
    pub count: u64,
    /// The first one, on the master's clock.
    pub first: Duration,
    /// The last one, on the master's clock.
    pub last: Duration,
    /// What one of them said.
    pub example: String,
}

/// What a robot did and met before it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFailure {
    /// The robot's number.
    pub robot: u64,
    /// When it failed, on the master's clock.
    pub at: Duration,
    /// Why.
    pub reason: String,
    /// The last messages and events before, oldest first, at most [`MOST_LINES`], each with its time before the failure.
    pub lines: Vec<String>,
}

/// All that a worker measured in one interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The run it belongs to.
    pub run: Uuid,
    /// 1 for the worker process's first report of the run, and one more for each after it.
    pub sequence: u64,
    /// Where the interval begins, on the master's clock.
    pub from: Duration,
    /// Where it ends, on the master's clock.
    pub to: Duration,
    /// The robots at its end.
    pub robots: Vec<Census>,
    /// What was added to each series.
    pub series: Vec<SeriesDelta>,
    /// What failed.
    pub failures: Vec<FailureDelta>,
    /// Messages that came or went. A worker's first report of a run has every message of the schema, so that those that
    /// nobody ever sends are known too.
    pub messages: Vec<MessageDelta>,
    /// Failing robots with what they did before, as many as the plan keeps.
    pub kept: Vec<KeptFailure>,
    /// Every robot of the run is gone and nothing follows.
    pub last: bool,
    /// The next report has more of the same interval, which is too much for one message.
    pub more: bool,
}
