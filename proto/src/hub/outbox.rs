//! What waits to be told to one worker: in order, bounded, and no faster than the worker takes it.

use std::collections::VecDeque;

use crate::talk::{LARGEST_BATCH, MOST_IN_BATCH, Tell};

/// Messages that may be on their way to a worker.
const WINDOW: u64 = 16;

/// What others may put here is left out while so many bytes wait.
const ROOM: usize = 1 << 20;

/// A worker for which more than this waits takes nothing at all: so much comes only of what it asks itself. In bytes that nobody
/// else holds; and more for each of its robots that waits or is in a group.
const MOST: usize = 2 << 20;
const OF_ROBOT: usize = 1 << 10;

/// What waits for one worker.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Tell>,
    weight: usize,
    own: usize,
    sent: u64,
    seen: u64,
}

impl Outbox {
    /// Whether there is room for what another worker's robot says.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.weight + bytes <= ROOM
    }

    /// Puts something at the end; false if it is more than can wait for a worker with so many robots.
    #[must_use]
    pub(super) fn push(&mut self, tell: Tell, robots: usize) -> bool {
        let fits = self.own + tell.own() <= MOST + OF_ROBOT * robots;
        if fits {
            self.weight += tell.weight();
            self.own += tell.own();
            self.waiting.push_back(tell);
        }
        fits
    }

    /// The worker took messages up to and with this number.
    pub(super) fn seen(&mut self, number: u64) {
        self.seen = self.seen.max(number.min(self.sent));
    }

    /// The next message, if one waits and the worker is not behind: its number and what is in it.
    pub(super) fn take(&mut self) -> Option<(u64, Vec<Tell>)> {
        if self.waiting.is_empty() || self.sent - self.seen >= WINDOW {
            return None;
        }
        let (mut list, mut weight) = (Vec::new(), 0);
        while list.len() < MOST_IN_BATCH && weight < LARGEST_BATCH {
            let Some(tell) = self.waiting.pop_front() else { break };
            weight += tell.weight();
            self.own -= tell.own();
            list.push(tell);
        }
        self.weight -= weight;
        self.sent += 1;
        Some((self.sent, list))
    }
}
