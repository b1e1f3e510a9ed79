//! Integer arrays as they are written: 4 bytes each until one needs 8, then all are widened.

/// Writes the elements of an integer array one by one.
#[derive(Debug)]
pub struct IntegerWriter {
    /// Where the width byte stands (or would: an empty array has none).
    start: usize,
    wide: bool,
}

impl IntegerWriter {
    /// Begins an array at the end of `out`.
    pub fn new(out: &[u8]) -> Self {
        Self { start: out.len(), wide: false }
    }

    /// Appends one element.
    pub fn push(&mut self, out: &mut Vec<u8>, value: i64) {
        if out.len() == self.start {
            out.push(4);
        }
        match i32::try_from(value) {
            Ok(narrow) if !self.wide => out.extend_from_slice(&narrow.to_le_bytes()),
            _ => {
                self.widen(out);
                out.extend_from_slice(&value.to_le_bytes());
            }
        }
    }

    fn widen(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.wide, true) {
            return;
        }
        let narrow = out.split_off(self.start + 1);
        if let Some(width) = out.get_mut(self.start) {
            *width = 8;
        }
        for word in narrow.as_chunks().0 {
            out.extend_from_slice(&i64::from(i32::from_le_bytes(*word)).to_le_bytes());
        }
    }
}
