//! Latencies, as counts in buckets. Durations come in one by one or as [`Sparse`] parts of other histograms;
//! percentiles go out. Merging is adding, so a percentile of a merged histogram is that of all samples.

use std::time::Duration;

/// The longest latency that is told apart, in microseconds; longer ones count as this. The shortest is 1 microsecond.
pub const HIGHEST_US: u64 = 3_600_000_000;

/// Significant digits that a recorded latency keeps.
pub const DIGITS: u8 = 3;

/// Three digits need 2048 steps in the lowest bucket; each further bucket has its upper half, twice as coarse.
const HALF_BITS: u32 = 10;
const HALF: u64 = 1 << HALF_BITS;

/// Why a [`Sparse`] can't be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SparseError {
    /// An index delta without a count.
    #[error("a histogram ends in an index without a count")]
    Odd,
    /// Not one of our buckets.
    #[error("histogram bucket {0} lies beyond {HIGHEST_US} microseconds")]
    Index(u64),
    /// The counts do not fit a counter.
    #[error("a histogram's counts add up to more than 2^63")]
    Count,
    /// The exact figures beside the buckets contradict them.
    #[error("a histogram says it lies from {min_us} to {max_us} microseconds")]
    Bounds {
        /// What it gave as its least.
        min_us: u64,
        /// What it gave as its greatest.
        max_us: u64,
    },
}

/// Counts of latencies from 1 microsecond to 1 hour, to 3 significant digits, with exact sum, least and greatest.
///
/// ```
/// use proto::histogram::Histogram;
/// use std::time::Duration;
///
/// let mut histogram = Histogram::new();
/// for ms in 1..=1000 {
///     histogram.record(Duration::from_millis(ms));
/// }
/// let p99 = histogram.percentile(99.0).as_micros() as f64;
/// assert!((p99 / 990_000.0 - 1.0).abs() < 0.001);
/// ```
#[derive(Clone)]
pub struct Histogram {
    counts: hdrhistogram::Histogram<u64>,
    sum_us: u64,
    min_us: u64,
    max_us: u64,
}

impl Histogram {
    /// An empty histogram.
    #[expect(clippy::expect_used, reason = "the bounds are constants, and a test makes one")]
    pub fn new() -> Self {
        let counts = hdrhistogram::Histogram::new_with_bounds(1, HIGHEST_US, DIGITS).expect("valid bounds");
        Self { counts, sum_us: 0, min_us: u64::MAX, max_us: 0 }
    }

    /// Counts one latency. Beyond the bounds it counts as the nearest bound.
    pub fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(HIGHEST_US).clamp(1, HIGHEST_US);
        self.counts.saturating_record(us);
        self.note(us, us, us);
    }

    /// How many latencies were recorded.
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The latency that `percent` of the samples do not exceed, to 3 significant digits; 0 if empty.
    pub fn percentile(&self, percent: f64) -> Duration {
        let us = self.counts.value_at_quantile((percent / 100.0).clamp(0.0, 1.0));
        // The bucket's upper edge may lie beyond what was ever measured.
        Duration::from_micros(us.clamp(self.min_us.min(self.max_us), self.max_us))
    }

    /// The exact mean; 0 if empty.
    pub fn mean(&self) -> Duration {
        Duration::from_micros(self.sum_us.checked_div(self.count()).unwrap_or(0))
    }

    /// The exact least; 0 if empty.
    pub fn min(&self) -> Duration {
        Duration::from_micros(if self.is_empty() { 0 } else { self.min_us })
    }

    /// The exact greatest; 0 if empty.
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.max_us)
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.counts.reset();
        (self.sum_us, self.min_us, self.max_us) = (0, u64::MAX, 0);
    }

    /// The non-empty buckets.
    pub fn to_sparse(&self) -> Sparse {
        let mut buckets = Vec::new();
        let mut last = 0;
        for step in self.counts.iter_recorded() {
            let index = index_of(step.value_iterated_to());
            buckets.extend([index - last, step.count_at_value()]);
            last = index;
        }
        let min_us = if self.is_empty() { 0 } else { self.min_us };
        Sparse { buckets, sum_us: self.sum_us, min_us, max_us: self.max_us }
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        if !other.is_empty() {
            // Can't fail: all have the same bounds.
            let added = self.counts.add(&other.counts);
            debug_assert!(added.is_ok());
            self.note(other.sum_us, other.min_us, other.max_us);
        }
    }

    /// Adds what another histogram counted, from its wire form.
    ///
    /// # Errors
    /// When the parts are not such as [`Histogram::to_sparse`] gives. Nothing is added then.
    pub fn add(&mut self, sparse: &Sparse) -> Result<(), SparseError> {
        let total = sparse.check()?;
        if self.count().checked_add(total).is_none_or(|sum| sum > i64::MAX as u64) {
            return Err(SparseError::Count);
        }
        for (value, count) in sparse.values() {
            self.counts.saturating_record_n(value, count);
        }
        if total > 0 {
            self.note(sparse.sum_us, sparse.min_us, sparse.max_us);
        }
        Ok(())
    }

    fn note(&mut self, sum_us: u64, min_us: u64, max_us: u64) {
        self.sum_us = self.sum_us.saturating_add(sum_us);
        self.min_us = self.min_us.min(min_us);
        self.max_us = self.max_us.max(max_us);
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Histogram({} from {:?} to {:?})", self.count(), self.min(), self.max())
    }
}

