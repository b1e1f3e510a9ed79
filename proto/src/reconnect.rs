//! What a robot does when its session broke: whether and when it tries again.

use std::time::Duration;

use crate::bounds::OutOfBounds;

/// The longest that a pause before another attempt may be.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Whether a robot whose session broke tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconnect {
    /// It does not: it ends.
    Off,
    /// After pauses that double, from `first` up to `most`.
    Backoff {
        /// The first pause.
        first: Duration,
        /// The longest.
        most: Duration,
    },
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::Backoff { first: Duration::from_millis(500), most: Duration::from_secs(30) }
    }
}

impl Reconnect {
    pub(crate) fn check(&self) -> Result<(), OutOfBounds> {
        let Self::Backoff { first, most } = self else { return Ok(()) };
        if first.is_zero() || first > most || *most > LONGEST_PAUSE {
            let wrong = format!(
                "pauses from {first:?} to {most:?} can't be; give them ascending, above 0 and up to 1 h"
            );
            return Err(OutOfBounds::new("reconnect", wrong));
        }
        Ok(())
    }
}
