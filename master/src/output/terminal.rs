//! The live table and the final summary as text, wherever it is written to.

use std::io::{self, Write};

use super::{Live, Output};
use crate::summary::Summary;
use crate::table;

/// How many seconds lie between two live tables, as in Locust.
const EVERY: u64 = 2;

/// A stream of text, normally the standard output.
pub struct Terminal<W> {
    out: W,
}

impl<W: Write> Terminal<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Output for Terminal<W> {
    fn name(&self) -> String {
        "the terminal".into()
    }

    fn second(&mut self, live: &Live<'_>) -> io::Result<()> {
        if !live.second.second.is_multiple_of(EVERY) {
            return Ok(());
        }
        writeln!(self.out, "{}", table::live(live.second, live.run))?;
        self.out.flush()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        writeln!(self.out, "{}", table::summary(summary))?;
        self.out.flush()
    }
}
