//! Sessions that arrive at a rate, whatever becomes of those before them. Rate, model and seed come in; how many have
//! arrived and when each does go out, as pure functions that every worker computes alone and to the same microsecond:
//! nothing here depends on the platform's mathematics, only on exactly rounded operations.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The most arrivals per second that can be asked for.
pub const MOST_PER_SECOND: f64 = 100_000.0;

/// How arrivals are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Evenly.
    #[default]
    Constant,
    /// Independently of each other, as people do.
    Poisson,
}

impl Arrivals {
    /// Its name, as options, tables and files write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
        }
    }
}

/// Arrivals at a rate for some time.
#[derive(Clone, PartialEq, Eq)]
pub struct Flow {
    /// Per second, in millionths.
    rate: u64,
    model: Arrivals,
    seed: u64,
    run_time: Duration,
    /// Of a Poisson flow, the arrivals before each second, and at the end those of all.
    before: Arc<[u64]>,
}

impl Flow {
    /// A flow; none if the rate is not a number above 0 and up to [`MOST_PER_SECOND`].
    pub(crate) fn new(rate: f64, model: Arrivals, run_time: Duration, seed: u64) -> Option<Self> {
        let millionths = (rate * 1e6).round();
        if !(1.0..=MOST_PER_SECOND * 1e6).contains(&millionths) {
            return None;
        }
        let before = match model {
            Arrivals::Constant => Arc::default(),
            Arrivals::Poisson => before(millionths / 1e6, run_time, seed),
        };
        Some(Self { rate: millionths as u64, model, seed, run_time, before })
    }

    /// Arrivals per second, on average.
    pub fn rate(&self) -> f64 {
        self.rate as f64 / 1e6
    }

    /// How they are spaced.
    pub fn model(&self) -> Arrivals {
        self.model
    }

    /// What the spacing comes from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// For how long they were planned.
    pub fn run_time(&self) -> Duration {
        self.run_time
    }

    /// How many have arrived by `t`, those at `t` included.
    pub(crate) fn arrived(&self, t: Duration) -> u64 {
        match self.model {
            Arrivals::Constant => (u128::from(self.rate) * t.as_micros() / PER_RATE) as u64,
            Arrivals::Poisson => match self.second(t.as_secs()) {
                Some(second) => second.before + second.below(cells_until(t.subsec_micros())),
                None => self.before.last().copied().unwrap_or(0),
            },
        }
    }

    /// When the `i`-th arrives, from 0; none if it does not.
    pub(crate) fn instant(&self, i: u64) -> Option<Duration> {
        match self.model {
            Arrivals::Constant => {
                let micros = ((u128::from(i) + 1) * PER_RATE).div_ceil(u128::from(self.rate));
                u64::try_from(micros).ok().map(Duration::from_micros)
            }
            Arrivals::Poisson => {
                let number = self.before.partition_point(|before| *before <= i).checked_sub(1)?;
                let second = self.second(number as u64)?;
                let micros = second.cell_of(i - second.before) * 1_000_000 / CELLS;
                Some(Duration::from_secs(number as u64) + Duration::from_micros(micros))
            }
        }
    }

    fn second(&self, number: u64) -> Option<Second> {
        let place = usize::try_from(number).ok()?;
        let (before, after) = (*self.before.get(place)?, *self.before.get(place + 1)?);
        let key = mix(mix(self.seed ^ OFFSETS).wrapping_add(number));
        Some(Second { key, before, arrivals: after - before })
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The counts of up to 86400 seconds would say nothing more.
        let Self { rate, model, seed, run_time, before: _ } = self;
        write!(f, "Flow({rate} millionths per second, {model:?}, seed {seed}, {run_time:?})")
    }
}

/// Millionths times microseconds in one arrival.
const PER_RATE: u128 = 1_000_000_000_000;

/// What keeps the random numbers for counts and those for offsets apart.
const COUNTS: u64 = 0x636f_756e_7473;
const OFFSETS: u64 = 0x6f66_6673_6574;

