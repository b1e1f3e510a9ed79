//! Growing, jittered pauses between attempts, so that those who failed together don't come back together.

use std::time::Duration;

use fastrand::Rng;

/// Pauses that double up to a longest, each drawn between half and the whole of that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// From 1 s to 30 s: for robots, of which many may fail together.
    pub(crate) fn slow() -> Self {
        Self { next: Duration::from_secs(1), longest: Duration::from_secs(30) }
    }

    /// From 100 ms to 2 s: for a worker that looks for its master.
    pub(crate) fn quick() -> Self {
        Self { next: Duration::from_millis(100), longest: Duration::from_secs(2) }
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
        let (mut backoff, mut rng) = (Backoff::slow(), Rng::with_seed(1));
        for whole in [1, 2, 4, 8, 16, 30, 30].map(Duration::from_secs) {
            let pause = backoff.next(&mut rng);
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
        }
    }
}
