//! Which worker may be running which slots. What a worker was told it may run until it says that it does not any more, or
//! until its lease is over; nobody else is given that before. So no robot number is ever live on two workers.

use std::collections::BTreeMap;

use proto::slots::SlotSet;

use crate::fleet::WorkerId;

/// The slots that each worker may be running. No slot is held twice.
#[derive(Debug)]
pub(crate) struct Grants {
    held: BTreeMap<WorkerId, SlotSet>,
    /// All that anybody holds.
    all: SlotSet,
}

impl Default for Grants {
    fn default() -> Self {
        Self { held: BTreeMap::new(), all: SlotSet::none() }
    }
}

impl Grants {
    /// Of the slots that a worker is to have, those that it can have now. It holds them from here on.
    pub(crate) fn grant(&mut self, id: WorkerId, wanted: &SlotSet) -> SlotSet {
        let held = self.held.entry(id).or_insert_with(SlotSet::none);
        let slots = wanted.without(&self.all.without(held));
        *held = held.union(&slots);
        self.all = self.all.union(&slots);
        slots
    }

    /// Whether a worker holds all of these.
    pub(crate) fn holds(&self, id: WorkerId, slots: &SlotSet) -> bool {
        self.held.get(&id).map_or(slots.is_empty(), |held| slots.without(held).is_empty())
    }

    /// A worker runs nothing outside these slots any more. Whether that frees any.
    pub(crate) fn settle(&mut self, id: WorkerId, slots: &SlotSet) -> bool {
        let Some(held) = self.held.get_mut(&id) else { return false };
        let freed = held.without(slots);
        *held = held.intersection(slots);
        self.all = self.all.without(&freed);
        !freed.is_empty()
    }

    /// A worker runs nothing any more.
    pub(crate) fn release(&mut self, id: WorkerId) {
        self.settle(id, &SlotSet::none());
        self.held.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(slots: &[u16]) -> SlotSet {
        slots.iter().copied().collect()
    }

    #[test]
    fn a_slot_goes_to_another_worker_only_when_its_holder_is_done_with_it() {
        let (mut grants, [a, b]) = (Grants::default(), [WorkerId(1), WorkerId(2)]);
        assert_eq!(grants.grant(a, &set(&[1, 2, 3])), set(&[1, 2, 3]));
        // 3 is to go to b, but a may still run it.
        assert_eq!(grants.grant(a, &set(&[1, 2])), set(&[1, 2]));
        assert_eq!(grants.grant(b, &set(&[3, 4])), set(&[4]));
        assert!(grants.settle(a, &set(&[1, 2])));
        assert!(!grants.settle(a, &set(&[1, 2])));
        assert_eq!(grants.grant(b, &set(&[3, 4])), set(&[3, 4]));
        grants.release(b);
        assert_eq!(grants.grant(a, &set(&[1, 2, 3, 4])), set(&[1, 2, 3, 4]));
    }

    proptest! {
        #[test]
        fn no_slot_is_ever_held_twice(steps in prop::collection::vec((0..4u32, 0..3u8, prop::collection::vec(0..40u16, 0..20)), 0..40)) {
            let mut grants = Grants::default();
            for (id, what, slots) in steps {
                let (id, slots) = (WorkerId(id), set(&slots));
                match what {
                    0 => {
                        let given = grants.grant(id, &slots);
                        prop_assert!(given.without(&slots).is_empty());
                    }
                    1 => drop(grants.settle(id, &slots)),
                    _ => grants.release(id),
                }
                let total: usize = grants.held.values().map(SlotSet::len).sum();
                let all = grants.held.values().fold(SlotSet::none(), |all, held| all.union(held));
                prop_assert_eq!((total, &all), (all.len(), &grants.all));
            }
        }
    }
}
