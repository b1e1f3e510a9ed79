//! A struct as it is written: room for the largest header first, closed up to the slots really used at the end.

use super::{INLINE_MAX, put_bytes};
#[cfg(feature = "serde")]
use super::{u16_at, u32_at};

/// Writes the header of one struct while its data is appended after it.
#[derive(Debug)]
#[must_use = "the header is complete after `finish`"]
pub struct StructWriter {
    // Small numbers: the writer is moved about, and every word counts.
    start: usize,
    /// Slots that there is room for: at most two for each of 32767 tags.
    room: u16,
    used: u16,
    /// The tag that the next slot stands for.
    next: u32,
}

impl StructWriter {
    /// Begins a struct at the end of `out`. `room` is the number of slots when every field is there, gaps included.
    #[inline]
    pub fn new(out: &mut Vec<u8>, room: usize) -> Self {
        const SMALL: usize = 32;
        let start = out.len();
        let len = 2 + 2 * room;
        if len <= SMALL {
            // A fixed size is written in place; any other costs a call.
            out.extend_from_slice(&[0; SMALL]);
            out.truncate(start + len);
        } else {
            out.resize(start + len, 0);
        }
        Self { start, room: room as u16, used: 0, next: 0 }
    }

    /// Writes an integer: inline from 0 to 32766, else 4 bytes of data, else 8.
    #[inline]
    pub fn integer(&mut self, out: &mut Vec<u8>, tag: u16, value: i64) {
        if (0..=INLINE_MAX).contains(&value) {
            return self.inline(out, tag, value as u16);
        }
        self.data(out, tag);
        match i32::try_from(value) {
            Ok(narrow) => put_bytes(out, &narrow.to_le_bytes()),
            Err(_) => put_bytes(out, &value.to_le_bytes()),
        }
    }

    /// Writes a boolean.
    #[inline]
    pub fn boolean(&mut self, out: &mut [u8], tag: u16, value: bool) {
        self.inline(out, tag, value.into());
    }

    /// Writes a double.
    #[inline]
    pub fn double(&mut self, out: &mut Vec<u8>, tag: u16, value: f64) {
        self.data(out, tag);
        put_bytes(out, &value.to_bits().to_le_bytes());
    }

    /// The field `tag` comes next and its data follows in `out`. Tags must ascend.
    #[inline]
    pub fn data(&mut self, out: &mut [u8], tag: u16) {
        self.slot(out, tag, 0);
    }

    /// The field `tag` comes next, its value is small enough for the slot. Values are at most 32766.
    #[inline]
    pub fn inline(&mut self, out: &mut [u8], tag: u16, value: u16) {
        self.slot(out, tag, value.saturating_add(1).saturating_mul(2));
    }

    #[inline]
    fn slot(&mut self, out: &mut [u8], tag: u16, slot: u16) {
        let gap = u32::from(tag).saturating_sub(self.next);
        if gap > 0 {
            self.put(out, ((gap - 1) * 2 + 1) as u16);
        }
        self.put(out, slot);
        self.next = u32::from(tag) + 1;
    }

    #[inline]
    fn put(&mut self, out: &mut [u8], word: u16) {
        let at = self.start + 2 + 2 * usize::from(self.used);
        if let Some(slot) = out.get_mut(at..at + 2) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        self.used += 1;
    }

    /// The lowest tag that can still be written in order.
    pub fn next_tag(&self) -> u32 {
        self.next
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
        let mut data_at = self.start + 2 + 2 * usize::from(self.room);
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

    /// Writes the slot count and moves the data up to the slots.
    #[inline]
    pub fn finish(self, out: &mut Vec<u8>) {
        let header = self.start + 2 + 2 * usize::from(self.used);
        let data = self.start + 2 + 2 * usize::from(self.room);
        if header < data {
            out.copy_within(data.., header);
            out.truncate(out.len() - (data - header));
        }
        if let Some(count) = out.get_mut(self.start..self.start + 2) {
            count.copy_from_slice(&self.used.to_le_bytes());
        }
    }
}

/// The slot and the data of a struct of one field; nothing if it has none.
#[cfg(feature = "serde")]
fn single_slot(field: &[u8]) -> Option<(u16, &[u8])> {
    let (count, rest) = u16_at(field)?;
    let (slots, data) = rest.split_at_checked(usize::from(count) * 2)?;
    Some((u16::from_le_bytes(*slots.last_chunk()?), data))
}
