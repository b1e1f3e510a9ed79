//! Many small numbers in few bytes, as they go over the wire: seven bits a byte, the lowest first; the highest bit says that
//! more follow. Histograms that wait or are kept are kept so.

/// Packs numbers.
///
/// ```
/// let bytes = proto::packed::pack([5, 300]);
/// assert_eq!(bytes, [5, 0xac, 2]);
/// assert_eq!(proto::packed::unpack(&bytes).collect::<Vec<_>>(), [5, 300]);
/// ```
pub fn pack(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    numbers.into_iter().for_each(|number| push(&mut bytes, number));
    bytes
}

/// Puts one more number at the end.
pub fn push(bytes: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// The numbers that were packed; of other bytes some numbers.
pub fn unpack(bytes: &[u8]) -> impl Iterator<Item = u64> + Clone + '_ {
    let mut rest = bytes.iter();
    std::iter::from_fn(move || {
        let (mut number, mut shift) = (0u64, 0u32);
        loop {
            let byte = rest.next()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift = shift.saturating_add(7);
            if *byte < 0x80 {
                return Some(number);
            }
        }
    })
}

/// How many numbers were packed.
pub fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte < 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(numbers in prop::collection::vec(prop_oneof![0..300u64, any::<u64>()], 0..50)) {
            let bytes = pack(numbers.iter().copied());
            prop_assert_eq!(count(&bytes), numbers.len());
            prop_assert_eq!(unpack(&bytes).collect::<Vec<_>>(), numbers);
        }

        #[test]
        fn other_bytes_are_some_numbers(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(unpack(&bytes).count(), count(&bytes));
        }
    }
}
