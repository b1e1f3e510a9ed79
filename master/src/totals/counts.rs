//! The latencies of one series, in pages of buckets: 10,000 series of a few samples must not cost 4 GB, and adding
//! must not cost a search per bucket.

use proto::histogram::{Histogram, Sparse};

/// Buckets of one page, as a power of two.
const PAGE_BITS: u32 = 6;
const PAGE: usize = 1 << PAGE_BITS;

/// Bucket counts with exact sum, least and greatest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that hold anything, ascending.
    pages: Vec<Page>,
    count: u64,
    sum_us: u64,
    min_us: u64,
    max_us: u64,
}

/// The counts of neighbouring buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    number: u64,
    counts: Box<[u64; PAGE]>,
}

impl Page {
    fn new(number: u64) -> Self {
        Self { number, counts: Box::new([0; PAGE]) }
    }

    /// Buckets that hold anything, with their counts.
    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let first = self.number << PAGE_BITS;
        (first..).zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }
}

impl Counts {
    /// Adds what a report counted. Sums stop at their greatest value.
    pub fn add(&mut self, sparse: &Sparse) {
        let mut index = 0u64;
        let pairs = sparse.buckets.as_chunks::<2>().0.iter().map(|[delta, count]| {
            index = index.saturating_add(*delta);
            (index, *count)
        });
        self.merge(pairs, (sparse.sum_us, sparse.min_us, sparse.max_us));
    }

    /// Adds all of another.
    pub fn add_counts(&mut self, other: &Self) {
        self.merge(other.buckets(), (other.sum_us, other.min_us, other.max_us));
    }

    fn merge(&mut self, pairs: impl Iterator<Item = (u64, u64)>, (sum, min, max): (u64, u64, u64)) {
        let (mut place, mut added) = (0, 0u64);
        for (index, count) in pairs.filter(|(_, count)| *count > 0) {
            let number = index >> PAGE_BITS;
            // Both are ascending, so the place only moves on.
            while self.pages.get(place).is_some_and(|page| page.number < number) {
                place += 1;
            }
            if self.pages.get(place).is_none_or(|page| page.number != number) {
                self.pages.insert(place, Page::new(number));
            }
            let bucket = &mut self.pages[place].counts[index as usize % PAGE];
            *bucket = bucket.saturating_add(count);
            added = added.saturating_add(count);
        }
        if added > 0 {
            self.min_us = if self.count == 0 { min } else { self.min_us.min(min) };
            self.max_us = self.max_us.max(max);
            self.sum_us = self.sum_us.saturating_add(sum);
            self.count = self.count.saturating_add(added);
        }
    }

    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.pages.iter().flat_map(Page::buckets)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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
    }
}
