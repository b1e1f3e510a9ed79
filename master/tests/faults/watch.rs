//! The game-server's own counts, as it writes them each 20 ms.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::process::Lines;

/// A line of the server.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Sample {
    /// Milliseconds since the server began.
    pub(crate) ms: u64,
    pub(crate) sessions: u64,
    /// The fewest and the most sessions since the line before.
    pub(crate) lowest: u64,
    pub(crate) highest: u64,
    pub(crate) logins: u64,
    pub(crate) messages: u64,
}

/// A place in the samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

/// All samples so far.
pub(crate) struct Watch {
    lines: Arc<Lines>,
    began: Instant,
    samples: RefCell<Vec<Sample>>,
    /// What a line's way takes at least: from this the server's time is told.
    behind: Cell<i128>,
}

impl Watch {
    pub(crate) fn new(lines: Arc<Lines>) -> Self {
        Self { lines, began: Instant::now(), samples: RefCell::default(), behind: Cell::new(i128::MAX) }
    }

    fn take(&self) {
        let mut samples = self.samples.borrow_mut();
        for line in self.lines.from(samples.len()) {
            // The last line of all are the totals.
            let Ok(sample) = serde_json::from_str::<Sample>(&line.text) else { return };
            let arrived = line.at.saturating_duration_since(self.began).as_millis() as i128;
            self.behind.set(self.behind.get().min(arrived - i128::from(sample.ms)));
            samples.push(sample);
        }
    }

    /// The server's time at a moment.
    fn ms(&self, at: Instant) -> i128 {
        at.saturating_duration_since(self.began).as_millis() as i128 - self.behind.get()
    }

    /// How long after a moment a sample was taken.
    pub(crate) fn after(&self, moment: Instant, sample: Sample) -> Duration {
        let ms = i128::from(sample.ms) - self.ms(moment);
        Duration::from_millis(u64::try_from(ms).unwrap_or_default())
    }

    /// What is measured from here on.
    pub(crate) fn mark(&self) -> Mark {
        self.take();
        Mark(self.samples.borrow().len())
    }

    /// Waits for the first sample since a mark that is so.
    pub(crate) fn until(&self, what: &str, mark: Mark, is: impl Fn(&Sample) -> bool) -> Sample {
        let next = Cell::new(mark.0);
        self.lines.wait(what, |lines, _| {
            let found = lines[next.get().min(lines.len())..]
                .iter()
                .filter_map(|line| serde_json::from_str(&line.text).ok())
                .find(|sample| is(sample));
            next.set(lines.len().max(mark.0));
            found
        })
    }

    /// Waits until the server has written of so much more time.
    pub(crate) fn pass(&self, time: Duration) -> Sample {
        let mark = self.mark();
        let ms = self.last().ms + time.as_millis() as u64;
        self.until(&format!("{time:?} more of the server's counts"), mark, |sample| sample.ms >= ms)
    }

    /// Waits until it has written of the time so long after a moment.
    pub(crate) fn pass_after(&self, moment: Instant, time: Duration) -> Sample {
        let mark = self.mark();
        let ms = self.ms(moment) + time.as_millis() as i128;
        self.until(&format!("the server's counts {time:?} later"), mark, |sample| i128::from(sample.ms) >= ms)
    }

    pub(crate) fn last(&self) -> Sample {
        self.take();
        *self.samples.borrow().last().unwrap()
    }

    /// The fewest and the most sessions since a mark.
    pub(crate) fn range(&self, mark: Mark) -> (u64, u64) {
        self.take();
        let samples = self.samples.borrow();
        let since = || samples[mark.0.min(samples.len())..].iter();
        let (lowest, highest) = (since().map(|s| s.lowest).min(), since().map(|s| s.highest).max());
        (lowest.unwrap(), highest.unwrap())
    }
}