/// The cumulated counts of each second: independent draws, so that any of them can be repeated alone.
fn before(rate: f64, run_time: Duration, seed: u64) -> Arc<[u64]> {
    let counts = PoissonTable::new(rate);
    let key = mix(seed ^ COUNTS);
    let seconds = run_time.as_secs() + u64::from(run_time.subsec_nanos() > 0);
    let draws = (0..seconds).map(|second| counts.draw(mix(key.wrapping_add(second))));
    let cumulated = draws.scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    std::iter::once(0).chain(cumulated).collect()
}

/// A Poisson distribution as a table. Made of ratios of neighbours from the most likely count outwards, so that it needs
/// neither exp nor ln, whose last digits differ between platforms.
struct PoissonTable {
    lowest: u64,
    /// The share of draws that are `lowest`, `lowest + 1`, ... at most.
    up_to: Vec<f64>,
}

impl PoissonTable {
    fn new(mean: f64) -> Self {
        const NOTHING: f64 = 1e-20;
        let mode = mean as u64;
        let down = std::iter::successors(Some((mode, 1.0)), |(k, weight)| {
            let next = weight * *k as f64 / mean;
            (next > NOTHING).then(|| (k - 1, next))
        });
        let up = std::iter::successors(Some((mode, 1.0)), |(k, weight)| {
            let next = weight * mean / (k + 1) as f64;
            (next > NOTHING).then_some((k + 1, next))
        });
        let mut weights: Vec<_> = down.collect();
        weights.reverse();
        weights.extend(up.skip(1));
        let lowest = weights.first().map_or(0, |(k, _)| *k);
        let whole: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let up_to = weights.iter().scan(0.0, |sum, (_, weight)| {
            *sum += weight;
            Some(*sum / whole)
        });
        Self { lowest, up_to: up_to.collect() }
    }

    /// The count that 64 random bits stand for.
    fn draw(&self, bits: u64) -> u64 {
        let share = (bits >> 11) as f64 / (1u64 << 53) as f64;
        let place = self.up_to.partition_point(|up_to| *up_to <= share);
        self.lowest + place.min(self.up_to.len() - 1) as u64
    }
}

/// Offsets inside a second are counted in cells of 1/2^20 s.
const LEVELS: u32 = 20;
const CELLS: u64 = 1 << LEVELS;

/// The cells whose microsecond is `micros` at most: those from 0 up to below this one.
fn cells_until(micros: u32) -> u64 {
    ((u64::from(micros) + 1) * CELLS).div_ceil(1_000_000)
}

/// The arrivals of one second, each in a cell of its own choice. Nobody lists them: a tree says of each half how many
/// went into its left half (each with even chance), so that the way to one arrival or one cell is short.
struct Second {
    key: u64,
    before: u64,
    arrivals: u64,
}

impl Second {
    /// Of `arrivals` in a node those in its left half: a coin for each, 64 at a time.
    fn left(&self, node: u64, arrivals: u64) -> u64 {
        let coins = |word: u64| {
            let bits = mix(self.key.wrapping_add((node << 12 | word).wrapping_mul(GOLDEN)));
            let rest = arrivals - word * 64;
            if rest < 64 { bits & ((1 << rest) - 1) } else { bits }
        };
        (0..arrivals.div_ceil(64)).map(|word| u64::from(coins(word).count_ones())).sum()
    }

    /// The cell of the arrival of that rank.
    fn cell_of(&self, mut rank: u64) -> u64 {
        let (mut node, mut arrivals) = (1, self.arrivals);
        for _ in 0..LEVELS {
            let left = self.left(node, arrivals);
            let is_right = rank >= left;
            (rank, arrivals) = if is_right { (rank - left, arrivals - left) } else { (rank, left) };
            node = node * 2 + u64::from(is_right);
        }
        node - CELLS
    }

