//! What robots of different workers say to each other: asks go to the hub, and what it tells goes to their workers.

use std::time::Duration;

use proto::Down;
use proto::hub::{Hub, Peer};
use proto::talk::{Ask, Asks, Denial};
use uuid::Uuid;

use super::{Phase, Run};
use crate::fleet::WorkerId;

/// How far apart messages to one worker begin, at least: many small ones become one.
const PACE: Duration = Duration::from_millis(10);

/// The hub of a run, and when it last spoke.
#[derive(Debug)]
pub(super) struct Groups {
    hub: Hub,
    spoke: Option<Duration>,
    /// Whether there may be something to tell: a look at each worker after each event of any would cost a fleet dearly.
    stirred: bool,
    /// Robots of the plan have lower numbers, whatever becomes of it.
    robots: u64,
}

impl Groups {
    pub(super) fn new(run: Uuid, robots: u64) -> Self {
        Self { hub: Hub::new(run), spoke: None, stirred: false, robots }
    }

    /// Robots up to that number may take part too.
    pub(super) fn admit(&mut self, robots: u64) {
        self.robots = self.robots.max(robots);
    }

    pub(super) fn joined(&mut self, id: WorkerId) {
        self.hub.joined(Peer(id.0));
        self.stirred = true;
    }

    pub(super) fn lost(&mut self, id: WorkerId) {
        self.hub.lost(Peer(id.0));
        self.stirred = true;
    }
}

impl Run {
    /// Takes what a worker's robots ask. It speaks for its own robots only.
    pub(super) fn groups(&mut self, now: Duration, id: WorkerId, mut asks: Asks) {
        let is_told = self.fleet.get(id).is_some_and(|worker| worker.order.is_some());
        if !is_told {
            return self.foreign(id);
        }
        if asks.run == self.id {
            let (mine, others) = asks.list.into_iter().partition(|ask| self.is_its(id, ask));
            asks.list = mine;
            self.deny(id, others);
        }
        self.groups.stirred = true;
        if self.groups.hub.hear(now, Peer(id.0), asks).is_err() {
            self.foreign(id);
        }
    }

    fn is_its(&self, id: WorkerId, ask: &Ask) -> bool {
        let Some(robot) = ask.robot() else { return true };
        // Whoever leaves may still say so when others own the slot already.
        let leaves = matches!(ask, Ask::Cancel { .. } | Ask::Quit { .. } | Ask::Gone { .. });
        let owner = self.deal.owner_of(proto::slots::slot_of(robot));
        leaves || (robot < self.groups.robots && owner == Some(id))
    }

    fn deny(&mut self, id: WorkerId, asks: Vec<Ask>) {
        for denied in asks.iter().filter_map(|ask| ask.denied(Denial::NotYours)) {
            self.groups.hub.tell(Peer(id.0), denied);
        }
    }

    /// Goes on with time, and tells workers what waits for them.
    pub(super) fn talk(&mut self, now: Duration) {
        if !matches!(self.phase, Phase::Running | Phase::Draining { .. }) {
            return;
        }
        if now == self.ticked {
            self.groups.hub.tick(now);
            self.groups.stirred = true;
        }
        if !self.groups.stirred || self.groups.spoke.is_some_and(|spoke| now < spoke + PACE) {
            return;
        }
        let sessions: Vec<_> =
            self.fleet.workers().filter_map(|(id, worker)| Some((id, worker.session?))).collect();
        self.groups.stirred = false;
        let before = self.effects.len();
        for (id, session) in sessions {
            while let Some(tells) = self.groups.hub.take(Peer(id.0)) {
                self.send(session, Down::Groups(tells));
            }
        }
        if self.effects.len() > before {
            self.groups.spoke = Some(now);
        }
    }
}
