//! The latencies of one series. A few are packed, so that 10,000 series of a few samples don't cost 4 GB; many lie in pages of
//! buckets, so that adding does not cost a walk over all.

mod pages;
mod pairs;

use proto::histogram::{Histogram, Sparse};

use super::BLOCK;
use super::account::Account;
use pages::Pages;
use pairs::Pairs;

/// Up to so many bytes are packed; more of them are not, if there is room for pages.
const MOST_PACKED: usize = 1 << 10;

/// Bucket counts with exact sum, least and greatest.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Each bucket is in one of both.
    packed: Pairs,
    pages: Pages,
    count: u64,
    sum_us: u64,
    min_us: u64,
    max_us: u64,
}

impl Counts {
    /// Adds what a report counted, whatever it costs. Sums stop at their greatest value.
    pub fn add(&mut self, sparse: &Sparse) {
        self.add_all(buckets(sparse));
        self.note(sparse.count(), (sparse.sum_us, sparse.min_us, sparse.max_us));
    }

    /// Adds what a report counted, if the account has what that takes; else nothing.
    #[must_use]
    pub(super) fn add_within(&mut self, sparse: &Sparse, account: &mut Account) -> bool {
        // Nearly always each bucket has its page.
        let others = self.pages.add_known(buckets(sparse));
        if !others.is_empty() && !self.pack(others, account) {
            self.pages.take_back(buckets(sparse));
            return false;
        }
        self.note(sparse.count(), (sparse.sum_us, sparse.min_us, sparse.max_us));
        true
    }

    /// Packs buckets that have no page, or makes pages for all that have none.
    fn pack(&mut self, others: Vec<(u64, u64)>, account: &mut Account) -> bool {
        let packed = self.packed.with(others.into_iter());
        let (before, now) = (self.packed.bytes(), packed.bytes());
        // One that has pages meets the same few buckets without one again and again.
        let is_long = now > MOST_PACKED || !self.pages.is_empty();
        if is_long && account.take_for_pages(pages::bytes_for(packed.buckets()), before) {
            self.packed = packed;
            self.unpack();
            return true;
        }
        let block = if before == 0 { BLOCK } else { 0 };
        let fits = account.take(block + now.saturating_sub(before));
        if fits {
            self.packed = packed;
        }
        fits
    }

    /// Puts what is packed into pages.
    fn unpack(&mut self) {
        let packed = std::mem::take(&mut self.packed);
        self.pages.add(packed.buckets());
    }

    fn add_all(&mut self, buckets: impl Iterator<Item = (u64, u64)>) {
        self.unpack();
        self.pages.add(buckets);
    }

    /// Adds all of another.
    pub fn add_counts(&mut self, other: &Self) {
        self.add_all(other.buckets());
        self.note(other.count, (other.sum_us, other.min_us, other.max_us));
    }

    /// Buckets that hold anything, with their counts, ascending.
    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let (mut paged, mut packed) = (self.pages.buckets().peekable(), self.packed.buckets().peekable());
        std::iter::from_fn(move || match (paged.peek(), packed.peek()) {
            (Some((paged_index, _)), Some((index, _))) if index < paged_index => packed.next(),
            (Some(_), _) => paged.next(),
            (None, _) => packed.next(),
        })
    }

    fn note(&mut self, added: u64, (sum, min, max): (u64, u64, u64)) {
        if added > 0 {
            self.min_us = if self.count == 0 { min } else { self.min_us.min(min) };
            self.max_us = self.max_us.max(max);
            self.sum_us = self.sum_us.saturating_add(sum);
            self.count = self.count.saturating_add(added);
        }
    }

    /// How many latencies were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Puts them into a histogram, which is emptied first. One that does not take them stays empty.
    pub fn fill(&self, histogram: &mut Histogram) {
        let mut last = 0;
        let pairs = self.buckets().flat_map(|(index, count)| {
            let delta = index - last;
            last = index;
            [delta, count]
        });
        let buckets = pairs.collect();
        histogram.clear();
        let sparse = Sparse { buckets, sum_us: self.sum_us, min_us: self.min_us, max_us: self.max_us };
        if let Err(e) = histogram.add(&sparse) {
            tracing::error!("a series has no percentiles: {e}");
        }
    }
}

/// Buckets that hold anything, with their counts.
fn buckets(sparse: &Sparse) -> impl Iterator<Item = (u64, u64)> + '_ {
    let mut index = 0u64;
    let pairs = sparse.buckets.as_chunks::<2>().0.iter().map(move |[delta, count]| {
        index = index.saturating_add(*delta);
        (index, *count)
    });
    pairs.filter(|(_, count)| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proto::histogram::HIGHEST_US;
    use std::time::Duration;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
        histogram
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn parts_add_up_to_the_whole(parts in prop::collection::vec(prop::collection::vec(1..10_000_000u64, 0..40), 0..6)) {
            let (mut counts, mut other) = (Counts::default(), Counts::default());
            for (i, part) in parts.iter().enumerate() {
                let half = if i % 2 == 0 { &mut counts } else { &mut other };
                half.add(&of(part).to_sparse());
            }
            counts.add_counts(&other);
            let (mut merged, whole) = (Histogram::new(), of(&parts.concat()));
            counts.fill(&mut merged);
            prop_assert_eq!(merged.to_sparse(), whole.to_sparse());
            prop_assert_eq!(counts.count(), whole.count());
        }

        /// Packed, in pages or in both: however little room for pages there is, nothing is rounded, and what is refused is whole.
        #[test]
        fn what_an_account_has_room_for_is_exact(
            parts in prop::collection::vec(prop::collection::vec(1..HIGHEST_US, 0..200), 0..12),
            (left, in_pages) in (0..20_000usize, 0..200_000usize),
        ) {
            let mut account = Account::of(left, in_pages);
            let (mut counts, mut taken) = (Counts::default(), Vec::new());
            for part in &parts {
                if counts.add_within(&of(part).to_sparse(), &mut account) {
                    taken.extend(part);
                }
            }
            let mut merged = Histogram::new();
            counts.fill(&mut merged);
            prop_assert_eq!(merged.to_sparse(), of(&taken).to_sparse());
        }
    }
}
