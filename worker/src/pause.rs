//! Whether the robots of a thread begin tasks, as the plan has it, and for how long in all they did not.

use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

/// The pauses of a run, as one thread sees them.
pub(crate) struct Pause {
    /// When the one began that lasts.
    since: Cell<Option<Instant>>,
    /// How long all before it were.
    before: Cell<Duration>,
}

impl Pause {
    pub(crate) fn new(paused: bool) -> Self {
        Self { since: Cell::new(paused.then(Instant::now)), before: Cell::default() }
    }

    /// Makes it so from now on. Whether a pause is over by that.
    pub(crate) fn set(&self, paused: bool, now: Instant) -> bool {
        match self.since.get() {
            None if paused => self.since.set(Some(now)),
            Some(since) if !paused => {
                self.before.set(self.before.get() + now.saturating_duration_since(since));
                self.since.set(None);
                return true;
            }
            _ => {}
        }
        false
    }

    pub(crate) fn lasts(&self) -> bool {
        self.since.get().is_some()
    }

    /// How long all pauses were by now, together.
    pub(crate) fn so_far(&self) -> Duration {
        self.before.get() + self.since.get().map(|since| since.elapsed()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_add_up_and_the_one_that_lasts_counts() {
        let pause = Pause::new(false);
        let wait = |seconds| tokio::time::advance(Duration::from_secs(seconds));
        for (paused, ends, so_far) in
            [(true, false, 0), (true, false, 1), (false, true, 2), (false, false, 2)]
        {
            assert_eq!(pause.set(paused, Instant::now()), ends);
            assert_eq!((pause.lasts(), pause.so_far()), (paused, Duration::from_secs(so_far)));
            wait(1).await;
        }
        pause.set(true, Instant::now());
        wait(3).await;
        assert_eq!(pause.so_far(), Duration::from_secs(5));
        let from_the_start = Pause::new(true);
        wait(1).await;
        assert_eq!(from_the_start.so_far(), Duration::from_secs(1));
    }
}
