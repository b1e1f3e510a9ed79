//! Growing, jittered pauses between attempts, so that those who failed together don't come back together.

use std::time::Duration;

use fastrand::Rng;
use proto::reconnect::Reconnect;

/// Pauses that double up to a longest, each drawn between half and the whole of that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// As the plan has it, for robots, of which many may fail together.
    pub(crate) fn of(reconnect: Reconnect) -> Self {
        match reconnect {
            Reconnect::Backoff { first, most } => Self { next: first, longest: most },
            // A robot that is born again is no attempt of the one before, but should not come in a rush either.
            Reconnect::Off => Self::of(Reconnect::default()),
        }
    }

    /// From 100 ms to 2 s: for a worker that looks for its master.
    pub(crate) fn quick() -> Self {
        Self { next: Duration::from_millis(100), longest: Duration::from_secs(2) }
    }

    /// From now on no pause is longer than this.
    pub(crate) fn limit(&mut self, longest: Duration) {
        self.longest = longest;
        self.next = self.next.min(longest);
    }

    /// The next pause.
    pub(crate) fn next(&mut self, rng: &mut Rng) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(self.longest);
        whole.mul_f64(0.5 + rng.f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (mut backoff, mut rng) = (Backoff::of(Reconnect::default()), Rng::with_seed(1));
        for whole in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map(Duration::from_millis) {
            let pause = backoff.next(&mut rng);
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
        }
    }
}
