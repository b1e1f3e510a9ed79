//! Moves the non-zero bytes of a word together, and apart again, without a branch: each byte moves by the number of zero
//! bytes below it, in steps of 1, 2 and 4.

/// What to do with a word of some mask, in a line of the cache of its own.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Moves {
    /// In each of the three steps: which bytes stay, and which move.
    steps: [(u64, u64); 3],
    /// The bytes that the mask stands for, and one for the tag.
    pub packed: usize,
}

/// For each mask of non-zero bytes, how to squeeze.
static SQUEEZE: [Moves; 256] = moves(false);

/// The same for the way back.
static SPREAD: [Moves; 256] = moves(true);

/// The bits of the bytes of each mask. x86-64 without extensions has no instruction to count.
static BITS: [u8; 256] = bits();

const fn bits() -> [u8; 256] {
    let mut all = [0; 256];
    let mut mask = 0;
    while mask < 256 {
        all[mask] = 8 * (mask as u8).count_ones() as u8;
        mask += 1;
    }
    all
}

/// The number of bytes that a mask stands for.
#[inline]
pub(super) fn count_of(mask: u8) -> usize {
    usize::from(BITS[usize::from(mask)] / 8)
}

/// The bits in those bytes.
#[inline]
pub(super) fn bits_of(mask: u8) -> u32 {
    BITS[usize::from(mask)].into()
}

const fn moves(back: bool) -> [Moves; 256] {
    let mut all = [Moves { steps: [(0, 0); 3], packed: 1 }; 256];
    let mut mask = 0;
    while mask < 256 {
        let mut byte = 0;
        let mut zeros = 0;
        while byte < 8 {
            if mask >> byte & 1 == 0 {
                zeros += 1;
            } else {
                all[mask].steps = with_byte(all[mask].steps, byte, zeros, back);
                all[mask].packed += 1;
            }
            byte += 1;
        }
        mask += 1;
    }
    all
}

/// A byte that has `zeros` zero bytes below it, on its way: in steps of 1, 2 and 4 down, or back up in steps of 4, 2 and 1.
const fn with_byte(mut steps: [(u64, u64); 3], byte: usize, zeros: usize, back: bool) -> [(u64, u64); 3] {
    let mut at = byte;
    let mut step = 0;
    while step < 3 {
        let bits = &mut steps[if back { 2 - step } else { step }];
        let there = at;
        if zeros >> step & 1 == 1 {
            at -= 1 << step;
            bits.1 |= 0xff << (8 * there);
        } else {
            bits.0 |= 0xff << (8 * there);
        }
        step += 1;
    }
    steps
}

/// A bit for each byte that is not zero.
#[inline]
pub(super) fn mask_of(word: u64) -> u8 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The high bit of each byte says whether it is not zero; the multiplication gathers the eight bits at the top.
    let high = (((word & LOW) + LOW) | word) & !LOW;
    (high.wrapping_mul(0x0002_0408_1020_4081) >> 56) as u8
}

impl Moves {
    /// How to squeeze a word of this mask.
    #[inline]
    pub(super) fn of(mask: u8) -> &'static Self {
        &SQUEEZE[usize::from(mask)]
    }

    /// The bytes of the mask, moved to the low end. All others must be zero.
    #[inline]
    pub(super) fn squeeze(&self, word: u64) -> u64 {
        let [one, two, four] = &self.steps;
        let word = (word & one.0) | ((word & one.1) >> 8);
        let word = (word & two.0) | ((word & two.1) >> 16);
        (word & four.0) | ((word & four.1) >> 32)
    }
}

/// The reverse: the low bytes, as many as the mask has bits, moved to where its bits are. What is above them is dropped.
#[inline]
pub(super) fn spread(word: u64, mask: u8) -> u64 {
    let [four, two, one] = &SPREAD[usize::from(mask)].steps;
    let word = (word & four.0) | ((word << 32) & four.1);
    let word = (word & two.0) | ((word << 16) & two.1);
    (word & one.0) | ((word << 8) & one.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mask_squeezes_and_spreads() {
        for mask in 0..=255_u8 {
            let bytes: [u8; 8] = std::array::from_fn(|i| if mask >> i & 1 == 1 { i as u8 + 1 } else { 0 });
            let word = u64::from_le_bytes(bytes);
            assert_eq!(mask_of(word), mask);
            let kept: Vec<u8> = bytes.into_iter().filter(|&byte| byte != 0).collect();
            let squeezed = Moves::of(mask).squeeze(word);
            assert_eq!(Moves::of(mask).packed, 1 + kept.len());
            assert_eq!(squeezed.to_le_bytes()[..kept.len()], kept);
            let above = if mask == 0xff { 0 } else { u64::MAX << (8 * kept.len()) };
            assert_eq!(spread(squeezed | above, mask), word, "{mask:08b}");
        }
    }
}
