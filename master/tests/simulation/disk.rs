//! A disk that outlives the process that writes to it.

use std::io;
use std::sync::{Arc, Mutex};

use master::journal::{Journal, Record, Records, Store};

/// What is written down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Vec<u8>>>);

impl Disk {
    /// What an unfinished run had to remember, and where to go on.
    pub(crate) fn open(&self) -> (Vec<Record>, Journal) {
        let bytes = self.0.lock().unwrap().clone();
        let records = Records::new(&bytes[..]).expect("our own journal");
        let records: Vec<_> =
            records.into_iter().flatten().map(|record| record.expect("whole records")).collect();
        let journal = Journal::new(Box::new(self.clone()), bytes.len() as u64).expect("memory takes all");
        (records, journal)
    }

    /// Forgets everything.
    pub(crate) fn wipe(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Store for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }
}
