//! Keeps a hostile peer from filling the log: one line a kind per second, with a count of those left out.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::fault::FaultKind;

const SPACING: Duration = Duration::from_secs(1);

/// When each kind of fault was last logged. The lock is held for a comparison only, and never across an await.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<[Line; FaultKind::ALL.len()]>);

impl Throttle {
    /// As [`Line::pass`], for the line of this kind.
    pub(crate) fn pass(&self, kind: FaultKind, now: Instant) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[kind as usize].pass(now)
    }
}

/// A log line that may come often.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Line {
    last: Option<Instant>,
    left_out: u64,
}

impl Line {
    /// Whether to log it now: how many were left out since the last, or none for silence.
    pub(crate) fn pass(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.duration_since(last) < SPACING) {
            self.left_out += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_kind_per_second_with_a_count() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(throttle.pass(FaultKind::Malformed, at(0)), Some(0));
        assert_eq!(throttle.pass(FaultKind::Malformed, at(10)), None);
        assert_eq!(throttle.pass(FaultKind::Malformed, at(999)), None);
        assert_eq!(throttle.pass(FaultKind::TextFrame, at(999)), Some(0));
        assert_eq!(throttle.pass(FaultKind::Malformed, at(1000)), Some(2));
        assert_eq!(throttle.pass(FaultKind::Malformed, at(3000)), Some(0));
    }
}
