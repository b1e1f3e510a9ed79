//! Until when robots may run, as the control thread says and every robot thread sees. Whoever finds it over ends it for good,
//! so that all agree: once one robot was dropped because of it, none lives on under it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Nothing ends it.
const NEVER: u64 = u64::MAX;

/// It has ended, for good.
const OVER: u64 = 0;

/// A moment that may still be moved until it has come. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Deadline(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    epoch: Instant,
    /// Microseconds since the epoch. Nothing else is published with it, so no order of memory is asked for.
    until: AtomicU64,
}

impl Deadline {
    /// One that never comes until it is set.
    pub(crate) fn never() -> Self {
        // The epoch lies back, so that no moment that counts is at zero or before it.
        let now = Instant::now();
        let epoch = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        Self(Arc::new(Inner { epoch, until: AtomicU64::new(NEVER) }))
    }

    /// Moves it. False if it is over: then it stays so.
    pub(crate) fn set(&self, until: Instant) -> bool {
        let until = self.us(until).max(OVER + 1);
        let moved = |old| (old != OVER).then_some(until);
        self.0.until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved).is_ok()
    }

    /// Ends it now.
    pub(crate) fn end(&self) {
        self.0.until.store(OVER, Ordering::Relaxed);
    }

    /// Whether it is over. Asked each time a robot is polled, so it costs a look at the clock and no more.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        let until = self.0.until.load(Ordering::Relaxed);
        until != NEVER && until <= self.us(Instant::now()) && self.end_at(until)
    }

    /// The moment; none if it never comes.
    pub(crate) fn at(&self) -> Option<Instant> {
        let until = self.0.until.load(Ordering::Relaxed);
        (until != NEVER).then(|| self.0.epoch + Duration::from_micros(until))
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Ends what was to end at `until`; false if it was moved meanwhile.
    #[cold]
    fn end_at(&self, until: u64) -> bool {
        self.0.until.compare_exchange(until, OVER, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            || self.is_over()
    }

    fn us(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.0.epoch).as_micros() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn it_can_be_moved_until_it_has_come_and_then_no_more() {
        let deadline = Deadline::never();
        assert_eq!((deadline.is_over(), deadline.at()), (false, None));
        let start = Instant::now();
        assert!(deadline.set(start + 20 * MS) && deadline.set(start + 10 * MS));
        assert_eq!(deadline.at(), Some(start + 10 * MS));
        tokio::time::advance(9 * MS).await;
        assert!(!deadline.is_over());
        tokio::time::advance(MS).await;
        // Nobody has looked: whoever moves it is the first to know.
        assert!(deadline.set(start + 30 * MS) && !deadline.is_over());
        tokio::time::advance(20 * MS).await;
        let clone = deadline.clone();
        assert!(clone.is_over() && clone.is(&deadline));
        assert!(!deadline.set(start + 90 * MS) && deadline.is_over());
    }

    #[test]
    fn one_that_was_ended_is_over() {
        let deadline = Deadline::never();
        deadline.end();
        assert!(deadline.is_over());
    }
}
