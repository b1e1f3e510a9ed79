//! A file for results: opened before the run, so that a wrong path is found then; emptied only when the run is certain.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// An opened file.
pub(super) struct Target {
    path: String,
    file: File,
    /// Whether it is there only because it was opened, and nothing was written yet.
    unused: bool,
}

/// A fault found elsewhere must not leave empty files behind.
impl Drop for Target {
    fn drop(&mut self) {
        if self.unused {
            _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A file that can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("{path} can't be written ({}); name a file in a folder that exists and is yours", reason(.source))]
pub struct Unwritable {
    path: String,
    source: io::Error,
}

/// The system's words without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

impl Target {
    pub(super) fn open(path: &str) -> Result<Self, Unwritable> {
        let unused = !Path::new(path).exists();
        let unwritable = |source| Unwritable { path: path.into(), source };
        let file =
            OpenOptions::new().create(true).write(true).truncate(false).open(path).map_err(unwritable)?;
        Ok(Self { path: path.into(), file, unused })
    }

    /// Empties it. What is no plain file, such as a pipe, has nothing to empty.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.unused = false;
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
        }
        Ok(())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.flush()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}
