//! A disk that outlives the process that writes to it.

use std::io;
use std::sync::{Arc, Mutex};

use master::fleet::WorkerId;
use master::journal::{Journal, Record, Records, Store};

/// What is written down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Vec<u8>>>);

impl Disk {
    /// What an unfinished run had to remember, and where to go on.
    pub(crate) fn open(&self) -> (Vec<Record>, Journal) {
        let length = self.0.lock().unwrap().len() as u64;
        let journal = Journal::new(Box::new(self.clone()), length).expect("memory takes all");
        (self.records(), journal)
    }

    fn records(&self) -> Vec<Record> {
        let bytes = self.0.lock().unwrap().clone();
        let records = Records::new(&bytes[..]).expect("our own journal");
        records.into_iter().flatten().map(|record| record.expect("whole records")).collect()
    }

    /// The numbers of all orders that workers were given, in the order in which they were, each with the worker.
    pub(crate) fn epochs(&self) -> Vec<(u64, WorkerId)> {
        let epoch =
            |record| if let Record::Order { epoch, id, .. } = record { Some((epoch, id)) } else { None };
        self.records().into_iter().filter_map(epoch).collect()
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
