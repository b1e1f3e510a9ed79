//! The master's clock, as this worker knows it: from the echoes of its beats.

use std::collections::VecDeque;
use std::time::Duration;

use proto::message::Echo;
use tokio::time::Instant;

/// Echoes that are remembered: half a minute of beats. The quickest of them is the most exact.
const REMEMBERED: usize = 64;

/// One echo: how long it took, and the difference of the clocks if both ways took the same.
#[derive(Debug, Clone, Copy)]
struct Sample {
    round_trip: Duration,
    /// The master's clock minus ours, in microseconds.
    offset_us: i64,
}

/// The master's clock beside the local one.
#[derive(Debug)]
pub(crate) struct MasterClock {
    /// Where the local clock, as beats carry it, is zero.
    epoch: Instant,
    samples: VecDeque<Sample>,
}

impl MasterClock {
    /// A clock that knows nothing of its master yet.
    pub(crate) fn new(epoch: Instant) -> Self {
        Self { epoch, samples: VecDeque::new() }
    }

    /// A new stream: who answers there may have a clock of its own.
    pub(crate) fn forget(&mut self) {
        self.samples.clear();
    }

    /// The moment of what a beat carried.
    pub(crate) fn at(&self, stamp: Duration) -> Option<Instant> {
        self.epoch.checked_add(stamp)
    }

    /// What a beat carries.
    pub(crate) fn stamp(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }

    /// Takes an echo in. One that was never sent is ignored.
    pub(crate) fn note(&mut self, echo: Echo, now: Instant) {
        let Some(round_trip) = self.stamp(now).checked_sub(echo.sent) else { return };
        let middle = echo.sent + round_trip / 2;
        if self.samples.len() == REMEMBERED {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample { round_trip, offset_us: us(echo.master) - us(middle) });
    }

    /// Whether the master's clock is known.
    pub(crate) fn is_known(&self) -> bool {
        !self.samples.is_empty()
    }

    /// The local moment at which the master's clock shows `master`.
    pub(crate) fn local(&self, master: Duration) -> Instant {
        let offset =
            self.samples.iter().min_by_key(|sample| sample.round_trip).map_or(0, |best| best.offset_us);
        let since_epoch = us(master) - offset;
        let distance = Duration::from_micros(since_epoch.unsigned_abs());
        // A run that this process joins late began before it did.
        let before = || self.epoch.checked_sub(distance).unwrap_or(self.epoch);
        if since_epoch < 0 { before() } else { self.epoch + distance }
    }
}

fn us(d: Duration) -> i64 {
    i64::try_from(d.as_micros()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_was_before_this_process_began_lies_back_as_far_as_it_does() {
        let epoch = Instant::now();
        let mut clock = MasterClock::new(epoch);
        clock.note(Echo { sent: Duration::ZERO, master: 60_001 * MS }, epoch + 2 * MS);
        assert_eq!(epoch - clock.local(1000 * MS), 59_000 * MS);
    }

    #[test]
    fn the_quickest_echo_tells_the_time() {
        let epoch = Instant::now();
        let mut clock = MasterClock::new(epoch);
        assert!(!clock.is_known());
        // The master is 1 s ahead; a slow echo whose way back took 80 ms, then a quick and even one.
        clock.note(Echo { sent: Duration::ZERO, master: 1010 * MS }, epoch + 90 * MS);
        clock.note(Echo { sent: 100 * MS, master: 1101 * MS }, epoch + 102 * MS);
        assert_eq!(clock.local(1500 * MS), epoch + 500 * MS);
    }

    #[test]
    fn an_echo_of_a_beat_that_was_never_sent_is_ignored() {
        let mut clock = MasterClock::new(Instant::now());
        clock.note(Echo { sent: Duration::MAX, master: MS }, Instant::now());
        assert!(!clock.is_known());
    }
}
