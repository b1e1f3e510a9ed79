//! Which worker runs which robots. Robots are dealt to slots once for ever (number mod 16384); workers own slots.
//! Owners come in as any ordered id; the same dealing serves workers of a master and threads of a worker.

use std::collections::BTreeMap;

/// How many slots there are.
pub const SLOTS: u16 = 16_384;

/// The slot of a robot.
pub fn slot_of(robot: u64) -> u16 {
    (robot % u64::from(SLOTS)) as u16
}

/// A set of slots.
#[derive(Clone, PartialEq, Eq)]
pub struct SlotSet(Box<[u64; WORDS]>);

const WORDS: usize = SLOTS as usize / 64;

impl SlotSet {
    /// No slot.
    pub fn none() -> Self {
        Self(Box::new([0; WORDS]))
    }

    /// Every slot.
    pub fn all() -> Self {
        Self(Box::new([u64::MAX; WORDS]))
    }

    /// Adds a slot; numbers from [`SLOTS`] on are taken around.
    pub fn insert(&mut self, slot: u16) {
        let slot = slot % SLOTS;
        self.0[usize::from(slot / 64)] |= 1 << (slot % 64);
    }

    /// Whether the slot is in the set.
    pub fn contains(&self, slot: u16) -> bool {
        let slot = slot % SLOTS;
        self.0[usize::from(slot / 64)] >> (slot % 64) & 1 == 1
    }

    /// Whether the robot's slot is in the set.
    pub fn owns(&self, robot: u64) -> bool {
        self.contains(slot_of(robot))
    }

    /// How many slots are in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no slot is in the set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slots, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        let words = (0..).step_by(64).zip(self.0.iter());
        words.flat_map(|(first, word)| {
            let rests = std::iter::successors(Some(*word), |rest| Some(rest & rest.wrapping_sub(1)));
            rests.take_while(|rest| *rest != 0).map(move |rest| first + rest.trailing_zeros() as u16)
        })
    }

    /// The slots that are in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// The slots that are in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// The slots that are in this and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    fn with(&self, other: &Self, combine: fn(u64, u64) -> u64) -> Self {
        let mut words = self.0.clone();
        words.iter_mut().zip(other.0.iter()).for_each(|(word, other)| *word = combine(*word, *other));
        Self(words)
    }

    /// The set as 2048 bytes; slot `s` is bit `s % 8` of byte `s / 8`.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A set from what [`SlotSet::to_bytes`] gave; none if it is not 2048 bytes long.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: [[u8; 8]; WORDS] = words.try_into().ok().filter(|_| rest.is_empty())?;
        Some(Self(Box::new(words.map(u64::from_le_bytes))))
    }
}

impl FromIterator<u16> for SlotSet {
    fn from_iter<I: IntoIterator<Item = u16>>(slots: I) -> Self {
        slots.into_iter().fold(Self::none(), |mut set, slot| {
            set.insert(slot);
            set
        })
    }
}

impl std::fmt::Debug for SlotSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SlotSet({} of {SLOTS})", self.len())
    }
}

/// The robots of a set of slots, counted through: the first, the second, and so on for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    slots: Vec<u16>,
}

impl Share {
    /// The robots whose slot is in `slots`.
    pub fn of(slots: &SlotSet) -> Self {
        Self { slots: slots.iter().collect() }
    }

    /// How many of the robots below `robots` are in the share.
    pub fn below(&self, robots: u64) -> u64 {
        let rounds = robots / u64::from(SLOTS);
        let rest = self.slots.partition_point(|slot| *slot < slot_of(robots));
        rounds * self.slots.len() as u64 + rest as u64
    }

    /// The number of the share's robot at `place`, from 0; none if the share is empty or the number leaves u64.
    pub fn robot(&self, place: u64) -> Option<u64> {
        let length = self.slots.len() as u64;
        let slot = self.slots.get(usize::try_from(place.checked_rem(length)?).ok()?)?;
        (place / length).checked_mul(u64::from(SLOTS))?.checked_add(u64::from(*slot))
    }
}

/// Who owns each slot.
///
/// ```
/// use proto::slots::{Deal, Share};
///
/// let mut deal = Deal::stripes(["ann", "bob"]);
/// assert_eq!(Share::of(&deal.slots_of("ann")).below(1000), 500);
/// deal.join("cid"); // takes an even share; nothing else moves
/// assert_eq!(deal.slots_of("cid").len(), 16384 / 3);
/// deal.lose("bob"); // the others take over what was bob's
/// assert_eq!(deal.slots_of("ann").len() + deal.slots_of("cid").len(), 16384);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal<O> {
    owners: Vec<O>,
    /// The owner of each slot; none only while nobody is there.
    slots: Vec<Option<O>>,
}

