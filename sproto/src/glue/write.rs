//! Writing: first all slots of a struct, then the data of those that are not inline. Nothing has to be moved.

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::glue::Read;
use crate::list::List;
use crate::wire::{INLINE_MAX, Length, decimal_to_integer, put_bytes as put};

/// Structs of a recursive type nest too deep.
#[cold]
pub fn too_deep() -> Error {
    Error::encode(Fault::TooDeep)
}

/// Writes itself: a struct at a level, or what is an element of an array as a struct is.
pub trait Write {
    /// # Errors
    /// Too deep, or a list that was decoded and cannot be read.
    fn write(&self, out: &mut Vec<u8>, depth: usize) -> Result<()>;
}

impl<T: Write> Write for Box<T> {
    #[inline]
    fn write(&self, out: &mut Vec<u8>, depth: usize) -> Result<()> {
        (**self).write(out, depth)
    }
}

impl Write for &str {
    #[inline]
    fn write(&self, out: &mut Vec<u8>, _depth: usize) -> Result<()> {
        out.extend_from_slice(self.as_bytes());
        Ok(())
    }
}

impl Write for &[u8] {
    #[inline]
    fn write(&self, out: &mut Vec<u8>, _depth: usize) -> Result<()> {
        out.extend_from_slice(self);
        Ok(())
    }
}

/// The header of one struct. Fields are told in tag order, whether they are there or not.
#[derive(Debug)]
#[must_use]
pub struct Slots<'o> {
    /// The slot count, and room for all slots.
    words: &'o mut [[u8; 2]],
    used: usize,
    next: u16,
}

impl<'o> Slots<'o> {
    /// Begins a struct at the end of `out`, with a header of `LEN` bytes if every field is there. A size known beforehand is
    /// made room for in one go.
    #[inline]
    pub fn new<const LEN: usize>(out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; LEN]);
        Self { words: out.get_mut(start..).unwrap_or_default().as_chunks_mut().0, used: 1, next: 0 }
    }

    /// An integer: inline, or data to follow.
    #[inline]
    pub fn integer(&mut self, tag: u16, value: Option<i64>) {
        if let Some(value) = value {
            self.put(tag, if is_inline(value) { (value as u16 + 1) * 2 } else { 0 });
        }
    }

    /// A boolean.
    #[inline]
    pub fn boolean(&mut self, tag: u16, value: Option<bool>) {
        if let Some(value) = value {
            self.put(tag, (u16::from(value) + 1) * 2);
        }
    }

    /// Anything that is data, if it is there.
    #[inline]
    pub fn data(&mut self, tag: u16, there: bool) {
        if there {
            self.put(tag, 0);
        }
    }

    /// Writes the slot count. Gives the bytes of the header that stay unused.
    #[inline]
    pub fn finish(self) -> usize {
        let unused = (self.words.len() - self.used) * 2;
        if let Some(word) = self.words.first_mut() {
            *word = (self.used as u16 - 1).to_le_bytes();
        }
        unused
    }

    #[inline]
    fn put(&mut self, tag: u16, slot: u16) {
        if tag > self.next {
            self.word((tag - self.next) * 2 - 1);
        }
        self.word(slot);
        self.next = tag + 1;
    }

    #[inline]
    fn word(&mut self, value: u16) {
        if let Some(word) = self.words.get_mut(self.used) {
            *word = value.to_le_bytes();
        }
        self.used += 1;
    }
}

#[inline]
fn is_inline(value: i64) -> bool {
    (0..=INLINE_MAX).contains(&value)
}

/// The data of an integer that is not inline.
#[inline]
pub fn put_integer(out: &mut Vec<u8>, value: Option<i64>) {
    match value {
        Some(value) if !is_inline(value) => match i32::try_from(value) {
            Ok(narrow) => put(out, &narrow.to_le_bytes()),
            Err(_) => put(out, &value.to_le_bytes()),
        },
        _ => {}
    }
}

/// The data of a double.
#[inline]
pub fn put_double(out: &mut Vec<u8>, value: Option<f64>) {
    if let Some(value) = value {
        put(out, &value.to_bits().to_le_bytes());
    }
}

/// The data of a string or binary.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    if let Some(bytes) = bytes {
        put(out, bytes);
    }
}

