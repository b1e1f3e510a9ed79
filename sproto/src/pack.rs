//! 0-packing: messages are full of zero bytes, and this takes most of them out, 8 bytes at a time.

mod squeeze;

use crate::error::{Error, Result};
use squeeze::{count_of, mask_of, spread, squeeze};

const WORD: usize = 8;

/// A run of raw words holds this many at most: its count is one byte.
const RUN_MAX: usize = 256;

/// Appends the packed form of `bytes` to `out`, with the reference's exact output.
///
/// ```
/// let mut packed = Vec::new();
/// sproto::pack(&[8, 0, 0, 0, 3, 0, 2, 0, 0x19, 0, 0, 0, 0xaa, 1, 0, 0], &mut packed);
/// assert_eq!(packed, [0x51, 8, 3, 2, 0x31, 0x19, 0xaa, 1]);
/// ```
pub fn pack(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // The most it can become, and room to write a whole word where less is meant.
    out.resize(start + bytes.len() + 2 * bytes.len().div_ceil(RUN_MAX * WORD) + 4 * WORD, 0);
    let mut packer = Packer { out: out.get_mut(start..).unwrap_or_default(), at: 0, count_at: 0, run: 0 };
    let (words, tail) = bytes.as_chunks::<WORD>();
    for word in words {
        packer.word(word);
    }
    if !tail.is_empty() {
        let mut word = [0; WORD];
        word[..tail.len()].copy_from_slice(tail);
        packer.word(&word);
    }
    let len = packer.at;
    out.truncate(start + len);
}

/// Writes into room that is made beforehand.
struct Packer<'o> {
    out: &'o mut [u8],
    at: usize,
    /// Where the count of the open run stands.
    count_at: usize,
    /// Words in the open run; 0 if there is none.
    run: usize,
}

impl Packer<'_> {
    // Inlined, so that the state stays in registers from word to word.
    #[inline(always)]
    fn word(&mut self, bytes: &[u8; WORD]) {
        let word = u64::from_le_bytes(*bytes);
        let mask = mask_of(word);
        let nonzero = count_of(mask);
        if nonzero >= 6 && self.run > 0 && self.run < RUN_MAX {
            self.put(word);
            self.at += WORD;
            if let Some(count) = self.out.get_mut(self.count_at) {
                *count = self.run as u8;
            }
            self.run += 1;
        } else if nonzero == 8 {
            self.put(0x00ff);
            self.count_at = self.at + 1;
            self.at += 2;
            self.run = 1;
            self.put(word);
            self.at += WORD;
        } else {
            self.run = 0;
            self.put(u64::from(mask));
            self.at += 1;
            self.put(squeeze(word, mask));
            self.at += nonzero;
        }
    }

    /// Writes 8 bytes; as many as count are kept by moving on.
    #[inline(always)]
    fn put(&mut self, word: u64) {
        if let Some(room) = self.out.get_mut(self.at..self.at + WORD) {
            room.copy_from_slice(&word.to_le_bytes());
        }
    }
}

/// Appends the unpacked form of `packed` to `out`: `limit` bytes at most. It is padded with zeros to a multiple of 8.
///
/// # Errors
/// A stream that ends within a word, or that unpacks to more than `limit` bytes; `out` is then as it was.
///
/// ```
/// let mut bytes = Vec::new();
/// sproto::unpack(&[0x51, 8, 3, 2, 0x31, 0x19, 0xaa, 1], 1024, &mut bytes)?;
/// assert_eq!(bytes, [8, 0, 0, 0, 3, 0, 2, 0, 0x19, 0, 0, 0, 0xaa, 1, 0, 0]);
///
/// let error = sproto::unpack(&[0; 100], 64, &mut bytes).unwrap_err();
/// assert_eq!(error.to_string(), "unpacks to more than the limit of 64 bytes");
/// # Ok::<(), sproto::Error>(())
/// ```
pub fn unpack(packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let done = unpack_words(packed, limit, out);
    if done.is_err() {
        out.truncate(start);
    }
    done
}

/// Words are written into room made ahead, in steps: what comes out can be 8 times what went in.
fn unpack_words(packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let (mut rest, mut at) = (packed, start);
    while let Some((&tag, after)) = rest.split_first() {
        let len = match (tag, after.first()) {
            (0xff, Some(&count)) => (usize::from(count) + 1) * WORD,
            _ => WORD,
        };
        if out.len() - at < len {
            out.resize(at + len + 2 * rest.len(), 0);
        }
        let room = out.get_mut(at..at + len).unwrap_or_default();
        let next = if tag == 0xff { run(after, room) } else { word(tag, after, room) };
        rest = next.ok_or(Error::Unpack { at: packed.len() - rest.len() })?;
        at += len;
        if at - start > limit {
            return Err(Error::UnpackLimit { limit });
        }
    }
    out.truncate(at);
    Ok(())
}

/// A run of raw words fills its room. Gives what follows it.
#[inline(always)]
fn run<'p>(after: &'p [u8], room: &mut [u8]) -> Option<&'p [u8]> {
    let (raw, rest) = after.get(1..)?.split_at_checked(room.len())?;
    room.copy_from_slice(raw);
    Some(rest)
}

/// A word of which the tag says where its bytes are.
#[inline(always)]
fn word<'p>(tag: u8, after: &'p [u8], room: &mut [u8]) -> Option<&'p [u8]> {
    let len = count_of(tag);
    // Near the end there are no 8 bytes to read at once.
    let bytes = match after.first_chunk::<WORD>() {
        Some(bytes) => *bytes,
        None => {
            let mut bytes = [0; WORD];
            bytes.get_mut(..len)?.copy_from_slice(after.get(..len)?);
            bytes
        }
    };
    *room.first_chunk_mut()? = spread(u64::from_le_bytes(bytes), tag).to_le_bytes();
    after.get(len..)
}
