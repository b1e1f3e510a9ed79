//! The Poisson process of rate 1: a seed comes in; how many points lie below a place, and where each lies, go out. Places
//! are counted in [`UNIT`]s. A flow of any rate is this one process, read faster or slower: so the same seed gives the
//! same arrivals up to the instant at which two plans part.

use std::sync::Arc;

use super::UNIT;

/// Points are drawn in blocks of so many on average, as a power of 2.
const BLOCK: u32 = 12;

/// Places in a block are counted in so many cells, as a power of 2: a millionth of the mean gap each.
const LEVELS: u32 = 32;

/// Cells in a gap of the mean length.
const CELLS_PER_GAP: u128 = 1 << (LEVELS - BLOCK);

/// What keeps the random numbers for counts and those for offsets apart.
const COUNTS: u64 = 0x636f_756e_7473;
const OFFSETS: u64 = 0x6f66_6673_6574;

/// The process up to some place.
#[derive(Clone)]
pub(super) struct Poisson {
    seed: u64,
    /// The points before each block, and at the end those of all.
    before: Arc<[u64]>,
}

impl Poisson {
    /// The process at least up to `place`.
    pub(super) fn new(seed: u64, place: u128) -> Self {
        let counts = PoissonTable::new(f64::from(1u32 << BLOCK));
        let key = mix(seed ^ COUNTS);
        let blocks = (cells_below(place) >> LEVELS) as u64 + 1;
        let draws = (0..blocks).map(|block| counts.draw(mix(key.wrapping_add(block))));
        let cumulated = draws.scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        Self { seed, before: std::iter::once(0).chain(cumulated).collect() }
    }

    /// Points up to and with `place`.
    pub(super) fn up_to(&self, place: u128) -> u64 {
        let cells = cells_below(place);
        match self.block((cells >> LEVELS) as u64) {
            Some(block) => block.before + block.below(cells as u64 & (CELLS - 1)),
            None => self.before.last().copied().unwrap_or(0),
        }
    }

    /// The place of the `i`-th point, from 0; none if it lies beyond what was drawn.
    pub(super) fn place(&self, i: u64) -> Option<u128> {
        let number = self.before.partition_point(|before| *before <= i).checked_sub(1)? as u64;
        let block = self.block(number)?;
        let cell = (u128::from(number) << LEVELS) + u128::from(block.cell_of(i - block.before));
        // It counts when its cell has gone by.
        Some(((cell + 1) * UNIT).div_ceil(CELLS_PER_GAP))
    }

    fn block(&self, number: u64) -> Option<Block> {
        let place = usize::try_from(number).ok()?;
        let (before, after) = (*self.before.get(place)?, *self.before.get(place + 1)?);
        let key = mix(mix(self.seed ^ OFFSETS).wrapping_add(number));
        Some(Block { key, before, points: after - before })
    }
}

/// Whole cells below a place.
fn cells_below(place: u128) -> u128 {
    place * CELLS_PER_GAP / UNIT
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

/// Cells in a block.
const CELLS: u64 = 1 << LEVELS;

/// The points of one block, each in a cell of its own choice. Nobody lists them: a tree says of each half how many
/// went into its left half (each with even chance), so that the way to one point or one cell is short.
struct Block {
    key: u64,
    before: u64,
    points: u64,
}

impl Block {
    /// Of `points` in a node those in its left half: a coin for each, 64 at a time.
    fn left(&self, node: u64, points: u64) -> u64 {
        let coins = |word: u64| {
            let bits = mix(self.key.wrapping_add((node << 12 | word).wrapping_mul(GOLDEN)));
            let rest = points - word * 64;
            if rest < 64 { bits & ((1 << rest) - 1) } else { bits }
        };
        (0..points.div_ceil(64)).map(|word| u64::from(coins(word).count_ones())).sum()
    }

    /// The cell of the point of that rank.
    fn cell_of(&self, mut rank: u64) -> u64 {
        let (mut node, mut points) = (1, self.points);
        for _ in 0..LEVELS {
            let left = self.left(node, points);
            let is_right = rank >= left;
            (rank, points) = if is_right { (rank - left, points - left) } else { (rank, left) };
            node = node * 2 + u64::from(is_right);
        }
        node - CELLS
    }

    /// Points in the cells before `cell`.
    fn below(&self, cell: u64) -> u64 {
        if cell >= CELLS {
            return self.points;
        }
        let (mut node, mut points, mut below) = (1, self.points, 0);
        for level in (0..LEVELS).rev() {
            let left = self.left(node, points);
            let is_right = cell >> level & 1 == 1;
            (below, points) = if is_right { (below + left, points - left) } else { (below, left) };
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
