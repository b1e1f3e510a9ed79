//! How long a robot waits between two tasks.

use std::time::Duration;

use fastrand::Rng;

/// How long a robot waits between two tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wait {
    /// After each task a random time between the two, both possible.
    Between(Duration, Duration),
    /// After each task always the same time.
    Constant(Duration),
    /// A schedule: tasks begin at this distance from each other, however long they take. One that is late begins at once, and
    /// its response time tells by how much.
    Pacing(Duration),
    /// A schedule: so many tasks per second.
    Rate(f64),
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

    /// The distance between the beginnings of two tasks, if they have a schedule.
    pub(crate) fn period(self) -> Option<Duration> {
        match self {
            Self::Pacing(period) => Some(period.max(SHORTEST)),
            // What is no rate at all is as slow as can be.
            Self::Rate(rate) => {
                Some(Duration::try_from_secs_f64(1.0 / rate).unwrap_or(LONGEST).max(SHORTEST))
            }
            Self::Between(..) | Self::Constant(_) => None,
        }
    }

    /// The next wait after a task without a schedule, from the robot's own random numbers.
    pub(crate) fn draw(self, rng: &mut Rng) -> Duration {
        match self {
            Self::Between(least, most) => least + most.saturating_sub(least).mul_f64(rng.f64()),
            Self::Constant(wait) => wait,
            Self::Pacing(_) | Self::Rate(_) => Duration::ZERO,
        }
    }
}

/// A schedule can't be quicker: a task takes longer than that by itself.
const SHORTEST: Duration = Duration::from_micros(1);

const LONGEST: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_pacing() {
        let ms = Duration::from_millis;
        assert_eq!(Wait::Rate(50.0).period(), Wait::Pacing(ms(20)).period());
        assert_eq!(Wait::Constant(ms(5)).period(), None);
        for nonsense in [0.0, -1.0, f64::NAN] {
            assert_eq!(Wait::Rate(nonsense).period(), Some(LONGEST), "{nonsense}");
        }
        assert_eq!(Wait::Rate(f64::INFINITY).period(), Some(SHORTEST));
    }

    #[test]
    fn a_random_wait_stays_between_its_ends() {
        let mut rng = Rng::with_seed(1);
        let wait = Wait::between_seconds(1, 5);
        let drawn: Vec<_> = (0..1000).map(|_| wait.draw(&mut rng).as_secs_f64()).collect();
        assert!(drawn.iter().all(|wait| (1.0..=5.0).contains(wait)));
        assert!((drawn.iter().sum::<f64>() / 1000.0 - 3.0).abs() < 0.15);
    }
}
