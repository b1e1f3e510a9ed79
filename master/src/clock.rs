//! The master's clock: the time line of every run. It comes in from outside, so that a test or a simulation owns it.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Durations since the master began. Wall time is fixed once, so that a stepped wall clock moves no label.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    wall: SystemTime,
}

impl Clock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self { began: Instant::now(), wall: SystemTime::now() }
    }

    /// What it is on the master's clock. Whole microseconds, as on the wire.
    pub fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The wall time of a moment, for people only.
    pub fn wall(&self, at: Duration) -> SystemTime {
        self.wall + at
    }
}