impl<O: Copy + Ord> Deal<O> {
    /// All slots in stripes: the first to the first, the second to the second, and around again.
    pub fn stripes(owners: impl IntoIterator<Item = O>) -> Self {
        let mut deal = Self { owners: Vec::new(), slots: vec![None; usize::from(SLOTS)] };
        deal.owners.extend(owners);
        deal.owners.sort_unstable();
        deal.owners.dedup();
        let around = deal.owners.iter().cycle();
        deal.slots.iter_mut().zip(around).for_each(|(slot, owner)| *slot = Some(*owner));
        deal
    }

    /// The owners, ascending.
    pub fn owners(&self) -> &[O] {
        &self.owners
    }

    /// Who owns the slot.
    pub fn owner_of(&self, slot: u16) -> Option<O> {
        self.slots[usize::from(slot % SLOTS)]
    }

    /// The slots of one owner.
    pub fn slots_of(&self, owner: O) -> SlotSet {
        let slots = (0..).zip(&self.slots);
        slots.filter(|(_, of)| **of == Some(owner)).map(|(slot, _)| slot).collect()
    }

    /// The slots of every owner, in one walk.
    pub fn shares(&self) -> BTreeMap<O, SlotSet> {
        let mut shares: BTreeMap<_, _> = self.owners.iter().map(|owner| (*owner, SlotSet::none())).collect();
        for (slot, owner) in (0..).zip(&self.slots) {
            if let Some(share) = owner.and_then(|owner| shares.get_mut(&owner)) {
                share.insert(slot);
            }
        }
        shares
    }

    /// Takes an owner out: its slots go, ascending, each to the one with the fewest. Nothing else moves.
    pub fn lose(&mut self, owner: O) {
        let others: Vec<_> = self.owners.iter().copied().filter(|other| *other != owner).collect();
        self.lose_to(owner, &others);
    }

    /// As [`Deal::lose`], but only those get slots.
    pub fn lose_to(&mut self, owner: O, takers: &[O]) {
        self.owners.retain(|other| *other != owner);
        self.give(owner, 0, takers);
        // Whoever is no owner has nothing; if nobody took them they are nobody's.
        self.slots.iter_mut().filter(|slot| **slot == Some(owner)).for_each(|slot| *slot = None);
    }

    /// An owner's slots from `from` on go, ascending, each to the taker with the fewest. Nothing else moves.
    ///
    /// ```
    /// use proto::slots::Deal;
    ///
    /// let mut deal = Deal::stripes(["ann", "bob"]);
    /// deal.give("bob", 16_000, &["ann"]);
    /// assert_eq!((deal.owner_of(15_999), deal.owner_of(16_001)), (Some("bob"), Some("ann")));
    /// ```
    pub fn give(&mut self, owner: O, from: u16, takers: &[O]) {
        let places: Vec<_> =
            takers.iter().filter_map(|taker| self.owners.binary_search(taker).ok()).collect();
        let mut counts = self.counts();
        let given = self.slots.iter_mut().skip(usize::from(from)).filter(|slot| **slot == Some(owner));
        for slot in given {
            let Some(fewest) = places.iter().copied().min_by_key(|place| counts[*place]) else { return };
            counts[fewest] += 1;
            *slot = Some(self.owners[fewest]);
        }
    }

    /// Takes an owner in: it gets an even share, spread evenly over the slots of each of the others. Nothing else moves.
    pub fn join(&mut self, owner: O) {
        if self.owners.contains(&owner) {
            return;
        }
        if self.owners.is_empty() {
            *self = Self::stripes([owner]);
            return;
        }
        let counts = self.counts();
        let mut givers = givers(&counts);
        for slot in &mut self.slots {
            let giver = slot.and_then(|o| self.owners.binary_search(&o).ok()).and_then(|i| givers.get_mut(i));
            if giver.is_some_and(Giver::gives_next) {
                *slot = Some(owner);
            }
        }
        self.owners.push(owner);
        self.owners.sort_unstable();
    }

    /// Slots of each owner, in the order of `owners`.
    fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.owners.len()];
        for owner in self.slots.iter().flatten() {
            if let Ok(i) = self.owners.binary_search(owner) {
                counts[i] += 1;
            }
        }
        counts
    }
}

/// How many of its slots an owner gives to a joiner, and how far it has got.
struct Giver {
    has: usize,
    gives: usize,
    /// Where in its own row it begins, so that the owners don't all give at the same places.
    phase: usize,
    seen: usize,
}

impl Giver {
    /// Whether the next slot of this owner is one that it gives: `gives` of `has`, evenly spaced.
    fn gives_next(&mut self) -> bool {
        let given = |seen: usize| (seen * self.gives + self.phase) / self.has.max(1);
        let now = given(self.seen);
        self.seen += 1;
        given(self.seen) > now
    }
}

