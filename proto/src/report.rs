//! What a worker measured in one interval: deltas that add up. The master applies each exactly once, by its number.

use std::time::Duration;

use uuid::Uuid;

use crate::histogram::Sparse;
use crate::series::{FailureClass, RobotState, Series};

/// The most series that one report may carry.
pub const MOST_SERIES: usize = 10_000;

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
        self.get(RobotState::Starting).saturating_add(self.get(RobotState::Playing))
    }
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
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Payload bytes received.
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
    /// Every robot of the run is gone and nothing follows.
    pub last: bool,
}
