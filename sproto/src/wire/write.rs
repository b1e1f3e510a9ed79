//! A struct as it is written: room for the header first, so large as was needed before; slots are written in place, data after
//! them. Only where the guess was wrong is data moved.

use super::{INLINE_MAX, put_bytes};
#[cfg(feature = "serde")]
use super::{u16_at, u32_at};

/// Writes the header of one struct while its data is appended after it.
#[derive(Debug)]
#[must_use = "the header is complete after `finish`"]
pub struct StructWriter {
    // Small numbers: the writer is moved about, and every word counts.
    start: usize,
    /// Slots that there is room for.
    room: u16,
    /// At most 32767, as each stands for one tag or more.
    used: u16,
    /// The tag that the next slot stands for.
    next: u16,
    /// Bytes before the header that wait for the struct's length: 4 or none.
    length: u16,
}

impl StructWriter {
    /// Begins a struct at the end of `out`. `room` is the number of slots that are expected, gaps included: a right guess
    /// is fastest.
    #[inline(always)]
    pub fn new(out: &mut Vec<u8>, room: usize) -> Self {
        Self::begin(out, room, 0)
    }

    /// Begins a struct that stands behind its length.
    #[inline(always)]
    pub fn nested(out: &mut Vec<u8>, room: usize) -> Self {
        Self::begin(out, room, 4)
    }

    #[inline(always)]
    fn begin(out: &mut Vec<u8>, room: usize, length: usize) -> Self {
        const SMALL: usize = 32;
        let start = out.len() + length;
        let end = start + 2 + 2 * room;
        if end - out.len() <= SMALL {
            // A fixed size is written in place; any other costs a call.
            out.extend_from_slice(&[0; SMALL]);
            out.truncate(end);
        } else {
            out.resize(end, 0);
        }
        Self { start, room: room as u16, used: 0, next: 0, length: length as u16 }
    }

    /// Writes an integer: inline from 0 to 32766, else 4 bytes of data, else 8.
    #[inline]
    pub fn integer(&mut self, out: &mut Vec<u8>, tag: u16, value: i64) {
        if (0..=INLINE_MAX).contains(&value) {
            return self.inline(out, tag, value as u16);
        }
        self.data(out, tag);
        match i32::try_from(value) {
            Ok(narrow) => put_word(out, narrow.to_le_bytes()),
            Err(_) => put_word(out, value.to_le_bytes()),
        }
    }

    /// Writes a boolean.
    #[inline]
    pub fn boolean(&mut self, out: &mut Vec<u8>, tag: u16, value: bool) {
        self.inline(out, tag, value.into());
    }

    /// Writes a double.
    #[inline]
    pub fn double(&mut self, out: &mut Vec<u8>, tag: u16, value: f64) {
        self.data(out, tag);
        put_word(out, value.to_bits().to_le_bytes());
    }

    /// The field `tag` comes next and its data follows in `out`. Tags must ascend.
    #[inline]
    pub fn data(&mut self, out: &mut Vec<u8>, tag: u16) {
        self.slot(out, tag, 0);
    }

    /// The field `tag` comes next, its value is small enough for the slot. Values are at most 32766.
    #[inline]
    pub fn inline(&mut self, out: &mut Vec<u8>, tag: u16, value: u16) {
        self.slot(out, tag, value.saturating_add(1).saturating_mul(2));
    }

    #[inline]
    fn slot(&mut self, out: &mut Vec<u8>, tag: u16, slot: u16) {
        if tag > self.next {
            self.put(out, (tag - self.next).wrapping_mul(2).wrapping_sub(1));
        }
        self.put(out, slot);
        self.next = tag.saturating_add(1);
    }

    #[inline]
    fn put(&mut self, out: &mut Vec<u8>, word: u16) {
        if self.used == self.room {
            self.room = widen(out, self.data_start(), self.room);
        }
        let at = self.start + 2 + 2 * usize::from(self.used);
        if let Some(slot) = out.get_mut(at..at + 2) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        self.used += 1;
    }

    #[inline]
    fn data_start(&self) -> usize {
        self.start + 2 + 2 * usize::from(self.room)
    }

