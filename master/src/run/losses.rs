//! Workers that go, and what becomes of their robots.

use std::time::Duration;

use proto::plan::LossPolicy;
use proto::slots::Share;

use super::{Phase, Run};
use crate::fleet::WorkerId;
use crate::loss::Loss;
use crate::notice::Notice;
use crate::verdict::Severity;

impl Run {
    /// A worker is gone.
    pub(super) fn gone(&mut self, now: Duration, id: WorkerId, why: &str) {
        let t = self.elapsed(now);
        let Some(worker) = self.fleet.get(id) else { return };
        let (name, delivered, owner) = (worker.name().to_owned(), worker.delivered, worker.order.is_some());
        let loss = Loss::new(&name, t, self.robots_of(id, t), why, delivered);
        self.fleet.leave(id);
        self.groups.lost(id);
        match self.phase {
            Phase::Running if self.deal.owners().contains(&id) => {
                self.lost(id, loss);
                self.replace(now, id);
            }
            Phase::Draining { .. } if owner && !delivered => self.lost(id, loss),
            Phase::Waiting { .. } => {
                self.announce(Notice::Left(name, why.into()));
                self.tell_who_is_there();
            }
            _ if owner => {}
            _ => self.announce(Notice::Left(name, why.into())),
        }
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

    pub(super) fn lost(&mut self, id: WorkerId, loss: Loss) {
        self.totals.timeline.forget(id);
        self.ramp.disturb(loss.at);
        self.announce(Notice::Lost(loss.clone()));
        if self.plan.on_worker_loss == LossPolicy::Fail {
            let reason = format!("worker {} was lost, and the plan does not allow that", loss.worker);
            self.problem(Severity::Invalid, reason);
        }
        self.losses.push(loss);
    }

    /// Does with a lost worker's robots what the plan says.
    fn replace(&mut self, now: Duration, id: WorkerId) {
        let policy = self.plan.on_worker_loss;
        if !self.deal.owners().iter().any(|owner| self.fleet.get(*owner).is_some_and(|w| w.session.is_some()))
        {
            self.problem(Severity::Invalid, format!("the last worker, {}, was lost", self.fleet.name(id)));
            return self.finish(now);
        }
        match policy {
            LossPolicy::Continue => {}
            LossPolicy::Fail => self.cut(now, "a worker was lost".into()),
            LossPolicy::Rebalance => {
                self.deal.lose(id);
                let workers = self.deal.owners().len();
                self.announce(Notice::Dealt { workers });
                self.revise(now);
            }
        }
    }
}
