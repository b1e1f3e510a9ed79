//! Where results go. An output is told each second of the run as it is over, and the summary at the end, whatever the
//! end was. A new format is a new file here.

mod aside;
mod csv;
mod json;
mod target;
mod terminal;

use std::io;
use std::time::Duration;

pub use aside::Aside;
pub use csv::Csv;
pub use json::Json;
pub use terminal::Terminal;

use crate::clock::Clock;
use crate::run::Run;
use crate::summary::Summary;
use crate::totals::Second;

/// A place for results.
pub trait Output {
    /// What it is called where it fails.
    fn name(&self) -> String;

    /// The master is at work: what an earlier run left goes.
    ///
    /// # Errors
    /// When it can't be written.
    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// A second of the run was over before this master was started again and went on with it. What it has of it by now was
    /// emptied.
    ///
    /// # Errors
    /// When it can't be written.
    fn recall(&mut self, _live: &Live<'_>) -> io::Result<()> {
        Ok(())
    }

    /// A second of the run is over.
    ///
    /// # Errors
    /// When it can't be written.
    fn second(&mut self, live: &Live<'_>) -> io::Result<()>;

    /// There is a verdict.
    ///
    /// # Errors
    /// When it can't be written.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}

/// A run in mid-course.
pub struct Live<'a> {
    /// The second that is over.
    pub second: &'a Second,
    /// All of the run.
    pub run: &'a Run,
    /// For labels.
    pub clock: &'a Clock,
}

impl Live<'_> {
    /// The end of the second by the wall clock, in seconds since 1970.
    pub fn timestamp(&self) -> u64 {
        let start = self.run.start().unwrap_or_default();
        crate::summary::timestamp(self.clock.wall(start + Duration::from_secs(self.second.second)))
    }
}