/// What each owner gives, so that the joiner has its floor of an even share and those with most give first.
fn givers(counts: &[usize]) -> Vec<Giver> {
    let share = counts.iter().sum::<usize>() / (counts.len() + 1);
    let mut keeps = counts.to_vec();
    for _ in 0..share {
        // Ties go to the last, so that the first keep the extra slot, as in stripes.
        if let Some(most) = (0..keeps.len()).max_by_key(|i| keeps[*i]) {
            keeps[most] -= 1;
        }
    }
    let givers = counts.iter().zip(keeps).enumerate();
    givers
        .map(|(i, (has, keeps))| Giver {
            has: *has,
            gives: has - keeps,
            phase: has * i / counts.len(),
            seen: 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn four_workers_get_250_of_1000_robots_each() {
        let deal = Deal::stripes(0..4);
        for worker in 0..4 {
            assert_eq!(Share::of(&deal.slots_of(worker)).below(1000), 250);
        }
    }

    #[test]
    fn sets_are_joined_and_taken_apart() {
        let set = |slots: &[u16]| slots.iter().copied().collect::<SlotSet>();
        let (a, b) = (set(&[1, 70, 200]), set(&[70, 16_000]));
        assert_eq!(a.union(&b), set(&[1, 70, 200, 16_000]));
        assert_eq!(a.intersection(&b), set(&[70]));
        assert_eq!(a.without(&b), set(&[1, 200]));
    }

    #[test]
    fn a_set_goes_to_bytes_and_back() {
        let set: SlotSet = [0, 1, 63, 64, 16_383].into_iter().collect();
        assert_eq!(SlotSet::from_bytes(&set.to_bytes()), Some(set.clone()));
        assert_eq!(SlotSet::from_bytes(&[0; 2047]), None);
        assert_eq!(SlotSet::from_bytes(&[0; 2049]), None);
    }

    #[test]
    fn a_share_is_counted_through_round_after_round() {
        let share = Share::of(&[1, 5, 16_383].into_iter().collect());
        let robots: Vec<_> = (0..7).map(|place| share.robot(place).unwrap()).collect();
        assert_eq!(robots, [1, 5, 16_383, 16_385, 16_389, 32_767, 32_769]);
        for (place, robot) in (0..).zip(robots) {
            assert_eq!((share.below(robot), share.below(robot + 1)), (place, place + 1));
        }
        assert_eq!(Share::of(&SlotSet::none()).robot(0), None);
        assert_eq!(share.robot(u64::MAX), None);
    }

    #[test]
    fn the_last_owner_leaves_nobody_and_a_joiner_takes_all() {
        let mut deal = Deal::stripes([7]);
        deal.lose(7);
        assert_eq!(deal.owner_of(0), None);
        deal.join(8);
        assert_eq!(deal.slots_of(8), SlotSet::all());
    }

    /// Shares are complete, disjoint (each slot has one owner) and even to one.
    fn check(deal: &Deal<u8>) -> Result<(), TestCaseError> {
        let counts = deal.counts();
        prop_assert_eq!(counts.iter().sum::<usize>(), usize::from(SLOTS));
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        prop_assert!(most - least <= 1, "{:?}", counts);
        let shares = deal.shares();
        prop_assert_eq!(shares.keys().collect::<Vec<_>>(), deal.owners().iter().collect::<Vec<_>>());
        prop_assert!(shares.iter().all(|(owner, share)| *share == deal.slots_of(*owner)));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn losses_and_joins_keep_shares_whole_and_move_only_what_they_must(
            workers in 1..9u8,
            changes in prop::collection::vec(0..12u8, 0..12),
        ) {
            let mut deal = Deal::stripes(0..workers);
            check(&deal)?;
            for worker in changes {
                let before = deal.clone();
                let leaves = deal.owners().contains(&worker);
                if leaves && deal.owners().len() == 1 {
                    continue;
                }
                if leaves { deal.lose(worker) } else { deal.join(worker) }
                check(&deal)?;
                for slot in 0..SLOTS {
                    let (was, is) = (before.owner_of(slot), deal.owner_of(slot));
                    let may_move = if leaves { was == Some(worker) } else { is == Some(worker) };
                    prop_assert!(was == is || may_move, "slot {} moved from {:?} to {:?}", slot, was, is);
                }
            }
        }

        /// A joiner's share is even for small runs too, not only over all slots.
        #[test]
        fn a_joiner_gets_an_even_share_of_few_robots(workers in 1..9u8, robots in 0..16_384u64) {
            let mut deal = Deal::stripes(0..workers);
            deal.join(workers);
            for worker in 0..=workers {
                let share = Share::of(&deal.slots_of(worker)).below(robots);
                let even = robots / u64::from(workers + 1);
                prop_assert!(share.abs_diff(even) <= u64::from(workers) + 1, "{} of {} robots, even is {}", share, robots, even);
            }
        }
    }
}
