//! Workers that go, and what becomes of their robots.

use std::time::Duration;

use proto::message::{BREAK_GRACE, SILENCE};
use proto::plan::LossPolicy;
use proto::slots::Share;

use super::{Phase, Run};
use crate::fleet::{SessionId, WorkerId};
use crate::journal::Record;
use crate::loss::Loss;
use crate::notice::Notice;
use crate::verdict::Severity;
use crate::worker::Away;

impl Run {
    /// A worker's stream ended. Its process died, or only the stream did: then it is back in a moment, and until then its
    /// robots may live on.
    pub(super) fn left(&mut self, now: Duration, session: SessionId, why: &str) {
        if let Some(id) = self.fleet.of(session) {
            self.gone(now, id, why, now + BREAK_GRACE);
        }
    }

    /// The master itself ended a worker's stream. The worker may not know yet: its robots live until its lease is over.
    pub(super) fn dropped(&mut self, now: Duration, session: SessionId, why: &str) {
        let Some(id) = self.fleet.of(session) else { return };
        let heard = self.fleet.get(id).map_or(now, |worker| worker.heard);
        self.gone(now, id, why, heard + SILENCE);
    }

    /// A worker is gone; its robots are at `free` at the latest.
    pub(super) fn gone(&mut self, now: Duration, id: WorkerId, why: &str, free: Duration) {
        let Some(worker) = self.fleet.get(id) else { return };
        let (name, has_order, done) = (worker.name().to_owned(), worker.order.is_some(), worker.is_done());
        let counts = has_order && matches!(self.phase, Phase::Running | Phase::Draining { .. }) && !done;
        self.fleet.leave(id, counts.then(|| Away { since: now, until: free, why: why.to_owned() }));
        if counts && free > now {
            return self.announce(Notice::Away(name, why.into()));
        }
        if counts {
            return self.give_up(now, id);
        }
        self.groups.lost(id);
        self.grants.release(id);
        if has_order {
            self.keep(Record::Released(id));
        }
        self.announce(Notice::Left(name, why.into()));
        match self.phase {
            Phase::Waiting { .. } => self.tell_who_is_there(),
            _ => self.replace(now, id),
        }
    }

    /// A worker that is away is not waited for any longer.
    pub(super) fn give_up(&mut self, now: Duration, id: WorkerId) {
        let t = self.elapsed(now);
        let Some(worker) = self.fleet.get_mut(id) else { return };
        let Some(Away { since, why, .. }) = worker.away.take() else { return };
        let (name, owes) = (worker.name().to_owned(), !worker.delivered);
        let missing = worker.untold(since, self.start.unwrap_or_default());
        let loss = Loss::new(&name, t, self.robots_of(id, t), &why, missing);
        self.groups.lost(id);
        self.grants.release(id);
        let was_owner = self.deal.owners().contains(&id);
        match self.phase {
            Phase::Running if was_owner || owes => self.lost(id, loss),
            Phase::Draining { .. } if owes => self.lost(id, loss),
            _ => self.keep(Record::Released(id)),
        }
        self.replace(now, id);
    }

    /// How many robots are a worker's at `t`; of an open model how many it last told of.
    pub(super) fn robots_of(&self, id: WorkerId, t: Duration) -> u64 {
        if self.plan.profile.is_open() {
            return self.totals.timeline.alive_of(id);
        }
        self.share_of(id, self.plan.profile.alive(t))
    }

    /// How many of so many robots are a worker's.
    pub(super) fn share_of(&self, id: WorkerId, robots: u64) -> u64 {
        Share::of(&self.deal.slots_of(id)).below(robots)
    }

    /// A worker is lost, with what it had and did not say.
    pub(super) fn lost(&mut self, id: WorkerId, loss: Loss) {
        self.announce(Notice::Lost(loss.clone()));
        self.keep(Record::Lost { id, loss: loss.clone() });
        if self.plan.on_worker_loss == LossPolicy::Fail {
            let reason = format!("worker {} was lost, and the plan does not allow that", loss.worker);
            self.problem(Severity::Invalid, reason);
        }
        self.note_loss(id, loss);
    }

    pub(super) fn note_loss(&mut self, id: WorkerId, loss: Loss) {
        self.totals.timeline.forget(id);
        self.ramp.disturb(loss.at);
        self.lossy.insert(id, self.losses.len());
        self.losses.push(loss);
    }

    /// A worker delivered all that it measured, also before it was given up.
    pub(super) fn make_good(&mut self, id: WorkerId) {
        let loss = self.lossy.remove(&id).and_then(|place| self.losses.get_mut(place));
        loss.into_iter().for_each(|loss| loss.missing = Duration::ZERO);
    }

    /// Does with the robots of a worker that is gone what the plan says.
    fn replace(&mut self, now: Duration, id: WorkerId) {
        if self.phase != Phase::Running {
            return;
        }
        let was_owner = self.deal.owners().contains(&id);
        match self.plan.on_worker_loss {
            LossPolicy::Continue => {}
            LossPolicy::Fail if was_owner && self.hands_over() => self.cut(now, "a worker was lost".into()),
            LossPolicy::Fail => {}
            LossPolicy::Rebalance if was_owner && self.hands_over() => {
                self.hand_over(id);
                self.announce(Notice::Dealt { workers: self.deal.owners().len() });
                self.revise(now);
            }
            // What it had given up is free for the others.
            LossPolicy::Rebalance => self.revise(now),
        }
    }

    /// Whether there is anybody to take robots over.
    pub(super) fn hands_over(&self) -> bool {
        self.deal.owners().iter().any(|owner| self.takes(*owner))
    }

    /// Whether a worker is there, or may be back in a moment, and wants robots.
    pub(super) fn takes(&self, id: WorkerId) -> bool {
        self.fleet.get(id).is_some_and(|worker| worker.counts() && !worker.leaving)
    }

    /// Why the run can't go on, if nobody is left to run it, and nobody comes back.
    pub(super) fn deserted(&self, now: Duration) -> Option<String> {
        let anybody = self.fleet.workers().any(|(_, worker)| worker.counts());
        if anybody || now < self.alone {
            return None;
        }
        Some(match self.losses.last() {
            Some(loss) => format!("the last worker, {}, was lost", loss.worker),
            None => "the last worker left".into(),
        })
    }
}