/// A histogram as its non-empty buckets: what goes over the wire each second, a few bytes per distinct latency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sparse {
    /// Index delta, count, index delta, count, ...; ascending.
    pub buckets: Vec<u64>,
    /// Exact sum of the latencies, in microseconds.
    pub sum_us: u64,
    /// Exact least, in microseconds; 0 if empty.
    pub min_us: u64,
    /// Exact greatest, in microseconds.
    pub max_us: u64,
}

impl Sparse {
    /// How many latencies it counts.
    pub fn count(&self) -> u64 {
        self.buckets.iter().skip(1).step_by(2).fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Whether it counts none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Adds what another counts, without a histogram between. Both must be such as [`Histogram::to_sparse`] gives.
    pub fn merge(&mut self, other: &Self) {
        if other.buckets.is_empty() {
            return;
        }
        if self.buckets.is_empty() {
            return self.clone_from(other);
        }
        let (mut mine, mut theirs) = (self.indexed().peekable(), other.indexed().peekable());
        let (mut buckets, mut last) = (Vec::with_capacity(self.buckets.len().max(other.buckets.len())), 0);
        while let Some(index) = mine.peek().into_iter().chain(theirs.peek()).map(|(index, _)| *index).min() {
            let here = mine.next_if(|(at, _)| *at == index).map_or(0, |(_, count)| count);
            let there = theirs.next_if(|(at, _)| *at == index).map_or(0, |(_, count)| count);
            buckets.extend([index - last, here.saturating_add(there)]);
            last = index;
        }
        buckets.shrink_to_fit();
        drop(mine);
        self.buckets = buckets;
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// Takes out the upper half of the buckets; both together are what it was. Each has its part of the sum by its count, and
    /// least and greatest of the whole: of one alone these figures mean little.
    pub fn split_off(&mut self) -> Self {
        let (whole, sum) = (u128::from(self.count()), u128::from(self.sum_us));
        let lower = self.buckets.as_chunks::<2>().0.len().div_ceil(2) * 2;
        let mut buckets = self.buckets.split_off(lower.min(self.buckets.len()));
        let below = self.buckets.iter().step_by(2).fold(0u64, |sum, delta| sum.saturating_add(*delta));
        buckets.first_mut().into_iter().for_each(|first| *first = first.saturating_add(below));
        let part = (sum * u128::from(self.count())).checked_div(whole).unwrap_or(sum);
        let part = u64::try_from(part).unwrap_or(self.sum_us);
        let upper = Self { buckets, sum_us: self.sum_us - part, ..*self };
        self.sum_us = part;
        upper
    }

    /// Bucket and count. Trust it only after `check`.
    fn indexed(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut index = 0u64;
        self.buckets.as_chunks::<2>().0.iter().map(move |[delta, count]| {
            index = index.saturating_add(*delta);
            (index, *count)
        })
    }

    /// A value of each bucket, with its count. Trust it only after `check`.
    fn values(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.indexed().map(|(index, count)| (value_of(index), count))
    }

    /// Whether it is what we write; the number of latencies if so.
    pub(crate) fn check(&self) -> Result<u64, SparseError> {
        let (pairs, rest) = self.buckets.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(SparseError::Odd);
        }
        let (mut index, mut total) = (0u64, 0u64);
        for [delta, count] in pairs {
            index = index.saturating_add(*delta);
            if index > index_of(HIGHEST_US) {
                return Err(SparseError::Index(index));
            }
            total =
                total.checked_add(*count).filter(|sum| *sum <= i64::MAX as u64).ok_or(SparseError::Count)?;
        }
        let within = self.min_us >= 1 && self.min_us <= self.max_us && self.max_us <= HIGHEST_US;
        if total > 0 && !within {
            return Err(SparseError::Bounds { min_us: self.min_us, max_us: self.max_us });
        }
        Ok(total)
    }
}

/// The bucket of a value.
fn index_of(value: u64) -> u64 {
    let above = (u64::BITS - (value | (2 * HALF - 1)).leading_zeros()) - (HALF_BITS + 1);
    (u64::from(above) << HALF_BITS) + (value >> above)
}

/// The least value of a bucket.
fn value_of(index: u64) -> u64 {
    let above = (index >> HALF_BITS).saturating_sub(1);
    (index - (above << HALF_BITS)) << above
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
        histogram
    }