/// The data of a nested struct.
///
/// # Errors
/// As [`Write::write`].
#[inline]
pub fn put_nested<T: Write>(out: &mut Vec<u8>, value: Option<&T>, depth: usize) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let length = Length::open(out);
    value.write(out, depth + 1)?;
    length.close(out);
    Ok(())
}

/// The data of an array of integers.
pub fn put_integers(out: &mut Vec<u8>, values: Option<&[i64]>) {
    if let Some(values) = values {
        put_widths(out, values.iter().copied());
    }
}

/// The data of an array of decimals.
pub fn put_decimals(out: &mut Vec<u8>, values: Option<&[f64]>, scale: i32) {
    if let Some(values) = values {
        put_widths(out, values.iter().map(|&value| decimal_to_integer(value, scale)));
    }
}

/// All elements are 4 bytes wide, or 8 if one of them needs that. An empty array has no width.
fn put_widths(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = i64> + Clone) {
    let length = Length::open(out);
    let mut narrow = values.clone();
    if values.len() == 0 {
    } else if narrow.all(|value| i32::try_from(value).is_ok()) {
        out.push(4);
        values.for_each(|value| out.extend_from_slice(&(value as i32).to_le_bytes()));
    } else {
        out.push(8);
        values.for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }
    length.close(out);
}

/// The data of an array of doubles.
pub fn put_doubles(out: &mut Vec<u8>, values: Option<&[f64]>) {
    let Some(values) = values else { return };
    let length = Length::open(out);
    if !values.is_empty() {
        out.push(8);
    }
    values.iter().for_each(|value| out.extend_from_slice(&value.to_bits().to_le_bytes()));
    length.close(out);
}

/// The data of an array of booleans.
pub fn put_booleans(out: &mut Vec<u8>, values: Option<&[bool]>) {
    let Some(values) = values else { return };
    let length = Length::open(out);
    out.extend(values.iter().map(|&value| u8::from(value)));
    length.close(out);
}

/// The data of an array of strings or binaries.
#[inline]
pub fn put_list<T: AsRef<[u8]>>(out: &mut Vec<u8>, values: Option<&[T]>) {
    let Some(values) = values else { return };
    let length = Length::open(out);
    values.iter().for_each(|value| put(out, value.as_ref()));
    length.close(out);
}

/// The data of an array of structs.
///
/// # Errors
/// As [`Write::write`].
#[inline]
pub fn put_structs<T: Write>(out: &mut Vec<u8>, values: Option<&[T]>, depth: usize) -> Result<()> {
    let Some(values) = values else { return Ok(()) };
    let length = Length::open(out);
    for value in values {
        put_nested(out, Some(value), depth)?;
    }
    length.close(out);
    Ok(())
}

/// The data of an array that was decoded, or is a slice. What is decoded is written anew: its bytes need not be right.
///
/// # Errors
/// As [`Write::write`].
#[inline]
pub fn put_each<'a, T: Read<'a> + Write + Clone>(
    out: &mut Vec<u8>,
    values: Option<&List<'a, T>>,
    depth: usize,
) -> Result<()> {
    let Some(values) = values else { return Ok(()) };
    let length = Length::open(out);
    let mut values = values.iter();
    while let Some(value) = values.step() {
        let written = put_nested(out, Some(&value?), depth);
        written
            .map_err(|error| if is_decode(&error) { error.in_element(values.index() - 1) } else { error })?;
    }
    length.close(out);
    Ok(())
}

/// The field `name` was written like this. What was decoded and is wrong is told with its place; a depth is not.
#[inline]
pub fn within(name: &'static str, written: Result<()>) -> Result<()> {
    written.map_err(|error| if is_decode(&error) { error.in_field(name) } else { error })
}

fn is_decode(error: &Error) -> bool {
    matches!(error, Error::Decode(_))
}

/// The data of a map whose entries, structs of two fields, `entry` writes.
///
/// # Errors
/// As [`Write::write`].
#[inline]
pub fn put_map<E>(
    out: &mut Vec<u8>,
    entries: Option<impl IntoIterator<Item = E>>,
    depth: usize,
    mut entry: impl FnMut(&mut Vec<u8>, E, usize) -> Result<()>,
) -> Result<()> {
    let Some(entries) = entries else { return Ok(()) };
    let length = Length::open(out);
    for item in entries {
        let nested = Length::open(out);
        entry(out, item, depth + 1)?;
        nested.close(out);
    }
    length.close(out);
    Ok(())
}
