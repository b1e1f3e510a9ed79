//! One field's value as it stands on the wire, before a type is put on it.

use super::integer_to_decimal;
use super::read::{Booleans, Doubles, Elements, Integers};
use super::{Result, fail, utf8};
use crate::fault::Fault;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot<'a> {
    /// The value itself, 0 to 32766.
    Inline(u16),
    /// Bytes in the data part.
    Data(&'a [u8]),
}

impl<'a> Slot<'a> {
    /// # Errors
    /// Data of another length than 4 or 8.
    #[inline]
    pub fn integer(self) -> Result<i64> {
        match self {
            Self::Inline(value) => Ok(i64::from(value)),
            Self::Data(bytes) => word(bytes)
                .ok_or_else(|| fail(Fault::Size { kind: "an integer", takes: "4 or 8", len: bytes.len() })),
        }
    }

    /// # Errors
    /// As [`Slot::integer`].
    #[inline]
    pub fn decimal(self, scale: i32) -> Result<f64> {
        self.integer().map(|value| integer_to_decimal(value, scale))
    }

    /// # Errors
    /// A boolean never stands in the data part.
    #[inline]
    pub fn boolean(self) -> Result<bool> {
        match self {
            Self::Inline(value) => Ok(value > 0),
            Self::Data(_) => Err(fail(Fault::Data("a boolean"))),
        }
    }

    /// A 4 byte double is taken as the reference does: sign extended, then as bits.
    ///
    /// # Errors
    /// An inline value, or data of another length than 4 or 8.
    #[inline]
    pub fn double(self) -> Result<f64> {
        let bytes = self.data("a double")?;
        let bits = word(bytes)
            .ok_or_else(|| fail(Fault::Size { kind: "a double", takes: "8", len: bytes.len() }))?;
        Ok(f64::from_bits(bits as u64))
    }

    /// # Errors
    /// An inline value.
    #[inline]
    pub fn bytes(self) -> Result<&'a [u8]> {
        self.data("bytes")
    }

    /// # Errors
    /// An inline value, or bytes that are no UTF-8.
    #[inline]
    pub fn text(self) -> Result<&'a str> {
        let len = self.data("a string")?.len();
        let text = self.text_to_copy()?;
        // The whole of it. Told like this, its two words are read one by one: as they were just written one by one, reading
        // both at once would stall until they are in the cache.
        Ok(text.get(..len).unwrap_or(text))
    }

    /// As [`Slot::text`], for one who looks at its words at once.
    #[inline]
    pub(crate) fn text_to_copy(self) -> Result<&'a str> {
        utf8(self.data("a string")?).ok_or_else(|| fail(Fault::Utf8))
    }

    /// The bytes of a nested struct.
    ///
    /// # Errors
    /// An inline value.
    #[inline]
    pub fn nested(self) -> Result<&'a [u8]> {
        self.data("a struct")
    }

    /// # Errors
    /// An inline value, a width other than 4 or 8, or a length that is no multiple of it.
    pub fn integers(self) -> Result<Integers<'a>> {
        Integers::new(self.array()?)
    }

    /// # Errors
    /// As [`Slot::integers`].
    pub fn doubles(self) -> Result<Doubles<'a>> {
        self.integers().map(Doubles)
    }

    /// # Errors
    /// An inline value.
    pub fn booleans(self) -> Result<Booleans<'a>> {
        self.array().map(Booleans::new)
    }

    /// The elements of an array of strings, binaries or structs.
    ///
    /// # Errors
    /// An inline value.
    #[inline]
    pub fn elements(self) -> Result<Elements<'a>> {
        self.array().map(Elements::new)
    }

    /// The bytes of any array.
    ///
    /// # Errors
    /// An inline value.
    #[inline]
    pub(crate) fn array(self) -> Result<&'a [u8]> {
        self.data("an array")
    }

    #[inline]
    fn data(self, what: &'static str) -> Result<&'a [u8]> {
        match self {
            Self::Data(bytes) => Ok(bytes),
            Self::Inline(_) => Err(fail(Fault::Inline(what))),
        }
    }
}

#[inline]
fn word(bytes: &[u8]) -> Option<i64> {
    if let Ok(wide) = bytes.try_into() {
        return Some(i64::from_le_bytes(wide));
    }
    bytes.try_into().ok().map(|narrow| i64::from(i32::from_le_bytes(narrow)))
}
