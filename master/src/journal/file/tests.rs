//! Journals that are whole, torn, damaged and foreign.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::fleet::WorkerId;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Store for Memory {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
}

fn written(records: &[Record]) -> Vec<u8> {
    let memory = Memory::default();
    let mut journal = Journal::new(Box::new(memory.clone()), 0).unwrap();
    records.chunks(2).for_each(|some| journal.append(some).unwrap());
    memory.0.lock().unwrap().clone()
}

fn records(n: u32) -> Vec<Record> {
    let member = |id| Record::Member {
        id: WorkerId(id),
        name: format!("w{id}"),
        incarnation: Uuid::from_u128(id.into()),
    };
    (0..n).map(member).collect()
}

fn read(bytes: &[u8]) -> Result<(Vec<Record>, u64), String> {
    let Some(mut records) = Records::new(bytes).map_err(|e| e.to_string())? else { return Ok((vec![], 0)) };
    let all: Result<Vec<_>, _> = records.by_ref().collect();
    Ok((all.map_err(|e| e.to_string())?, records.whole()))
}

#[test]
fn what_was_written_is_read() {
    let bytes = written(&records(5));
    assert_eq!(read(&bytes), Ok((records(5), bytes.len() as u64)));
    assert_eq!(read(&[]), Ok((vec![], 0)));
}

#[test]
fn whatever_end_is_torn_off_the_records_before_it_are_whole() {
    let bytes = written(&records(3));
    let ends: Vec<_> = (0..=3).map(|n| written(&records(n)).len()).collect();
    for length in HEADING.len()..bytes.len() {
        let whole = ends.iter().filter(|end| **end <= length).count() - 1;
        let zeroed: Vec<_> = bytes[..length].iter().copied().chain([0; 100]).collect();
        assert_eq!(read(&bytes[..length]), Ok((records(whole as u32), ends[whole] as u64)), "{length}");
        if length == ends[whole] {
            assert_eq!(read(&zeroed), Ok((records(whole as u32), length as u64)), "{length} and zeros");
        }
    }
}

#[test]
fn a_journal_that_would_become_too_large_takes_no_more_and_can_be_forgotten() {
    let memory = Memory::default();
    let mut journal = Journal::new(Box::new(memory.clone()), MOST_BYTES - 10).unwrap();
    assert_eq!(journal.append(&records(1)).unwrap_err().to_string(), "it has reached its 4 GiB");
    journal.abandon().unwrap();
    assert!(memory.0.lock().unwrap().is_empty());
}

#[test]
fn what_is_no_journal_is_named() {
    for foreign in [&b"[package]\nname = \"x\"\n"[..], b"horde journal 2\n", &[0; 64]] {
        assert_eq!(read(foreign), Err("it is no journal of this release".into()));
    }
    let mut bytes = written(&records(3));
    let middle = HEADING.len() + FRAME + 4;
    bytes[middle] ^= 1;
    assert_eq!(read(&bytes), Err("it is damaged at byte 16".into()));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _read = read(&[HEADING, &bytes[..]].concat());
    }
}
