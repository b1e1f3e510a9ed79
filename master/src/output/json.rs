//! The summary as one JSON document.

use std::io;

use super::target::{Target, Unwritable};
use super::{Live, Output};
use crate::summary::Summary;

/// A JSON file.
pub struct Json {
    file: Target,
}

impl Json {
    /// Opens the file.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn open(path: &str) -> Result<Self, Unwritable> {
        Ok(Self { file: Target::open(path)? })
    }
}

impl Output for Json {
    fn name(&self) -> String {
        self.file.to_string()
    }

    fn begin(&mut self) -> io::Result<()> {
        self.file.restart()
    }

    fn second(&mut self, _: &Live<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let mut document = serde_json::to_vec_pretty(summary)?;
        document.push(b'\n');
        self.file.restart()?;
        self.file.append(&document)
    }
}
