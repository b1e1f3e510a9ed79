//! How long a robot waits between two tasks.

use std::time::Duration;

use fastrand::Rng;

/// How long a robot waits between two tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Each time a random time between the two, both possible.
    Between(Duration, Duration),
    /// Always the same time.
    Constant(Duration),
}

impl Wait {
    /// A random time between two numbers of seconds.
    pub fn between_seconds(least: u64, most: u64) -> Self {
        Self::Between(Duration::from_secs(least), Duration::from_secs(most))
    }

    /// No wait at all: the next task begins at once.
    pub fn none() -> Self {
        Self::Constant(Duration::ZERO)
    }

    /// The next wait, from the robot's own random numbers.
    pub(crate) fn draw(self, rng: &mut Rng) -> Duration {
        match self {
            Self::Constant(wait) => wait,
            Self::Between(least, most) => least + most.saturating_sub(least).mul_f64(rng.f64()),
        }
    }
}
