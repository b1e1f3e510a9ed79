//! 0-packing: messages are full of zero bytes, and this takes most of them out, 8 bytes at a time.

use crate::error::{Error, Result};

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
    let (words, tail) = bytes.as_chunks::<WORD>();
    let mut run = Run::default();
    for word in words {
        run.word(out, word);
    }
    if !tail.is_empty() {
        let mut word = [0; WORD];
        word[..tail.len()].copy_from_slice(tail);
        run.word(out, &word);
    }
}

/// The run of raw words that is being written, if there is one.
#[derive(Default)]
struct Run {
    /// Where its count stands.
    count_at: usize,
    words: usize,
}

impl Run {
    fn word(&mut self, out: &mut Vec<u8>, word: &[u8; WORD]) {
        let nonzero = word.iter().filter(|&&byte| byte != 0).count();
        if self.words > 0 && self.words < RUN_MAX && nonzero >= 6 {
            self.words += 1;
            out[self.count_at] = (self.words - 1) as u8;
            out.extend_from_slice(word);
        } else if nonzero == WORD {
            out.extend_from_slice(&[0xff, 0]);
            *self = Self { count_at: out.len() - 1, words: 1 };
            out.extend_from_slice(word);
        } else {
            self.words = 0;
            put_word(out, word);
        }
    }
}

/// A tag with a bit for each non-zero byte, and those bytes.
fn put_word(out: &mut Vec<u8>, word: &[u8; WORD]) {
    let tag_at = out.len();
    out.push(0);
    let mut tag = 0;
    for (bit, &byte) in word.iter().enumerate() {
        if byte != 0 {
            tag |= 1 << bit;
            out.push(byte);
        }
    }
    out[tag_at] = tag;
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

fn unpack_words(packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let mut rest = packed;
    while let Some((&tag, after)) = rest.split_first() {
        rest = if tag == 0xff {
            let Some((&count, words)) = after.split_first() else { return Err(cut(packed, after, 1)) };
            let len = (usize::from(count) + 1) * WORD;
            let Some((raw, rest)) = words.split_at_checked(len) else { return Err(cut(packed, words, len)) };
            out.extend_from_slice(raw);
            rest
        } else {
            let len = tag.count_ones() as usize;
            let Some((bytes, rest)) = after.split_at_checked(len) else {
                return Err(cut(packed, after, len));
            };
            out.extend_from_slice(&spread(tag, bytes));
            rest
        };
        if out.len() - start > limit {
            return Err(Error::UnpackLimit { limit });
        }
    }
    Ok(())
}

/// Puts bytes where the tag's bits are.
fn spread(tag: u8, bytes: &[u8]) -> [u8; WORD] {
    let mut word = [0; WORD];
    let mut bytes = bytes.iter();
    for (bit, byte) in word.iter_mut().enumerate() {
        if tag >> bit & 1 == 1 {
            *byte = bytes.next().copied().unwrap_or(0);
        }
    }
    word
}

#[cold]
fn cut(packed: &[u8], rest: &[u8], need: usize) -> Error {
    Error::Unpack { at: (packed.len() - rest.len()) as u32, need: need as u16, have: rest.len() as u16 }
}
