//! A worker that went away in mid-run, and what that cost.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::totals::{from_us, us};

/// A lost worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Its name.
    pub worker: String,
    /// When, from the start of the run.
    #[serde(rename = "at_us", serialize_with = "us", deserialize_with = "from_us")]
    pub at: Duration,
    /// How many robots it had.
    pub robots: u64,
    /// How it went.
    pub why: String,
    /// How much of its samples can be missing: from where its reports end. Zero if it came back and delivered them.
    #[serde(rename = "missing_us", serialize_with = "us", deserialize_with = "from_us")]
    pub missing: Duration,
}

/// The most characters of why a worker was lost: what a peer says ends up there.
const LONGEST_WHY: usize = 300;

impl Loss {
    pub(crate) fn new(worker: &str, at: Duration, robots: u64, why: &str, missing: Duration) -> Self {
        Self { worker: worker.into(), at, robots, why: crate::text::fit(why, LONGEST_WHY), missing }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, worker) = (crate::text::seconds(self.at), &self.worker);
        write!(f, "worker {worker} with {} robots was lost at {at}: {}", self.robots, self.why)?;
        if self.missing.is_zero() {
            write!(f, " (all its samples are merged)")
        } else {
            write!(f, " (at most {} of its samples are missing)", crate::text::seconds(self.missing))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_says_when_it_goes_is_cut() {
        let long = "\u{1b}".repeat(1 << 20);
        let loss = Loss::new("ann", Duration::ZERO, 1, &long, Duration::ZERO);
        assert_eq!((loss.why.chars().count(), loss.why.ends_with('…')), (LONGEST_WHY, true));
    }
}
