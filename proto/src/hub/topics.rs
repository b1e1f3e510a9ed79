//! Topics: which workers listen to which, and what goes to them.

use std::sync::Arc;

use super::{Hub, Item, MOST_TOPICS, Peer};
use crate::talk::{Denial, Tell};

impl Hub {
    pub(super) fn subscribe(&mut self, peer: Peer, topic: &Arc<str>) -> Result<(), Denial> {
        let Some(seat) = self.seats.get_mut(&peer) else { return Ok(()) };
        seat.stale.remove(&Item::Topic(topic.clone()));
        if seat.topics.len() >= MOST_TOPICS && !seat.topics.contains(topic) {
            return Err(Denial::TooMany);
        }
        seat.topics.insert(topic.clone());
        self.topics.entry(topic.clone()).or_default().insert(peer);
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, peer: Peer, topic: &Arc<str>) {
        if let Some(seat) = self.seats.get_mut(&peer) {
            seat.topics.remove(topic);
        }
        self.unlisten(peer, topic);
    }

    pub(super) fn unlisten(&mut self, peer: Peer, topic: &Arc<str>) {
        if let Some(listeners) = self.topics.get_mut(topic) {
            listeners.remove(&peer);
            if listeners.is_empty() {
                self.topics.remove(topic);
            }
        }
    }

    pub(super) fn publish(&mut self, robot: u64, topic: &Arc<str>, value: &Arc<str>) -> Result<(), Denial> {
        let listeners: Vec<_> = self.topics.get(topic).into_iter().flatten().copied().collect();
        let (with_room, behind): (Vec<_>, Vec<_>) =
            listeners.into_iter().partition(|peer| self.has_room(*peer, value.len()));
        for peer in with_room {
            self.tell(peer, Tell::Published { topic: topic.clone(), robot, value: value.clone() });
        }
        if behind.is_empty() { Ok(()) } else { Err(Denial::Behind) }
    }
}
