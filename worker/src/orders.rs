//! What a robot thread shall do: the assignment as one thread sees it, with the start on the local clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::plan::Plan;
use proto::slots::SlotSet;
use uuid::Uuid;

use crate::kit::Kit;

/// What a robot thread shall run: the whole of it, latest wins.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    /// The run.
    pub(crate) run: Uuid,
    /// What the run is.
    pub(crate) plan: Arc<Plan>,
    /// What its robots need beside the plan.
    pub(crate) kit: Arc<Kit>,
    /// Which robots.
    pub(crate) slots: SlotSet,
    /// When the run starts, on the local clock.
    pub(crate) start: Instant,
}

impl Orders {
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
    /// The thread of each slot that the worker owns.
    of_slot: Vec<Option<usize>>,
}

impl Lanes {
    pub(crate) fn new(threads: usize) -> Self {
        Self { threads, of_slot: vec![None; usize::from(proto::slots::SLOTS)] }
    }

    /// Takes over what the worker owns now, and gives each thread's part.
    pub(crate) fn deal(&mut self, owned: &SlotSet) -> Vec<SlotSet> {
        let mut counts = vec![0usize; self.threads];
        for (slot, thread) in (0..).zip(&mut self.of_slot) {
            *thread = thread.filter(|_| owned.contains(slot));
            if let Some(thread) = *thread {
                counts[thread] += 1;
            }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::slots::{Deal, Share};

    #[test]
    fn threads_share_evenly_whatever_stripe_the_worker_has() {
        let deal = Deal::stripes(0..4);
        for worker in 0..4 {
            let parts = Lanes::new(2).deal(&deal.slots_of(worker));
            assert_eq!(parts.iter().map(|part| Share::of(part).below(1000)).collect::<Vec<_>>(), [125, 125]);
        }
    }

    #[test]
    fn a_slot_that_stays_keeps_its_thread() {
        let mut deal = Deal::stripes(0..3);
        let mut lanes = Lanes::new(2);
        let before = lanes.deal(&deal.slots_of(0));
        deal.lose(1);
        let after = lanes.deal(&deal.slots_of(0));
        for (before, after) in before.iter().zip(&after) {
            assert!(before.iter().all(|slot| after.contains(slot)));
            assert_eq!(after.len(), 4096);
        }
        deal.join(1);
        let again = lanes.deal(&deal.slots_of(0));
        assert_eq!(again.iter().map(SlotSet::len).sum::<usize>(), deal.slots_of(0).len());
        assert!(again.iter().zip(&after).all(|(again, after)| again.iter().all(|slot| after.contains(slot))));
    }
}
