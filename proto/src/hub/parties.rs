//! Groups that were formed: who is in them, who has left, and what stands on their boards.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lines::Wait;
use super::{LARGEST_BOARD, MOST_ON_BOARD, Peer};
use crate::talk::{Denial, Tell};

/// All groups that have members.
#[derive(Debug, Default)]
pub(super) struct Parties {
    parties: BTreeMap<u64, Party>,
    last: u64,
    /// The bytes on boards that each worker's robots wrote.
    written: BTreeMap<Peer, usize>,
}

#[derive(Debug)]
struct Party {
    /// As it was formed.
    members: Arc<[u64]>,
    /// Whether each of them has left.
    left: BTreeMap<u64, bool>,
    /// How many members each worker has.
    peers: BTreeMap<Peer, usize>,
    board: BTreeMap<Arc<str>, Entry>,
    bytes: usize,
}

/// What stands on a board, and whose robot wrote it.
#[derive(Debug)]
struct Entry {
    value: Arc<str>,
    writer: Peer,
}

/// What an entry takes beside its texts.
const ENTRY: usize = 96;

fn bytes_of(key: &str, value: &str) -> usize {
    ENTRY + key.len() + value.len()
}

impl Parties {
    pub(super) fn len(&self) -> usize {
        self.parties.len()
    }

    /// A group of these, in this order: its number, and what each worker is to be told.
    pub(super) fn form(&mut self, waits: &[Wait]) -> (u64, Vec<(Peer, Tell)>) {
        self.last += 1;
        let group = self.last;
        let members: Arc<[u64]> = waits.iter().map(|wait| wait.robot).collect();
        let mut yours: BTreeMap<Peer, Vec<(u64, u64)>> = BTreeMap::new();
        for wait in waits {
            yours.entry(wait.peer).or_default().push((wait.robot, wait.ticket));
        }
        let party = Party {
            members: members.clone(),
            left: members.iter().map(|robot| (*robot, false)).collect(),
            peers: yours.iter().map(|(peer, robots)| (*peer, robots.len())).collect(),
            board: BTreeMap::new(),
            bytes: 0,
        };
        self.parties.insert(group, party);
        let told = yours
            .into_iter()
            .map(|(peer, yours)| (peer, Tell::Formed { group, members: members.clone(), yours }));
        (group, told.collect())
    }

    /// Whether a robot is in a group, and has not left.
    pub(super) fn has(&self, group: u64, robot: u64) -> bool {
        self.parties.get(&group).is_some_and(|party| party.left.get(&robot) == Some(&false))
    }

    /// The workers of a group's members.
    pub(super) fn peers(&self, group: u64) -> Vec<Peer> {
        self.parties.get(&group).map(|party| party.peers.keys().copied().collect()).unwrap_or_default()
    }

    /// How a group was formed.
    pub(super) fn formed(&self, group: u64, yours: Vec<(u64, u64)>) -> Option<Tell> {
        let members = self.parties.get(&group)?.members.clone();
        Some(Tell::Formed { group, members, yours })
    }

    /// All that came after that: what stands on its board, and who left.
    pub(super) fn all_of(&self, group: u64) -> impl Iterator<Item = Tell> {
        let party = self.parties.get(&group);
        let board = party.into_iter().flat_map(|party| &party.board);
        let board =
            board.map(move |(key, entry)| Tell::Set { group, key: key.clone(), value: entry.value.clone() });
        let left = party.into_iter().flat_map(|party| &party.left).filter(|(_, left)| **left);
        board.chain(left.map(move |(robot, _)| Tell::Left { group, robot: *robot }))
    }

    /// Takes a member out. Returns the workers of those who stay.
    pub(super) fn leave(&mut self, group: u64, robot: u64, peer: Peer) -> Vec<Peer> {
        let Some(party) = self.parties.get_mut(&group) else { return Vec::new() };
        party.left.insert(robot, true);
        if let Some(members) = party.peers.get_mut(&peer) {
            *members = members.saturating_sub(1);
        }
        party.peers.retain(|_, members| *members > 0);
        let others: Vec<_> = party.peers.keys().copied().collect();
        if others.is_empty()
            && let Some(party) = self.parties.remove(&group)
        {
            party.board.iter().for_each(|(key, entry)| self.erased(key, entry));
        }
        others
    }

    /// The bytes on boards that a worker's robots wrote.
    pub(super) fn written_by(&self, peer: Peer) -> usize {
        self.written.get(&peer).copied().unwrap_or(0)
    }

    /// How many bytes more a worker's robots have on boards once one writes that.
    pub(super) fn growth(&self, peer: Peer, group: u64, key: &str, value: &str) -> usize {
        let old = self.parties.get(&group).and_then(|party| party.board.get(key));
        let mine = old.filter(|old| old.writer == peer).map_or(0, |old| bytes_of(key, &old.value));
        bytes_of(key, value).saturating_sub(mine)
    }

    fn erased(&mut self, key: &str, entry: &Entry) {
        if let Some(written) = self.written.get_mut(&entry.writer) {
            *written = written.saturating_sub(bytes_of(key, &entry.value));
        }
    }

    /// Writes on a board.
    pub(super) fn set(
        &mut self,
        writer: Peer,
        group: u64,
        key: &Arc<str>,
        value: &Arc<str>,
    ) -> Result<(), Denial> {
        let party = self.parties.get_mut(&group).ok_or(Denial::NoMember)?;
        let before = party.board.get(key).map(|old| key.len() + old.value.len());
        let bytes = party.bytes - before.unwrap_or(0) + key.len() + value.len();
        if bytes > LARGEST_BOARD || (before.is_none() && party.board.len() >= MOST_ON_BOARD) {
            return Err(Denial::BoardFull);
        }
        party.bytes = bytes;
        let old = party.board.insert(key.clone(), Entry { value: value.clone(), writer });
        old.into_iter().for_each(|old| self.erased(key, &old));
        *self.written.entry(writer).or_default() += bytes_of(key, value);
        Ok(())
    }
}
