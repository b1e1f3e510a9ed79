//! Moves the non-zero bytes of a word together, and apart again, by one shuffle: a table tells for each mask which byte goes
//! where. On x86-64 of the last fifteen years and on aarch64 that is one instruction.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, u8x16};

/// For each mask of non-zero bytes, the byte that comes to each place.
type Shuffles = [[u8; 8]; 256];

/// A byte beyond the word: zero.
const NONE: u8 = 8;

static SQUEEZE: Shuffles = shuffles(false);

/// The same for the way back.
static SPREAD: Shuffles = shuffles(true);

const fn shuffles(back: bool) -> Shuffles {
    let mut all = [[NONE; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut byte, mut kept) = (0, 0);
        while byte < 8 {
            if mask >> byte & 1 == 1 {
                let (to, from) = if back { (byte, kept) } else { (kept, byte) };
                all[mask][to] = from as u8;
                kept += 1;
            }
            byte += 1;
        }
        mask += 1;
    }
    all
}

/// What the CPU can do. Words do not fill wider vectors, and the code for those is slower.
#[inline]
pub(super) fn level() -> Level {
    let level = Level::new();
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let level = level.as_sse4_2().map_or(level, Level::Sse4_2);
    level
}

/// A bit for each byte that is not zero.
#[inline(always)]
pub(super) fn mask_of<S: Simd>(simd: S, word: u64) -> u8 {
    !vector(simd, word).simd_eq(0).to_bitmask() as u8
}

/// The number of bytes that a mask stands for.
#[inline(always)]
pub(super) fn count_of(mask: u8) -> usize {
    mask.count_ones() as usize
}

/// The bytes of the mask, moved to the low end.
#[inline(always)]
pub(super) fn squeeze<S: Simd>(simd: S, word: u64, mask: u8) -> u64 {
    shuffle(simd, word, SQUEEZE[usize::from(mask)])
}

/// The reverse: the low bytes, as many as the mask has bits, moved to where its bits are. What is above them is dropped.
#[inline(always)]
pub(super) fn spread<S: Simd>(simd: S, word: u64, mask: u8) -> u64 {
    shuffle(simd, word, SPREAD[usize::from(mask)])
}

#[inline(always)]
fn shuffle<S: Simd>(simd: S, word: u64, bytes: [u8; 8]) -> u64 {
    let (word, bytes) = (vector(simd, word), vector(simd, u64::from_le_bytes(bytes)));
    u128::from_le_bytes(word.swizzle_dyn(bytes).into()) as u64
}

/// A word, and as many zero bytes above it.
#[inline(always)]
fn vector<S: Simd>(simd: S, word: u64) -> u8x16<S> {
    u128::from(word).to_le_bytes().simd_into(simd)
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::*;

    #[test]
    fn every_mask_squeezes_and_spreads_at_every_level() {
        for level in [level(), Level::new(), Level::baseline()] {
            dispatch!(level, simd => (0..=255).for_each(|mask| squeezes_and_spreads(simd, mask)));
        }
    }

    #[inline(always)]
    fn squeezes_and_spreads<S: Simd>(simd: S, mask: u8) {
        let bytes: [u8; 8] = std::array::from_fn(|i| if mask >> i & 1 == 1 { i as u8 + 1 } else { 0 });
        let word = u64::from_le_bytes(bytes);
        assert_eq!(mask_of(simd, word), mask);
        let kept: Vec<u8> = bytes.into_iter().filter(|&byte| byte != 0).collect();
        assert_eq!(count_of(mask), kept.len());
        let squeezed = squeeze(simd, word, mask);
        assert_eq!(squeezed.to_le_bytes()[..kept.len()], kept);
        let above = if mask == 0xff { 0 } else { u64::MAX << (8 * kept.len()) };
        assert_eq!(spread(simd, squeezed | above, mask), word, "{mask:08b}");
    }
}