    /// The lowest tag that can still be written in order.
    #[inline]
    pub fn next_tag(&self) -> u32 {
        self.next.into()
    }

    /// Slots written so far.
    #[inline]
    pub fn slots(&self) -> u16 {
        self.used
    }

    /// Puts a field before those that are already written. `field` is the encoding of a struct that has only this field.
    ///
    /// Meant for callers who cannot choose the order; it moves what comes after, so it costs more than order does.
    #[cfg(feature = "serde")]
    pub(crate) fn insert(&mut self, out: &mut Vec<u8>, tag: u16, field: &[u8]) {
        let Some((slot, data)) = single_slot(field) else { return };
        let written = self.written(out);
        let at = written.partition_point(|(other, ..)| *other < u32::from(tag));
        let data_at = written.get(at).map_or(out.len(), |(.., data_at)| *data_at);
        out.splice(data_at..data_at, data.iter().copied());
        (self.used, self.next) = (0, 0);
        let (before, after) = written.split_at(at);
        let slots = before.iter().map(|(tag, slot, _)| (*tag as u16, *slot));
        for (tag, slot) in
            slots.chain([(tag, slot)]).chain(after.iter().map(|(tag, slot, _)| (*tag as u16, *slot)))
        {
            self.slot(out, tag, slot);
        }
    }

    /// The fields so far: tag, slot, and where their data begins.
    #[cfg(feature = "serde")]
    fn written(&self, out: &[u8]) -> Vec<(u32, u16, usize)> {
        let mut data_at = self.data_start();
        let mut tag = 0;
        let mut written = Vec::with_capacity(usize::from(self.used) + 1);
        let slots = out.get(self.start + 2..self.start + 2 + 2 * usize::from(self.used)).unwrap_or_default();
        for slot in slots.as_chunks().0.iter().map(|word| u16::from_le_bytes(*word)) {
            if slot % 2 == 0 {
                written.push((tag, slot, data_at));
            }
            if slot == 0 {
                let len = out.get(data_at..).and_then(u32_at).map_or(0, |(len, _)| len as usize);
                data_at += 4 + len;
            }
            tag += if slot % 2 == 1 { u32::from(slot / 2) + 1 } else { 1 };
        }
        written
    }

    /// Writes the slot count, and the length of a struct that stands behind it.
    #[inline]
    pub fn finish(self, out: &mut Vec<u8>) {
        self.close(out);
    }

    /// As [`StructWriter::finish`]. By reference, as a move right after small writes would stall.
    #[inline(always)]
    pub(super) fn close(&self, out: &mut Vec<u8>) {
        if self.used < self.room {
            close_up(out, self.start + 2 + 2 * usize::from(self.used), self.data_start());
        }
        if let Some(count) = out.get_mut(self.start..self.start + 2) {
            count.copy_from_slice(&self.used.to_le_bytes());
        }
        if self.length > 0 {
            let len = (out.len() - self.start) as u32;
            if let Some(word) = out.get_mut(self.start - 4..self.start) {
                word.copy_from_slice(&len.to_le_bytes());
            }
        }
    }
}

/// Makes room for more slots than were expected. The writer itself is not passed: it shall stay in registers.
#[cold]
#[inline(never)]
fn widen(out: &mut Vec<u8>, data: usize, room: u16) -> u16 {
    let more = room.max(4).min(u16::MAX - room);
    out.splice(data..data, std::iter::repeat_n(0, 2 * usize::from(more)));
    room + more
}

/// Moves the data up to the slots.
#[inline(never)]
fn close_up(out: &mut Vec<u8>, header: usize, data: usize) {
    out.copy_within(data.., header);
    out.truncate(out.len() - (data - header));
}

/// Appends a number as data: its length and itself.
#[inline]
fn put_word<const N: usize>(out: &mut Vec<u8>, word: [u8; N]) {
    put_bytes(out, &word);
}

/// The slot and the data of a struct of one field; nothing if it has none.
#[cfg(feature = "serde")]
fn single_slot(field: &[u8]) -> Option<(u16, &[u8])> {
    let (count, rest) = u16_at(field)?;
    let (slots, data) = rest.split_at_checked(usize::from(count) * 2)?;
    Some((u16::from_le_bytes(*slots.last_chunk()?), data))
}
