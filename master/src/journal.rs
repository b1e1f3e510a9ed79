//! What a run has to remember, so that a master that is started again goes on with it: records go out of the run, into
//! a file, and back.

mod file;
mod folder;
mod record;

use std::io;

pub use file::{Journal, MOST_BYTES, Records, Unreadable};
pub use folder::{JournalError, Opened, open};
pub use record::{Dealing, Record};

/// Where records go, one batch after the other. What was appended is there after the process is killed.
pub trait Store: Send {
    /// Appends bytes.
    ///
    /// # Errors
    /// When they can't be written, such as on a full disk.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Forgets all that was appended.
    ///
    /// # Errors
    /// When it can't.
    fn clear(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
