//! Waiting lines, one for each key: who came when, and until when they wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Peer;

/// A robot in a line.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    pub(super) peer: Peer,
    pub(super) robot: u64,
    pub(super) ticket: u64,
    pub(super) key: Arc<str>,
    pub(super) due: Duration,
}

/// All lines. A place is given once, in the order of coming.
#[derive(Debug, Default)]
pub(super) struct Lines {
    waits: BTreeMap<u64, Wait>,
    lines: BTreeMap<Arc<str>, Line>,
    due: BTreeSet<(Duration, u64)>,
    next: u64,
}

#[derive(Debug)]
struct Line {
    size: u32,
    places: BTreeSet<u64>,
}

impl Lines {
    pub(super) fn len(&self) -> usize {
        self.waits.len()
    }

    /// Puts a robot at the end of its line. Returns its place.
    pub(super) fn add(&mut self, size: u32, wait: Wait) -> u64 {
        let place = self.next;
        self.next += 1;
        let new = || Line { size, places: BTreeSet::new() };
        self.lines.entry(wait.key.clone()).or_insert_with(new).places.insert(place);
        self.due.insert((wait.due, place));
        self.waits.insert(place, wait);
        place
    }

    pub(super) fn remove(&mut self, place: u64) -> Option<Wait> {
        let wait = self.waits.remove(&place)?;
        self.due.remove(&(wait.due, place));
        if let Some(line) = self.lines.get_mut(&wait.key) {
            line.places.remove(&place);
            if line.places.is_empty() {
                self.lines.remove(&wait.key);
            }
        }
        Some(wait)
    }

    /// The size that those in a line wait for; none if nobody does.
    pub(super) fn size(&self, key: &str) -> Option<u32> {
        self.lines.get(key).map(|line| line.size)
    }

    pub(super) fn key(&self, place: u64) -> Option<&Arc<str>> {
        self.waits.get(&place).map(|wait| &wait.key)
    }

    /// The places of those who came first, if they are enough without the doubtful ones.
    pub(super) fn first(&self, key: &str, doubtful: impl Fn(u64, Peer) -> bool) -> Option<Vec<u64>> {
        let line = self.lines.get(key)?;
        let size = line.size as usize;
        if line.places.len() < size {
            return None;
        }
        let sure = |place: &u64| self.waits.get(place).is_some_and(|wait| !doubtful(*place, wait.peer));
        let places: Vec<_> = line.places.iter().copied().filter(sure).take(size).collect();
        (places.len() == size).then_some(places)
    }

    /// One whose time is over.
    pub(super) fn due(&self, now: Duration) -> Option<u64> {
        self.due.first().filter(|(due, _)| *due <= now).map(|(_, place)| *place)
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }
}
