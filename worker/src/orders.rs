//! What a robot thread shall do: the assignment as one thread sees it, with the start on the local clock.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use proto::plan::Plan;
use proto::slots::SlotSet;
use uuid::Uuid;

use crate::deadline::Deadline;
use crate::kit::Kit;

/// What a robot thread shall run: the whole of it, latest wins.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    /// The run.
    pub(crate) run: Uuid,
    /// Which orders of the run these are; grows.
    pub(crate) epoch: u64,
    /// What the run is.
    pub(crate) plan: Arc<Plan>,
    /// What its robots need beside the plan.
    pub(crate) kit: Arc<Kit>,
    /// Which robots.
    pub(crate) slots: SlotSet,
    /// When the run starts, on the local clock.
    pub(crate) start: Instant,
    /// Until when robots may run.
    pub(crate) deadline: Deadline,
    /// Whether all shall leave, and nothing follows.
    pub(crate) leave: bool,
}

/// What a robot thread is told; the latest counts.
#[derive(Debug, Clone, Default)]
pub(crate) enum Command {
    /// Whatever runs is dropped at once.
    #[default]
    Rest,
    /// What runs is made what shall run.
    Follow(Arc<Orders>),
}

impl Orders {
    /// Whether robots that run under these may run on under `other`.
    pub(crate) fn continue_in(&self, other: &Self) -> bool {
        self.run == other.run && self.deadline.is(&other.deadline)
    }

    /// How far the run is; zero before its start.
    pub(crate) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    /// Whether the run has started.
    pub(crate) fn has_started(&self, now: Instant) -> bool {
        now >= self.start
    }
}

/// Deals a worker's slots to its threads. What a thread has it keeps, so that its robots stay on it.
#[derive(Debug)]
pub(crate) struct Lanes {
    threads: usize,
    owned: SlotSet,
    /// The thread of each slot that the worker owns, or owned and may still have robots of.
    of_slot: Vec<Option<usize>>,
}

impl Lanes {
    pub(crate) fn new(threads: usize) -> Self {
        let of_slot = vec![None; usize::from(proto::slots::SLOTS)];
        Self { threads, owned: SlotSet::none(), of_slot }
    }

    /// Takes over what the worker owns now, and gives each thread's part. A slot that comes back goes to the thread that had
    /// it, where its old robot may still be leaving; unless all is `settled`: then no robot is left outside of what was owned.
    pub(crate) fn deal(&mut self, owned: &SlotSet, settled: bool) -> Vec<SlotSet> {
        if settled {
            self.forget_former();
        }
        self.owned = owned.clone();
        let mut counts = vec![0usize; self.threads];
        for thread in owned.iter().filter_map(|slot| self.of_slot[usize::from(slot)]) {
            counts[thread] += 1;
        }
        for slot in owned.iter() {
            let thread = &mut self.of_slot[usize::from(slot)];
            if thread.is_none() {
                *thread = (0..self.threads).min_by_key(|thread| counts[*thread]).inspect(|t| counts[*t] += 1);
            }
        }
        let part =
            |thread| owned.iter().filter(|slot| self.of_slot[usize::from(*slot)] == Some(thread)).collect();
        (0..self.threads).map(part).collect()
    }

    fn forget_former(&mut self) {
        for (slot, thread) in (0..).zip(&mut self.of_slot) {
            *thread = thread.filter(|_| self.owned.contains(slot));
        }
    }
}

#[cfg(test)]
impl Orders {
    /// Orders for one robot of the role mod, to whom no server answers.
    pub(crate) fn for_one(run: Uuid) -> Self {
        use crate::kit::Loaded;
        use crate::mods::Registry;
        use proto::class::{Class, Classes, Share};

        let class = Class::new("all", Share::Weight(std::num::NonZeroU32::MIN), vec!["role".into()]);
        let profile = proto::profile::Profile::ramp(1, 1.0, Duration::from_secs(1)).unwrap();
        let plan = Plan::new(profile, Classes::new(vec![class]).unwrap(), "ws://127.0.0.1:1");
        let loaded = Loaded::new(proto::message::Bundle::new(Vec::new()).into()).unwrap();
        let kit = loaded.kit(&plan, &Registry::shipped()).unwrap().into();
        let (plan, start, slots) = (plan.into(), Instant::now(), SlotSet::all());
        Self { run, epoch: 1, plan, kit, slots, start, deadline: Deadline::never(), leave: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::slots::{Deal, Share};

    #[test]
    fn threads_share_evenly_whatever_stripe_the_worker_has() {
        let deal = Deal::stripes(0..4);
        for worker in 0..4 {
            let parts = Lanes::new(2).deal(&deal.slots_of(worker), true);
            assert_eq!(parts.iter().map(|part| Share::of(part).below(1000)).collect::<Vec<_>>(), [125, 125]);
        }
    }

    #[test]
    fn a_slot_that_stays_keeps_its_thread() {
        let mut deal = Deal::stripes(0..3);
        let mut lanes = Lanes::new(2);
        let before = lanes.deal(&deal.slots_of(0), true);
        deal.lose(1);
        let after = lanes.deal(&deal.slots_of(0), true);
        for (before, after) in before.iter().zip(&after) {
            assert!(before.iter().all(|slot| after.contains(slot)));
            assert_eq!(after.len(), 4096);
        }
        deal.join(1);
        let again = lanes.deal(&deal.slots_of(0), true);
        assert_eq!(again.iter().map(SlotSet::len).sum::<usize>(), deal.slots_of(0).len());
        assert!(again.iter().zip(&after).all(|(again, after)| again.iter().all(|slot| after.contains(slot))));
    }

    #[test]
    fn a_slot_that_comes_back_before_all_is_settled_goes_to_the_thread_that_had_it() {
        let (all, low): (_, SlotSet) = (SlotSet::all(), (0..100).collect());
        let mut lanes = Lanes::new(2);
        let before = lanes.deal(&all, true);
        lanes.deal(&SlotSet::none(), true);
        lanes.deal(&low, false);
        assert_eq!(lanes.deal(&all, false), before);
        lanes.deal(&SlotSet::none(), true);
        // Robots are gone: dealt afresh, evenly.
        let fresh = lanes.deal(&before[0], true);
        assert_eq!(fresh.iter().map(SlotSet::len).collect::<Vec<_>>(), [4096, 4096]);
    }
}
