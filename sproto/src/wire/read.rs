//! Structs and arrays as they are read: iterators over borrowed bytes that check every length before they use it.

use super::{Result, Slot, fail, u16_at, u32_at};
use crate::fault::Fault;

/// The fields of one struct, in tag order.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    slots: &'a [u8],
    data: &'a [u8],
    next: u32,
}

impl<'a> Fields<'a> {
    /// # Errors
    /// Bytes that are too few for the header.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (count, rest) =
            u16_at(bytes).ok_or_else(|| fail(Fault::Header { need: 2, have: bytes.len() }))?;
        let need = usize::from(count) * 2;
        let (slots, data) = rest
            .split_at_checked(need)
            .ok_or_else(|| fail(Fault::Header { need: need + 2, have: bytes.len() }))?;
        Ok(Self { slots, data, next: 0 })
    }

    /// The next field that is there: its tag and value.
    ///
    /// # Errors
    /// A length that goes beyond the end.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an Iterator of Result would go on after an error")]
    pub fn next(&mut self) -> Result<Option<(u32, Slot<'a>)>> {
        while let Some((word, rest)) = u16_at(self.slots) {
            self.slots = rest;
            let tag = self.next;
            self.next += 1;
            if word == 0 {
                return self.take().map(|data| Some((tag, Slot::Data(data))));
            }
            if word % 2 == 0 {
                return Ok(Some((tag, Slot::Inline(word / 2 - 1))));
            }
            self.next += u32::from(word / 2);
        }
        Ok(None)
    }

    /// The field `tag`, if it is there. To be asked with ascending tags; fields between those are passed over.
    ///
    /// # Errors
    /// A length that goes beyond the end.
    #[inline]
    pub fn at(&mut self, tag: u16) -> Result<Option<Slot<'a>>> {
        let tag = u32::from(tag);
        if self.next < tag {
            self.pass(tag)?;
        }
        if self.next > tag {
            return Ok(None);
        }
        let Some((word, rest)) = u16_at(self.slots) else { return Ok(None) };
        self.slots = rest;
        self.next += 1;
        if word == 0 {
            return self.take().map(|data| Some(Slot::Data(data)));
        }
        if word % 2 == 0 {
            return Ok(Some(Slot::Inline(word / 2 - 1)));
        }
        self.next += u32::from(word / 2);
        Ok(None)
    }

    /// Whether the field `tag` is there. Looks at the header only.
    #[inline]
    pub(crate) fn has(&self, tag: u16) -> bool {
        let (tag, mut next) = (u32::from(tag), self.next);
        for slot in self.slots.as_chunks().0 {
            let word = u16::from_le_bytes(*slot);
            if word % 2 == 0 && next == tag {
                return true;
            }
            next += if word % 2 == 0 { 1 } else { u32::from(word / 2) + 1 };
        }
        false
    }

    /// Passes over all fields before `tag`.
    fn pass(&mut self, tag: u32) -> Result<()> {
        while self.next < tag {
            let Some((word, rest)) = u16_at(self.slots) else { return Ok(()) };
            self.slots = rest;
            self.next += 1;
            if word == 0 {
                self.take()?;
            } else if word % 2 == 1 {
                self.next += u32::from(word / 2);
            }
        }
        Ok(())
    }

    /// Passes over all fields that are left. Only at level 0, the root, may bytes follow.
    ///
    /// # Errors
    /// A length that goes beyond the end, or bytes after a struct that must end with its fields.
    #[inline]
    pub fn finish(&mut self, depth: usize) -> Result<()> {
        if !self.slots.is_empty() {
            self.pass(u32::MAX)?;
        }
        if depth > 0 && !self.data.is_empty() {
            return Err(fail(Fault::Trailing(self.data.len())));
        }
        Ok(())
    }

    /// What follows the struct, once [`Fields::next`] gave `None`.
    pub fn rest(&self) -> &'a [u8] {
        self.data
    }

    /// The number of fields still to come, known or not.
    pub fn fields_left(&self) -> usize {
        self.slots.as_chunks::<2>().0.iter().filter(|word| word[0] % 2 == 0).count()
    }

    #[inline]
    fn take(&mut self) -> Result<&'a [u8]> {
        let (bytes, rest) = take(self.data)?;
        self.data = rest;
        Ok(bytes)
    }
}

/// Splits off a length word and the bytes it announces.
#[inline]
fn take(data: &[u8]) -> Result<(&[u8], &[u8])> {
    let (len, rest) = u32_at(data).ok_or_else(|| fail(Fault::Length { need: 4, have: data.len() }))?;
    rest.split_at_checked(len as usize)
        .ok_or_else(|| fail(Fault::Length { need: len as usize, have: rest.len() }))
}

/// The elements of an integer array.
#[derive(Debug, Clone)]
pub struct Integers<'a> {
    bytes: &'a [u8],
    wide: bool,
}

impl<'a> Integers<'a> {
    pub(super) fn new(data: &'a [u8]) -> Result<Self> {
        // Other encoders write an empty array as a lone width byte of any value.
        let Some((&width, bytes)) = data.split_first().filter(|(_, bytes)| !bytes.is_empty()) else {
            return Ok(Self { bytes: &[], wide: false });
        };
        if width != 4 && width != 8 {
            return Err(fail(Fault::Width(width)));
        }
        if bytes.len() % usize::from(width) != 0 {
            return Err(fail(Fault::Ragged { len: bytes.len(), width: width.into() }));
        }
        Ok(Self { bytes, wide: width == 8 })
    }
}

impl Iterator for Integers<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        if self.wide {
            let (word, rest) = self.bytes.split_first_chunk()?;
            self.bytes = rest;
            return Some(i64::from_le_bytes(*word));
        }
        let (word, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(i64::from(i32::from_le_bytes(*word)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.bytes.len() / if self.wide { 8 } else { 4 };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Integers<'_> {}

/// The elements of an array of doubles.
#[derive(Debug, Clone)]
pub struct Doubles<'a>(pub(super) Integers<'a>);

impl Iterator for Doubles<'_> {
    type Item = f64;

    #[inline]
    fn next(&mut self) -> Option<f64> {
        self.0.next().map(|bits| f64::from_bits(bits as u64))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Doubles<'_> {}

/// The elements of an array of booleans.
#[derive(Debug, Clone)]
pub struct Booleans<'a>(std::slice::Iter<'a, u8>);

impl<'a> Booleans<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }
}

impl Iterator for Booleans<'_> {
    type Item = bool;

    #[inline]
    fn next(&mut self) -> Option<bool> {
        self.0.next().map(|&byte| byte != 0)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Booleans<'_> {}

/// The elements of an array of strings, binaries or structs.
#[derive(Debug, Clone)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next element's bytes.
    ///
    /// # Errors
    /// A length that goes beyond the array.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an Iterator of Result would go on after an error")]
    pub fn next(&mut self) -> Result<Option<&'a [u8]>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (bytes, rest) = take(self.0)?;
        self.0 = rest;
        Ok(Some(bytes))
    }

    /// The elements still to come.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The number of elements. Goes over them once, so that room for exactly as many can be made.
    ///
    /// # Errors
    /// A length that goes beyond the array.
    pub fn count(&self) -> Result<usize> {
        let (mut left, mut count) = (self.clone(), 0);
        while left.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