    #[test]
    fn an_empty_one_gives_zeros() {
        let empty = Histogram::new();
        assert_eq!((empty.min(), empty.mean(), empty.max(), empty.percentile(50.0)), Default::default());
        assert_eq!(empty.to_sparse(), Sparse::default());
    }

    #[test]
    fn latencies_beyond_the_bounds_count_as_the_bounds() {
        let histogram = of(&[0, HIGHEST_US + 1, u64::MAX]);
        assert_eq!(
            (histogram.count(), histogram.min(), histogram.max()),
            (3, Duration::from_micros(1), Duration::from_secs(3600))
        );
    }

    #[test]
    fn what_a_worker_would_not_send_is_refused_whole() {
        let sparse =
            |buckets: &[u64], min_us, max_us| Sparse { buckets: buckets.to_vec(), sum_us: 1, min_us, max_us };
        let table = [
            (sparse(&[1], 1, 1), "a histogram ends in an index without a count"),
            (
                sparse(&[1, 1, u64::MAX, 1], 1, 1),
                "histogram bucket 18446744073709551615 lies beyond 3600000000 microseconds",
            ),
            (sparse(&[1, u64::MAX], 1, 1), "a histogram's counts add up to more than 2^63"),
            (sparse(&[1, 1 << 62, 1, 1 << 62], 1, 1), "a histogram's counts add up to more than 2^63"),
            (sparse(&[1, 1], 5, 1), "a histogram says it lies from 5 to 1 microseconds"),
            (sparse(&[1, 1], 0, 1), "a histogram says it lies from 0 to 1 microseconds"),
        ];
        for (sparse, sentence) in table {
            let mut histogram = Histogram::new();
            assert_eq!(histogram.add(&sparse).unwrap_err().to_string(), sentence);
            assert!(histogram.is_empty());
        }
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_the_library(value in 1..HIGHEST_US) {
            let lowest = value_of(index_of(value));
            prop_assert_eq!(lowest, of(&[value]).counts.lowest_equivalent(value));
        }

        #[test]
        fn parts_add_up_to_the_whole(a in prop::collection::vec(1..HIGHEST_US, 0..50), b in prop::collection::vec(1..5_000u64, 0..50)) {
            let mut parts = Histogram::new();
            parts.add(&of(&a).to_sparse()).unwrap();
            parts.add(&of(&b).to_sparse()).unwrap();
            let whole = of(&[a.clone(), b.clone()].concat());
            prop_assert_eq!(parts.to_sparse(), whole.to_sparse());
            prop_assert_eq!(parts.percentile(99.0), whole.percentile(99.0));
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(merged.to_sparse(), whole.to_sparse());
            let mut sparse = of(&a).to_sparse();
            sparse.merge(&of(&b).to_sparse());
            prop_assert_eq!(sparse, whole.to_sparse());
        }

        #[test]
        fn halves_add_up_to_the_whole_and_each_could_be_true(values in prop::collection::vec(1..HIGHEST_US, 0..50)) {
            let whole = of(&values).to_sparse();
            let mut lower = whole.clone();
            let upper = lower.split_off();
            for half in [&lower, &upper] {
                let count = half.check().unwrap();
                prop_assert!((count * half.min_us..=count * half.max_us).contains(&half.sum_us));
            }
            prop_assert!(lower.buckets.len() >= upper.buckets.len());
            prop_assert!(lower.buckets.len() <= upper.buckets.len() + 2);
            lower.merge(&upper);
            prop_assert_eq!(lower, whole);
        }

        /// What a user reads agrees with the exact percentile of the same samples to 3 significant digits.
        #[test]
        fn percentiles_are_right_to_three_digits(
            mut values in prop::collection::vec(1..10_000_000u64, 1..500),
            percent in prop::sample::select(vec![50.0, 90.0, 95.0, 99.0, 99.9, 100.0]),
        ) {
            let told = of(&values).percentile(percent).as_micros() as f64;
            values.sort_unstable();
            let rank = (percent / 100.0 * values.len() as f64).ceil().max(1.0) as usize;
            let exact = values[rank - 1] as f64;
            prop_assert!((told - exact).abs() <= exact / 1000.0, "told {}, exact {}", told, exact);
        }
    }
}
