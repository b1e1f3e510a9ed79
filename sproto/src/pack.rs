//! 0-packing: messages are full of zero bytes, and this takes most of them out, 8 bytes at a time.

mod shuffle;

use fearless_simd::{Simd, dispatch};

use crate::error::{Error, Result};
use shuffle::{count_of, level, mask_of, spread, squeeze};

const WORD: usize = 8;

/// A run of raw words holds this many at most: its count is one byte.
const RUN_MAX: usize = 256;

/// The tag of a run.
const RAW: u8 = 0xff;

/// Room for unpacked bytes is made in steps of about this.
const STEP: usize = 4096;

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
    let room = out.get_mut(start..).unwrap_or_default();
    let all = room.len();
    let left = dispatch!(level(), simd => pack_words(simd, &Words::new(bytes), room));
    out.truncate(start + all - left);
}

/// Packs into room that is made beforehand. Gives how much of it is left.
#[inline(always)]
fn pack_words<S: Simd>(simd: S, words: &Words<'_>, mut room: &mut [u8]) -> usize {
    let mut at = 0;
    while at < words.count {
        let word = words.get(at);
        let mask = mask_of(simd, word);
        if mask == RAW {
            let run = put_run(simd, words, at, room);
            room = std::mem::take(&mut room).get_mut(2 + run * WORD..).unwrap_or_default();
            at += run;
            continue;
        }
        let Some(packed) = room.first_chunk_mut::<WORD>() else { break };
        // Seven bytes at most, so the tag goes with them. As many as count are kept by moving on.
        *packed = (squeeze(simd, word, mask) << 8 | u64::from(mask)).to_le_bytes();
        let Some(rest) = std::mem::take(&mut room).get_mut(1 + count_of(mask)..) else { break };
        room = rest;
        at += 1;
    }
    room.len()
}

/// Writes the run that begins with the word `at`. Gives its number of words.
#[inline(always)]
fn put_run<S: Simd>(simd: S, words: &Words<'_>, at: usize, room: &mut [u8]) -> usize {
    let mut run = 0;
    let Some(([tag, count], room)) = room.split_first_chunk_mut() else { return 1 };
    let (room, _) = room.as_chunks_mut::<WORD>();
    for (word, room) in (at..words.count).map(|at| words.get(at)).zip(room).take(RUN_MAX) {
        if run > 0 && count_of(mask_of(simd, word)) < 6 {
            break;
        }
        *room = word.to_le_bytes();
        run += 1;
    }
    (*tag, *count) = (RAW, (run - 1) as u8);
    run
}

/// The bytes as words, the last one padded with zeros.
struct Words<'a> {
    whole: &'a [[u8; WORD]],
    last: u64,
    count: usize,
}

impl<'a> Words<'a> {
    #[inline]
    fn new(bytes: &'a [u8]) -> Self {
        let (whole, tail) = bytes.as_chunks();
        Self { whole, last: padded(tail), count: bytes.len().div_ceil(WORD) }
    }

    #[inline]
    fn get(&self, at: usize) -> u64 {
        self.whole.get(at).map_or(self.last, |word| u64::from_le_bytes(*word))
    }
}

/// Fewer bytes than a word has, padded with zeros. A loop is done before a call to `memcpy` has begun.
#[inline]
fn padded(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
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
    let done = dispatch!(level(), simd => unpack_words(simd, packed, limit, out));
    if done.is_err() {
        out.truncate(start);
    }
    done
}

#[inline(always)]
fn unpack_words<S: Simd>(simd: S, packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let (mut at, mut left) = (start, Stream::new(packed));
    while let Some(stream) = left {
        let need = stream.next_len().ok_or(Error::Unpack { at: packed.len() - stream.after.len() - 1 })?;
        let allowed = limit - (at - start);
        if need > allowed {
            return Err(Error::UnpackLimit { limit });
        }
        // Room is made in steps: what comes out can be 8 times what went in.
        out.resize(at + (need + (2 * stream.after.len()).min(STEP)).min(allowed), 0);
        let (room, _) = out.get_mut(at..).unwrap_or_default().as_chunks_mut();
        let words;
        (left, words) = stream.fill(simd, room);
        at += words * WORD;
    }
    out.truncate(at);
    Ok(())
}

