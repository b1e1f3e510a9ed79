//! Why something can't be a profile, in a sentence with what to give instead.

use std::time::Duration;

use super::{LONGEST_RUN, MOST_ROBOTS, MOST_STAGES};
use crate::arrivals::MOST_PER_SECOND;

/// Why stages, a ramp or a change can't be a profile.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// There is nothing to run.
    #[error("the profile has no stage that lasts; give at least one duration above 0")]
    Empty,
    /// Too long.
    #[error("the profile lasts {}; the longest run is 24 h", seconds(*.0))]
    TooLong(Duration),
    /// Too many robots.
    #[error("{0} robots are more than a plan can hold ({MOST_ROBOTS})")]
    TooMany(u64),
    /// A rate that no ramp can have.
    #[error("a spawn rate of {0} robots per second is not possible; give a number above 0")]
    Rate(f64),
    /// A rate at which it would take too long.
    #[error(
        "{robots} robots at {rate} per second take longer than 24 h; give a rate of at least {}", least(*robots)
    )]
    TooSlow {
        /// How many are born or retired.
        robots: u64,
        /// How many per second.
        rate: f64,
    },
    /// A rate that no arrivals can have.
    #[error(
        "an arrival rate of {0} per second is not possible; give a number above 0 and up to {MOST_PER_SECOND}"
    )]
    ArrivalRate(f64),
    /// Too many arrivals in all.
    #[error(
        "{0} arrivals are more than a plan can hold ({MOST_ROBOTS}); give a shorter run time or a lower rate"
    )]
    TooManyArrivals(u64),
    /// Too many stages, as after many changes.
    #[error(
        "{0} stages are more than a profile can hold ({MOST_STAGES}); give fewer stages, or change it less often"
    )]
    TooManyStages(usize),
    /// A change after the end.
    #[error("no change is possible {} into a run that is over after {}", seconds(*at), seconds(*end))]
    Over {
        /// When it should change.
        at: Duration,
        /// When the run is over.
        end: Duration,
    },
    /// A number of robots for an open profile.
    #[error("robots arrive at a rate in this run; change that rate, not the number of robots")]
    Open,
    /// An arrival rate for a closed profile.
    #[error("no robots arrive at a rate in this run; change the number of robots")]
    Closed,
}

/// The lowest rate, in millionths, at which so many come in time.
fn least(robots: u64) -> f64 {
    (robots as f64 / LONGEST_RUN.as_secs_f64() * 1e6).ceil() / 1e6
}

fn seconds(d: Duration) -> String {
    format!("{} s", d.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::way;

    proptest! {
        #[test]
        fn the_rate_that_is_told_is_enough(robots in 1..=MOST_ROBOTS) {
            prop_assert!(way(robots, least(robots)).is_ok());
        }
    }
}
