//! The master's clock: the time line of every run. It comes in from outside, so that a test or a simulation owns it.

use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use uuid::Uuid;

use crate::journal::Record;

/// Durations since the master began, or since the one before it did whose run it goes on with. Wall time is fixed once,
/// so that a stepped wall clock moves no label.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    /// What it showed when it began.
    first: Duration,
    wall: SystemTime,
}

/// What the clock showed at a moment, beside what other clocks of the machine did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    at: Duration,
    /// Names the machine's start; the time since then goes on over the ends of processes, whatever happens to the wall clock.
    boot: Uuid,
    since_boot: Duration,
    wall: SystemTime,
}

impl Clock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self::at(Duration::ZERO)
    }

    /// A clock that shows `at` now.
    pub fn at(at: Duration) -> Self {
        Self {
            began: Instant::now(),
            first: at,
            wall: SystemTime::now().checked_sub(at).unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }

    /// The clock that a journal tells of, as it stands now.
    pub(crate) fn after(records: &[Record]) -> Self {
        let mark = records.iter().rev().find_map(|record| match record {
            Record::Mark(mark) => Some(mark),
            _ => None,
        });
        mark.map_or_else(Self::start, |mark| Self {
            wall: mark.wall.checked_sub(mark.at).unwrap_or(mark.wall),
            ..Self::at(mark.now())
        })
    }

    /// What it is on the master's clock. Whole microseconds, as on the wire.
    pub fn now(&self) -> Duration {
        self.first
            + Duration::from_micros(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The wall time of a moment, for people only.
    pub fn wall(&self, at: Duration) -> SystemTime {
        self.wall + at
    }

    /// What it shows now, for a master that is to go on with it.
    pub(crate) fn mark(&self) -> Record {
        let at = self.now();
        Record::Mark(Mark { at, boot: boot(), since_boot: since_boot(), wall: self.wall(at) })
    }
}

impl Mark {
    /// What the marked clock shows now.
    fn now(&self) -> Duration {
        let passed = match boot() {
            boot if boot == self.boot && !boot.is_nil() => since_boot().saturating_sub(self.since_boot),
            // Another machine, or started anew: only the wall clock tells.
            _ => SystemTime::now().duration_since(self.wall).unwrap_or_default(),
        };
        self.at + Duration::from_micros(u64::try_from(passed.as_micros()).unwrap_or(u64::MAX))
    }
}

/// The name of the machine's start; nil if it does not tell.
fn boot() -> Uuid {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}

/// The time since the machine's start, suspended or not.
fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);

    /// A mark of five seconds ago, at 100 s, by a wall clock that showed this.
    fn mark(boot: Uuid, wall: SystemTime) -> Mark {
        Mark { at: 100 * S, boot, since_boot: since_boot() - 5 * S, wall }
    }

    fn is_about(shown: Duration, wanted: Duration) -> bool {
        shown >= wanted && shown < wanted + S
    }

    #[test]
    fn a_wall_clock_that_was_stepped_moves_nothing() {
        let now = SystemTime::now();
        for wall in [now - 5 * S, now - HOUR, now + HOUR] {
            let mark = mark(boot(), wall);
            assert!(is_about(mark.now(), 105 * S), "{:?}", mark.now());
            let clock = Clock::after(&[Record::Mark(mark)]);
            assert!(is_about(clock.now(), 105 * S), "{:?}", clock.now());
            // Labels go on from where they were, not from what the wall clock says now.
            assert_eq!(clock.wall(100 * S), wall);
        }
    }

    #[test]
    fn on_another_machine_the_wall_clock_tells_and_never_back() {
        let now = SystemTime::now();
        let other = Uuid::from_u128(boot().as_u128() ^ 1);
        assert!(is_about(mark(other, now - 7 * S).now(), 107 * S));
        assert_eq!(mark(other, now + HOUR).now(), 100 * S);
    }
}
