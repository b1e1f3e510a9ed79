//! Moves the non-zero bytes of a word together, and apart again, without a branch: each byte moves by the number of zero
//! bytes below it, in steps of 1, 2 and 4.

/// For each mask of non-zero bytes: which bytes move in each of the three steps.
static STEPS: [[u64; 3]; 256] = steps();

/// The bits of each mask. x86-64 without extensions has no instruction for it.
static COUNTS: [u8; 256] = counts();

const fn counts() -> [u8; 256] {
    let mut all = [0; 256];
    let mut mask = 0;
    while mask < 256 {
        all[mask] = (mask as u8).count_ones() as u8;
        mask += 1;
    }
    all
}

/// The number of bytes that a mask stands for.
#[inline]
pub(super) fn count_of(mask: u8) -> usize {
    COUNTS[usize::from(mask)].into()
}

const fn steps() -> [[u64; 3]; 256] {
    let mut all = [[0; 3]; 256];
    let mut mask = 0;
    while mask < 256 {
        all[mask] = steps_of(mask);
        mask += 1;
    }
    all
}

const fn steps_of(mask: usize) -> [u64; 3] {
    let mut steps = [0; 3];
    let (mut byte, mut zeros) = (0, 0);
    while byte < 8 {
        if mask >> byte & 1 == 0 {
            zeros += 1;
        } else {
            let (mut at, mut step) = (byte, 0);
            while step < 3 {
                if zeros >> step & 1 == 1 {
                    steps[step] |= 0xff << (8 * at);
                    at -= 1 << step;
                }
                step += 1;
            }
        }
        byte += 1;
    }
    steps
}

/// A bit for each byte that is not zero.
#[inline]
pub(super) fn mask_of(word: u64) -> u8 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The high bit of each byte says whether it is not zero; the multiplication gathers the eight bits at the top.
    let high = (((word & LOW) + LOW) | word) & !LOW;
    ((high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

/// The bytes of the mask, moved to the low end. All others must be zero.
#[inline]
pub(super) fn squeeze(word: u64, mask: u8) -> u64 {
    let [one, two, four] = STEPS[usize::from(mask)];
    let word = (word & !one) | ((word & one) >> 8);
    let word = (word & !two) | ((word & two) >> 16);
    (word & !four) | ((word & four) >> 32)
}

/// The reverse: the low bytes, as many as the mask has bits, moved to where its bits are. `mask` is not 0xff.
#[inline]
pub(super) fn spread(word: u64, mask: u8) -> u64 {
    let [one, two, four] = STEPS[usize::from(mask)];
    let word = word & ((1 << ((8 * count_of(mask)) & 63)) - 1);
    let word = (word & !(four >> 32)) | ((word << 32) & four);
    let word = (word & !(two >> 16)) | ((word << 16) & two);
    (word & !(one >> 8)) | ((word << 8) & one)
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
            let squeezed = squeeze(word, mask);
            assert_eq!(squeezed.to_le_bytes()[..kept.len()], kept);
            if mask != 0xff {
                assert_eq!(spread(squeezed | 0xff << (8 * kept.len() as u64), mask), word, "{mask:08b}");
            }
        }
    }
}
