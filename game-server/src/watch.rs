//! How the counts go while a server runs: a line of JSON each 20 ms. Between two lines nothing is missed: each has the fewest
//! and the most players since the line before.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;

/// How often there is a line.
const EVERY: Duration = Duration::from_millis(20);

/// There are no lines after this time: some 350 MB are enough.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// Milliseconds since the server began.
    ms: u64,
    /// Players who are in.
    sessions: u64,
    /// The fewest since the line before.
    lowest: u64,
    /// The most since then.
    highest: u64,
    /// Logins answered, of all players together: the protocol does not say who logs in.
    logins: u64,
    /// Messages read.
    messages: u64,
}

/// Writes lines until the server is done, the file can't be written any more, or is long enough.
pub(crate) async fn watch(counters: Arc<Counters>, mut file: File, done: CancellationToken) {
    let start = Instant::now();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while start.elapsed() < LONGEST {
        // The last line tells how it ended.
        let is_last = done.run_until_cancelled(ticks.tick()).await.is_none();
        if let Err(error) = write(&mut file, &Line::of(&counters, start.elapsed())) {
            return tracing::error!("--watch can't be written any more: {error}");
        }
        if is_last {
            return;
        }
    }
}

/// In one call each, so that who reads along sees whole lines.
fn write(file: &mut File, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    file.write_all(text.as_bytes())
}

impl Line {
    fn of(counters: &Counters, at: Duration) -> Self {
        let (sessions, lowest, highest) = counters.look();
        let (logins, messages) = (counters.logins(), counters.messages());
        Self { ms: at.as_millis() as u64, sessions, lowest, highest, logins, messages }
    }
}
