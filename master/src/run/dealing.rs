//! Who runs what. The deal says whose each slot is to be; the grants say who may run it already: a slot that changes hands
//! is first given up by the one, who says so, and then taken up by the other.

use std::sync::Arc;
use std::time::Duration;

use proto::message::{Assignment, Beat, Down};
use proto::plan::LossPolicy;
use proto::slots::{SLOTS, Share, SlotSet};

use super::{Phase, Run};
use crate::fleet::WorkerId;
use crate::journal::{Dealing, Record};
use crate::notice::Notice;

impl Run {
    /// Changes whose the slots are to be.
    pub(super) fn redeal(&mut self, dealing: Dealing) {
        dealing.apply(&mut self.deal);
        self.keep(Record::Dealt(dealing));
    }

    /// Gives a worker that came in mid-run, or came back, an even share; it starts what the owners have given up.
    pub(super) fn enlist(&mut self, now: Duration, id: WorkerId) {
        let willing = self.fleet.get(id).is_some_and(|worker| worker.is_ready() && !worker.leaving);
        if self.phase == Phase::Running && willing && !self.deal.owners().contains(&id) {
            self.redeal(Dealing::Join(id));
            self.strike_off();
            return self.revise(now);
        }
        // One that was given up and kept its place holds nothing any more.
        let order = self.fleet.get(id).and_then(|worker| worker.order.as_ref());
        if order.is_some_and(|order| !self.grants.holds(id, &order.slots)) {
            self.revise(now);
        }
    }

    /// Takes slots from owners who are gone or go, and to whom nobody was there to take them over.
    fn strike_off(&mut self) {
        if self.plan.on_worker_loss == LossPolicy::Continue {
            return;
        }
        let gone: Vec<_> = self.deal.owners().iter().copied().filter(|owner| !self.takes(*owner)).collect();
        gone.into_iter().for_each(|owner| self.hand_over(owner));
    }

    /// A worker wants no robots any more: the others take them over as soon as it has given them up.
    pub(super) fn dismiss(&mut self, now: Duration, id: WorkerId) {
        let name = self.fleet.name(id).to_owned();
        let t = self.elapsed(now);
        self.announce(Notice::Leaves(name, self.robots_of(id, t)));
        self.ramp.disturb(t);
        if self.deal.owners().contains(&id) && self.hands_over() {
            self.hand_over(id);
        }
        self.revise(now);
    }

    /// Deals all slots of a worker to others.
    pub(super) fn hand_over(&mut self, id: WorkerId) {
        let takers = self.takers(id);
        self.redeal(Dealing::Lose(id, takers));
    }

    /// A worker has more robots than it can run in time: those of its robots that are not born yet are for others, if any has
    /// room. Those that live stay where they are.
    pub(super) fn relieve(&mut self, now: Duration, id: WorkerId) {
        let profile = &self.plan.profile;
        let has_room = |taker: &WorkerId| self.fleet.get(*taker).is_some_and(|worker| !worker.is_strained());
        let takers: Vec<_> = self.takers(id).into_iter().filter(has_room).collect();
        // A slot's first robot bears its number.
        let born = u16::try_from(profile.alive(self.elapsed(now))).unwrap_or(SLOTS);
        if !takers.is_empty() && !profile.is_open() && born < SLOTS {
            self.redeal(Dealing::Relieve(id, born, takers));
            self.revise(now);
        }
    }

    /// Who can take over what is another's: those that keep up, or, if nobody does, all that are there.
    fn takers(&self, from: WorkerId) -> Vec<WorkerId> {
        let others: Vec<_> =
            self.deal.owners().iter().copied().filter(|owner| *owner != from && self.takes(*owner)).collect();
        let keeps_up = |owner: &WorkerId| self.fleet.get(*owner).is_some_and(|worker| !worker.is_strained());
        let free: Vec<_> = others.iter().copied().filter(keeps_up).collect();
        if free.is_empty() { others } else { free }
    }

    /// A worker said how far it is with what it was told.
    pub(super) fn settle(&mut self, now: Duration, id: WorkerId, beat: &Beat) {
        let Some(worker) = self.fleet.get(id).filter(|worker| worker.has_settled(beat)) else { return };
        let slots = worker.order.as_ref().map_or_else(SlotSet::none, |order| order.slots.clone());
        if self.grants.settle(id, &slots) {
            self.keep(Record::Settled(id));
            self.revise(now);
        }
    }

    /// Tells everybody for whom something changed what is to be now: whose slots, which plan.
    pub(super) fn revise(&mut self, now: Duration) {
        let Some(start) = self.start else { return };
        let epoch = self.epoch + 1;
        let mut shares = self.deal.shares();
        for id in self.members() {
            let is_leaving = self.fleet.get(id).is_none_or(|worker| worker.leaving);
            let wanted = shares.remove(&id).filter(|_| !is_leaving).unwrap_or_else(SlotSet::none);
            let slots = self.grants.grant(id, &wanted);
            if self.is_told(id, &slots) {
                continue;
            }
            self.epoch = epoch;
            self.enroll(id);
            self.keep(Record::Order { id, epoch, slots: slots.clone() });
            let (run, plan) = (self.id, Arc::clone(&self.plan));
            self.order(id, Assignment { run, epoch, plan, slots, start });
            self.tell(now, id);
        }
    }

    /// All that have, had, or are to have robots.
    fn members(&self) -> Vec<WorkerId> {
        let owners = self.deal.owners();
        let is = |id: &WorkerId, has: bool| has || owners.binary_search(id).is_ok();
        let workers = self.fleet.workers().filter(|(id, worker)| is(id, worker.order.is_some()));
        workers.map(|(id, _)| id).collect()
    }

    fn is_told(&self, id: WorkerId, slots: &SlotSet) -> bool {
        let order = self.fleet.get(id).and_then(|worker| worker.order.as_ref());
        order.is_some_and(|order| order.slots == *slots && order.plan == self.plan)
    }

    /// From here on a worker is to carry this out.
    pub(super) fn order(&mut self, id: WorkerId, assignment: Assignment) {
        let robots = Share::of(&assignment.slots).below(self.plan.profile.peak());
        let Some(worker) = self.fleet.get_mut(id) else { return };
        worker.robots = worker.robots.max(robots);
        worker.order = Some(assignment);
    }

    fn enroll(&mut self, id: WorkerId) {
        let Some(worker) = self.fleet.get(id).filter(|worker| worker.order.is_none()) else { return };
        let (name, incarnation) = (worker.hello.name.clone(), worker.hello.incarnation);
        self.keep(Record::Member { id, name, incarnation });
    }

    /// Tells a worker all that it shall run.
    pub(super) fn tell(&mut self, now: Duration, id: WorkerId) {
        let Some(worker) = self.fleet.get_mut(id).filter(|worker| worker.is_ready()) else { return };
        if let (Some(session), Some(order)) = (worker.session, worker.order.clone()) {
            worker.told_at = Some(now);
            worker.employed.get_or_insert(now);
            self.send(session, Down::Assignment(Box::new(order)));
        }
    }
}