/// What is left of a packed stream. Its tag is kept apart, so that the next one can be found in the bytes of a word that are
/// loaded already, and not only by a load that waits for the length of that word.
#[derive(Clone, Copy)]
struct Stream<'p> {
    tag: u8,
    after: &'p [u8],
}

impl<'p> Stream<'p> {
    #[inline]
    fn new(packed: &'p [u8]) -> Option<Self> {
        packed.split_first().map(|(&tag, after)| Self { tag, after })
    }

    /// What the next word or run unpacks to; nothing if it is cut off.
    #[inline]
    fn next_len(self) -> Option<usize> {
        if self.tag == RAW {
            return self.raw().map(|(raw, _)| raw.len());
        }
        (count_of(self.tag) <= self.after.len()).then_some(WORD)
    }

    /// The bytes of a run, and those after it.
    #[inline]
    fn raw(self) -> Option<(&'p [u8], &'p [u8])> {
        let (&count, after) = self.after.split_first()?;
        after.split_at_checked((usize::from(count) + 1) * WORD)
    }

    /// Fills the room, until it or the stream is at its end or a word is cut off. Gives what is left, and the words filled.
    #[inline(always)]
    fn fill<S: Simd>(mut self, simd: S, room: &mut [[u8; WORD]]) -> (Option<Self>, usize) {
        let mut used = 0;
        while let Some(bytes) = self.after.first_chunk::<WORD>() {
            if self.tag == RAW {
                let Some((raw, after)) = self.raw() else { break };
                let Some(()) = copy(raw, self.after, room.get_mut(used..).unwrap_or_default()) else { break };
                used += raw.len() / WORD;
                let Some(next) = Self::new(after) else { return (None, used) };
                self = next;
                continue;
            }
            let Some(word) = room.get_mut(used) else { break };
            used += 1;
            let bytes = u64::from_le_bytes(*bytes);
            // Seven at most: with eight it would be a run.
            let len = count_of(self.tag) & 7;
            *word = spread(simd, bytes, self.tag).to_le_bytes();
            self.tag = (bytes >> (8 * len)) as u8;
            self.after = self.after.get(1 + len..).unwrap_or_default();
        }
        self.end(simd, room, used)
    }

    /// The last words, of fewer than 8 bytes.
    #[inline(always)]
    fn end<S: Simd>(mut self, simd: S, room: &mut [[u8; WORD]], mut used: usize) -> (Option<Self>, usize) {
        if self.after.len() >= WORD {
            return (Some(self), used);
        }
        let mut bytes = padded(self.after);
        loop {
            let len = count_of(self.tag);
            let (Some(after), Some(word)) = (self.after.get(len..), room.get_mut(used)) else {
                return (Some(self), used);
            };
            used += 1;
            *word = spread(simd, bytes, self.tag).to_le_bytes();
            let Some(next) = Self::new(after) else { return (None, used) };
            bytes >>= 8 * (len + 1);
            self = next;
        }
    }
}

/// Copies a run, whose count stands first in `bytes`. Most runs are short: copies of a size that is known beforehand save
/// the call, where there is room for them.
#[inline(always)]
fn copy(raw: &[u8], bytes: &[u8], room: &mut [[u8; WORD]]) -> Option<()> {
    const BLOCK: usize = 8;
    if let Ok(word) = raw.try_into() {
        *room.first_mut()? = word;
    } else if raw.len() <= BLOCK * WORD
        && let (Some(room), Some((_, bytes))) = (room.first_chunk_mut::<BLOCK>(), bytes.split_first())
        && let Some(bytes) = bytes.first_chunk::<{ BLOCK * WORD }>()
    {
        room.as_flattened_mut().copy_from_slice(bytes);
    } else {
        room.get_mut(..raw.len() / WORD)?.as_flattened_mut().copy_from_slice(raw);
    }
    Some(())
}
