//! The latencies of one series as its non-empty buckets only: 10,000 series of a few samples must not cost 4 GB.

use proto::histogram::{Histogram, Sparse};

/// Bucket counts, ascending, with exact sum, least and greatest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    buckets: Vec<(u64, u64)>,
    count: u64,
    sum_us: u64,
    min_us: u64,
    max_us: u64,
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
        self.merge(other.buckets.iter().copied(), (other.sum_us, other.min_us, other.max_us));
    }

    fn merge(&mut self, pairs: impl Iterator<Item = (u64, u64)>, (sum, min, max): (u64, u64, u64)) {
        let (mut from, mut added) = (0, 0u64);
        for (index, count) in pairs.filter(|(_, count)| *count > 0) {
            added = added.saturating_add(count);
            // Both are ascending, so each search begins where the last one ended.
            match self.buckets[from..].binary_search_by_key(&index, |(index, _)| *index) {
                Ok(place) => {
                    from += place;
                    self.buckets[from].1 = self.buckets[from].1.saturating_add(count);
                }
                Err(place) => {
                    from += place;
                    self.buckets.insert(from, (index, count));
                }
            }
        }
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
        let pairs = self.buckets.iter().flat_map(|(index, count)| {
            let delta = index - last;
            last = *index;
            [delta, *count]
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
