//! Robots that wait for others: into the lines, out of them, and together into groups.

use std::sync::Arc;
use std::time::Duration;

use super::lines::Wait;
use super::{Hub, Item, MOST_GROUPS_OF_ROBOT, MOST_LINES_OF_ROBOT, MOST_WAITING, PLACE, Peer};
use crate::talk::{Denial, Gather};

impl Hub {
    pub(super) fn gather(&mut self, now: Duration, peer: Peer, gather: &Gather) -> Result<(), Denial> {
        self.claim(peer, gather.robot);
        let presence = self.robots.get(&gather.robot);
        if let Some(place) = presence.and_then(|presence| presence.waits.get(&gather.ticket)).copied() {
            self.confirm(peer, &Item::Wait(place));
        } else if let Some(group) = presence.and_then(|presence| presence.group_of(gather.ticket)) {
            self.retell(peer, group, gather.robot, gather.ticket);
        } else {
            self.may_wait(peer, gather)?;
            self.wait(now, peer, gather);
        }
        self.form(&gather.key);
        Ok(())
    }

    /// A robot lives on one worker: whoever speaks for it now is its worker, and what it had on another is over.
    pub(super) fn claim(&mut self, peer: Peer, robot: u64) {
        if self.robots.get(&robot).is_some_and(|presence| presence.peer != peer) {
            self.gone(robot);
        }
    }

    pub(super) fn may_wait(&self, peer: Peer, gather: &Gather) -> Result<(), Denial> {
        if self.lines.size(&gather.key).is_some_and(|size| size != gather.size) {
            return Err(Denial::Size);
        }
        let waiting = self.seats.get(&peer).map_or(0, |seat| seat.waiting);
        let Some(presence) = self.robots.get(&gather.robot) else {
            // A robot's first place is always its own.
            return if waiting < MOST_WAITING { Ok(()) } else { Err(Denial::TooMany) };
        };
        if presence.waits.values().any(|place| self.lines.key(*place) == Some(&gather.key)) {
            return Err(Denial::Twice);
        }
        let fits = presence.waits.len() < MOST_LINES_OF_ROBOT
            && presence.groups.len() < MOST_GROUPS_OF_ROBOT
            && waiting < MOST_WAITING
            && self.may_have(peer, PLACE);
        if fits { Ok(()) } else { Err(Denial::TooMany) }
    }

    pub(super) fn wait(&mut self, now: Duration, peer: Peer, gather: &Gather) {
        let Gather { robot, ticket, key, size, timeout } = gather;
        let due = now.saturating_add(*timeout);
        let place =
            self.lines.add(*size, Wait { peer, robot: *robot, ticket: *ticket, key: key.clone(), due });
        self.presence(peer, *robot).waits.insert(*ticket, place);
        if let Some(seat) = self.seats.get_mut(&peer) {
            seat.waiting += 1;
        }
    }

    /// Takes a robot out of a line.
    pub(super) fn unwait(&mut self, place: u64) -> Option<Wait> {
        let wait = self.lines.remove(place)?;
        if let Some(presence) = self.robots.get_mut(&wait.robot) {
            presence.waits.remove(&wait.ticket);
        }
        if let Some(seat) = self.seats.get_mut(&wait.peer) {
            seat.waiting = seat.waiting.saturating_sub(1);
            seat.stale.remove(&Item::Wait(place));
        }
        self.forget_idle(wait.robot);
        Some(wait)
    }

    /// Makes a group of those who came first, if they are enough.
    pub(super) fn form(&mut self, key: &Arc<str>) {
        let seats = &self.seats;
        let doubtful = |place: u64, peer: Peer| {
            seats.get(&peer).is_none_or(|seat| seat.stale.contains(&Item::Wait(place)))
        };
        let Some(places) = self.lines.first(key, doubtful) else { return };
        let members: Vec<_> = places.into_iter().filter_map(|place| self.unwait(place)).collect();
        let (group, told) = self.parties.form(&members);
        for member in members {
            self.presence(member.peer, member.robot).groups.insert(group, member.ticket);
            if let Some(seat) = self.seats.get_mut(&member.peer) {
                seat.members += 1;
            }
        }
        told.into_iter().for_each(|(peer, tell)| self.tell(peer, tell));
    }

    pub(super) fn cancel(&mut self, peer: Peer, robot: u64, ticket: u64) {
        let Some(presence) = self.robots.get(&robot).filter(|presence| presence.peer == peer) else { return };
        if let Some(place) = presence.waits.get(&ticket).copied() {
            self.unwait(place);
        } else if let Some(group) = presence.group_of(ticket) {
            // It was counted in when it had given up already: the others have to know.
            self.quit(robot, group);
        }
    }
}
