//! Robots in their groups: what they write there, and how they leave.

use std::sync::Arc;

use super::{Hub, Item, Peer};
use crate::talk::{Denial, Tell};

impl Hub {
    pub(super) fn hold(&mut self, peer: Peer, robot: u64, group: u64) {
        if !self.is_of(peer, robot) || !self.parties.has(group, robot) {
            return self.tell(peer, Tell::Left { group, robot });
        }
        self.confirm(peer, &Item::Member(group, robot));
        let told: Vec<_> = self.parties.all_of(group).collect();
        told.into_iter().for_each(|tell| self.tell(peer, tell));
    }

    /// Says a group again that a worker may not have heard of.
    pub(super) fn retell(&mut self, peer: Peer, group: u64, robot: u64, ticket: u64) {
        let Some(formed) = self.parties.formed(group, vec![(robot, ticket)]) else { return };
        self.tell(peer, formed);
        self.hold(peer, robot, group);
    }

    /// Takes a robot out of a group; the others are told.
    pub(super) fn quit(&mut self, robot: u64, group: u64) {
        let Some(presence) = self.robots.get_mut(&robot) else { return };
        if presence.groups.remove(&group).is_none() {
            return;
        }
        let peer = presence.peer;
        if let Some(seat) = self.seats.get_mut(&peer) {
            seat.members = seat.members.saturating_sub(1);
        }
        self.confirm(peer, &Item::Member(group, robot));
        self.forget_idle(robot);
        let others = self.parties.leave(group, robot, peer);
        others.into_iter().for_each(|peer| self.tell(peer, Tell::Left { group, robot }));
    }

    /// All members see a value, or none does.
    pub(super) fn set(
        &mut self,
        peer: Peer,
        robot: u64,
        group: u64,
        key: &Arc<str>,
        value: &Arc<str>,
    ) -> Result<(), Denial> {
        if !self.is_of(peer, robot) || !self.parties.has(group, robot) {
            return Err(Denial::NoMember);
        }
        let peers = self.parties.peers(group);
        if !peers.iter().all(|peer| self.has_room(*peer, value.len())) {
            return Err(Denial::Behind);
        }
        let more = self.parties.growth(peer, group, key, value);
        if more > 0 && !self.may_have(peer, more) {
            return Err(Denial::BoardFull);
        }
        self.parties.set(peer, group, key, value)?;
        for peer in peers {
            self.tell(peer, Tell::Set { group, key: key.clone(), value: value.clone() });
        }
        Ok(())
    }
}
