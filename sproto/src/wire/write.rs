//! A struct as it is written: room for the largest header first, closed up to the slots really used at the end.

use super::{INLINE_MAX, put_bytes};

/// Writes the header of one struct while its data is appended after it.
#[derive(Debug)]
#[must_use = "the header is complete after `finish`"]
pub struct StructWriter {
    start: usize,
    /// Slots that there is room for.
    room: usize,
    used: usize,
    /// The tag that the next slot stands for.
    next: u32,
}

impl StructWriter {
    /// Begins a struct at the end of `out`. `room` is the number of slots when every field is there, gaps included.
    pub fn new(out: &mut Vec<u8>, room: usize) -> Self {
        let start = out.len();
        out.resize(start + 2 + 2 * room, 0);
        Self { start, room, used: 0, next: 0 }
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
    pub fn data(&mut self, out: &mut [u8], tag: u16) {
        self.slot(out, tag, 0);
    }

    /// The field `tag` comes next, its value is small enough for the slot. Values are at most 32766.
    pub fn inline(&mut self, out: &mut [u8], tag: u16, value: u16) {
        self.slot(out, tag, value.saturating_add(1).saturating_mul(2));
    }

    fn slot(&mut self, out: &mut [u8], tag: u16, slot: u16) {
        let gap = u32::from(tag).saturating_sub(self.next);
        if gap > 0 {
            self.put(out, ((gap - 1) * 2 + 1) as u16);
        }
        self.put(out, slot);
        self.next = u32::from(tag) + 1;
    }

    fn put(&mut self, out: &mut [u8], word: u16) {
        let at = self.start + 2 + 2 * self.used;
        if let Some(slot) = out.get_mut(at..at + 2) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        self.used += 1;
    }

    /// Writes the slot count and moves the data up to the slots.
    pub fn finish(self, out: &mut Vec<u8>) {
        let header = self.start + 2 + 2 * self.used;
        let data = self.start + 2 + 2 * self.room;
        if header < data {
            out.copy_within(data.., header);
            out.truncate(out.len() - (data - header));
        }
        if let Some(count) = out.get_mut(self.start..self.start + 2) {
            count.copy_from_slice(&(self.used as u16).to_le_bytes());
        }
    }
}