    /// Arrivals in the cells before `cell`.
    fn below(&self, cell: u64) -> u64 {
        if cell >= CELLS {
            return self.arrivals;
        }
        let (mut node, mut arrivals, mut below) = (1, self.arrivals, 0);
        for level in (0..LEVELS).rev() {
            let left = self.left(node, arrivals);
            let is_right = cell >> level & 1 == 1;
            (below, arrivals) = if is_right { (below + left, arrivals - left) } else { (below, left) };
            node = node * 2 + u64::from(is_right);
        }
        below
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finisher of SplitMix64: 64 bits that look random, from any 64.
fn mix(bits: u64) -> u64 {
    let z = bits.wrapping_add(GOLDEN);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn poisson(rate: f64, seconds: u64, seed: u64) -> Flow {
        Flow::new(rate, Arrivals::Poisson, Duration::from_secs(seconds), seed).unwrap()
    }

    #[test]
    fn counts_have_the_mean_and_the_variance_of_a_poisson_distribution() {
        for (rate, seconds) in
            [(0.01, 86_400), (0.7, 20_000), (5.0, 20_000), (300.0, 5_000), (100_000.0, 2_000)]
        {
            for seed in 0..4 {
                let flow = poisson(rate, seconds, seed);
                let counts: Vec<_> = flow.before.windows(2).map(|two| (two[1] - two[0]) as f64).collect();
                let n = counts.len() as f64;
                let mean = counts.iter().sum::<f64>() / n;
                let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / n;
                // Five standard errors of each.
                assert!((mean - rate).abs() < 5.0 * (rate / n).sqrt(), "{rate}: mean {mean}");
                let spread = ((rate + 2.0 * rate * rate) / n).sqrt();
                assert!((variance - rate).abs() < 5.0 * spread, "{rate}: variance {variance}");
            }
        }
    }

    #[test]
    fn offsets_are_even_over_the_second_and_gaps_are_exponential() {
        let flow = poisson(1_000.0, 20, 3);
        let all = flow.arrived(Duration::from_secs(20));
        let at: Vec<_> = (0..all).map(|i| flow.instant(i).unwrap().as_secs_f64()).collect();
        let tenths = at.iter().fold([0u32; 10], |mut tenths, t| {
            tenths[((t.fract() * 10.0) as usize).min(9)] += 1;
            tenths
        });
        assert!(tenths.iter().all(|n| n.abs_diff(2_000) < 250), "{tenths:?}");
        let gaps: Vec<_> = at.windows(2).map(|two| two[1] - two[0]).collect();
        let longer = gaps.iter().filter(|gap| **gap > 0.001).count() as f64 / gaps.len() as f64;
        assert!((longer - (-1.0f64).exp()).abs() < 0.02, "{longer} of the gaps are longer than the mean");
    }

    /// Golden values: what one release computes, all do, or workers of two would not agree.
    #[test]
    fn the_same_seed_gives_the_same_arrivals_for_ever() {
        let flow = poisson(2.5, 10, 42);
        let micros: Vec<_> = (0..5).map(|i| flow.instant(i).unwrap().as_micros()).collect();
        assert_eq!((micros, flow.before[10]), (GOLDEN_MICROS.to_vec(), GOLDEN_TOTAL));
    }

    const GOLDEN_MICROS: [u128; 5] = [1_670_826, 1_884_290, 1_931_611, 2_193_376, 2_337_521];
    const GOLDEN_TOTAL: u64 = 29;

    #[test]
    fn a_day_at_a_high_rate_is_made_and_asked_quickly() {
        let flow = poisson(11_000.0, 86_400, 1);
        let all = *flow.before.last().unwrap();
        assert!(all.abs_diff(950_400_000) < 200_000, "{all}");
        assert!(flow.instant(all - 1).is_some() && flow.instant(all).is_none());
    }

    proptest! {
        /// The two are exact inverses: the i-th arrives just when arrived gets beyond i.
        #[test]
        fn arrived_and_instant_say_the_same(
            rate in prop_oneof![0.001..3.0, 3.0..5_000.0f64],
            is_poisson in any::<bool>(),
            seed: u64,
            place in 0.0..1.0f64,
        ) {
            let model = if is_poisson { Arrivals::Poisson } else { Arrivals::Constant };
            let run_time = Duration::from_secs(20);
            let flow = Flow::new(rate, model, run_time, seed).unwrap();
            let all = flow.arrived(run_time);
            prop_assume!(all > 0);
            let i = ((all as f64 * place) as u64).min(all - 1);
            let at = flow.instant(i).unwrap();
            prop_assert!(flow.arrived(at) > i);
            prop_assert!(at.is_zero() || flow.arrived(at - Duration::from_micros(1)) <= i);
            prop_assert!(i == 0 || flow.instant(i - 1).unwrap() <= at);
        }
    }
}
