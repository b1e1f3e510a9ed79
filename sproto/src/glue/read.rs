//! Reading: one function for each kind of field, from its slot to the value.

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::list::{List, ListField};
use crate::value::Text;
use crate::wire::{self, Elements, Fields, Slot, integer_to_decimal};

/// Reads itself: a struct, or what is an element of an array as a struct is.
pub trait Read<'a>: Default {
    /// Fills itself from bytes at a level; takes them all, except at level 0. In place, so that a large struct is not moved.
    fn read(&mut self, bytes: &'a [u8], depth: usize) -> Result<()>;
}

impl<'a, T: Read<'a>> Read<'a> for Box<T> {
    #[inline]
    fn read(&mut self, bytes: &'a [u8], depth: usize) -> Result<()> {
        (**self).read(bytes, depth)
    }
}

impl<'a> Read<'a> for &'a str {
    #[inline]
    fn read(&mut self, bytes: &'a [u8], _depth: usize) -> Result<()> {
        *self = Slot::Data(bytes).text()?;
        Ok(())
    }
}

impl<'a> Read<'a> for &'a [u8] {
    #[inline]
    fn read(&mut self, bytes: &'a [u8], _depth: usize) -> Result<()> {
        *self = bytes;
        Ok(())
    }
}

impl Read<'_> for Text {
    #[inline]
    fn read(&mut self, bytes: &[u8], _depth: usize) -> Result<()> {
        *self = string(Slot::Data(bytes))?;
        Ok(())
    }
}

impl Read<'_> for Vec<u8> {
    #[inline]
    fn read(&mut self, bytes: &[u8], _depth: usize) -> Result<()> {
        *self = bytes.to_vec();
        Ok(())
    }
}

/// The field `name` has this value; an error is told so.
#[inline]
pub fn at<T, E: Into<Error>>(name: &'static str, value: std::result::Result<T, E>) -> Result<T> {
    value.map_err(|error| error.into().in_field(name))
}

/// A string to keep.
#[inline]
pub fn string(slot: Slot<'_>) -> wire::Result<Text> {
    slot.text_to_copy().map(Text::from)
}

/// A binary to keep.
#[inline]
pub fn binary(slot: Slot<'_>) -> wire::Result<Vec<u8>> {
    slot.bytes().map(<[u8]>::to_vec)
}

/// A nested struct.
#[inline]
pub fn nested<'a, T: Read<'a>>(slot: Slot<'a>, depth: usize) -> Result<T> {
    let mut value = T::default();
    value.read(slot.nested()?, depth + 1)?;
    Ok(value)
}

/// A struct one level too deep is no fault as long as it has none of the fields that are known.
#[cold]
pub fn only_unknown(bytes: &[u8], depth: usize, known: &[u16]) -> Result<()> {
    let mut fields = Fields::new(bytes)?;
    for &tag in known {
        if fields.at(tag)?.is_some() {
            return Err(Fault::TooDeep.into());
        }
    }
    Ok(fields.finish(depth)?)
}

/// An array of integers.
pub fn integers(slot: Slot<'_>) -> Result<Vec<i64>> {
    Ok(slot.integers()?.collect())
}

/// An array of decimals.
pub fn decimals(slot: Slot<'_>, scale: i32) -> Result<Vec<f64>> {
    Ok(slot.integers()?.map(|value| integer_to_decimal(value, scale)).collect())
}

/// An array of doubles.
pub fn doubles(slot: Slot<'_>) -> Result<Vec<f64>> {
    Ok(slot.doubles()?.collect())
}

/// An array of booleans.
pub fn booleans(slot: Slot<'_>) -> Result<Vec<bool>> {
    Ok(slot.booleans()?.collect())
}

/// An array of strings, binaries or structs that is read later.
#[inline]
pub fn list<'a, T>(slot: Slot<'a>, depth: usize, field: &'static ListField) -> Result<List<'a, T>> {
    List::read(slot, depth, field)
}

/// An array of strings, binaries or structs to keep.
#[inline]
pub fn lists<'a, T: Read<'a>>(slot: Slot<'a>, depth: usize) -> Result<Vec<T>> {
    fill(slot, |value: &mut T, bytes| value.read(bytes, depth + 1))
}

/// Structs that must have their key field, `name`.
#[inline]
pub fn keyed<'a, T: Read<'a>>(
    slot: Slot<'a>,
    depth: usize,
    name: &'static str,
    has_key: impl Fn(&T) -> bool,
) -> Result<Vec<T>> {
    fill(slot, |value: &mut T, bytes| {
        value.read(bytes, depth + 1)?;
        if has_key(value) { Ok(()) } else { Err(Fault::NoKey(name.into()).into()) }
    })
}

/// The entries of a `*T()`; `entry` reads one.
#[inline]
pub fn map<'a, K, V, M: FromIterator<(K, V)>>(
    slot: Slot<'a>,
    depth: usize,
    mut entry: impl FnMut(&'a [u8], usize) -> Result<(K, V)>,
) -> Result<M> {
    let mut elements: Elements<'a> = slot.elements()?;
    let mut entries = Vec::with_capacity(elements.count()?);
    while let Some(bytes) = elements.next()? {
        entries.push(entry(bytes, depth + 1).map_err(|error| error.in_element(entries.len()))?);
    }
    Ok(M::from_iter(entries))
}

/// An entry of a `*T()` must have both of its fields.
#[inline]
pub fn entry<K, V>(key: Option<K>, value: Option<V>, names: [&'static str; 2]) -> Result<(K, V)> {
    let key = key.ok_or_else(|| Error::decode(Fault::NoKey(names[0].into())))?;
    let value = value.ok_or_else(|| Error::decode(Fault::NoValue(names[1].into())))?;
    Ok((key, value))
}

/// Makes room for exactly as many elements as there are; each is filled where it stands.
#[inline]
fn fill<'a, T: Default>(
    slot: Slot<'a>,
    mut read: impl FnMut(&mut T, &'a [u8]) -> Result<()>,
) -> Result<Vec<T>> {
    let mut elements: Elements<'a> = slot.elements()?;
    let mut values = Vec::with_capacity(elements.count()?);
    while let Some(bytes) = elements.next()? {
        let index = values.len();
        values.push(T::default());
        if let Some(value) = values.last_mut() {
            read(value, bytes).map_err(|error| error.in_element(index))?;
        }
    }
    Ok(values)
}
