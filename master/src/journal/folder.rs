//! The journal in a folder: one file for the run under way. It is locked, so that no two masters write into it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::file::{Records, Unreadable};
use super::{Journal, Record, Store};
use crate::clock::Clock;

/// The file of the run under way.
const FILE: &str = "run.journal";

/// Why a folder can't hold the journal, or what it holds can't be gone on with.
#[derive(Debug, thiserror::Error)]
#[error("the journal {path}: {wrong}")]
pub struct JournalError {
    path: String,
    wrong: String,
}

/// What a folder has, and where records go from now on.
pub struct Opened {
    /// What an unfinished run had to remember; empty if there is none.
    pub records: Vec<Record>,
    /// Bytes at the end that a crash had left half written; they are cut off.
    pub torn: u64,
    /// The time line goes on where the unfinished run's stands.
    pub clock: Clock,
    /// Takes further records.
    pub journal: Journal,
}

/// Opens the journal of a folder, which is made if it is not there.
///
/// # Errors
/// When it can't be read or written, another master has it, or the file is no journal or damaged.
pub fn open(folder: &Path) -> Result<Opened, JournalError> {
    let path = folder.join(FILE);
    let fail = |wrong: String| JournalError { path: path.display().to_string(), wrong };
    let system = |e: io::Error| fail(format!("{e}; give a folder that can be written"));
    std::fs::create_dir_all(folder).map_err(system)?;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(system)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(fail("another master is using it; give each its own folder".into()));
        }
        Err(TryLockError::Error(e)) => return Err(system(e)),
    }
    let read = read(&file).map_err(|e| fail(format!("{e}; move it away, or give another folder")))?;
    let length = file.metadata().map_err(system)?.len();
    // What is torn goes, and a run that is over is no use to this one.
    let (whole, torn) = if read.records.is_empty() { (0, 0) } else { (read.whole, length - read.whole) };
    file.set_len(whole).map_err(system)?;
    let clock = Clock::after(&read.records);
    let mut store = Box::new(FileStore { file, path: path.clone() });
    store.file.seek(SeekFrom::End(0)).map_err(system)?;
    let mut journal = Journal::new(store, whole).map_err(system)?;
    journal.append([&clock.mark()]).map_err(system)?;
    Ok(Opened { records: read.records, torn, clock, journal })
}

struct Read {
    records: Vec<Record>,
    whole: u64,
}

/// The records of an unfinished run.
fn read(file: &File) -> Result<Read, Unreadable> {
    let mut read = Read { records: Vec::new(), whole: 0 };
    let Some(mut records) = Records::new(BufReader::new(file))? else { return Ok(read) };
    for record in records.by_ref() {
        read.records.push(record?);
    }
    read.whole = records.whole();
    let is_a_run = |record: &Record| matches!(record, Record::Began { .. } | Record::Started { .. });
    if !read.records.iter().any(is_a_run) || read.records.last() == Some(&Record::Over) {
        read.records.clear();
    }
    Ok(read)
}

struct FileStore {
    file: File,
    path: PathBuf,
}

impl Store for FileStore {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", self.path.display())))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0)).map(drop)
    }
}
