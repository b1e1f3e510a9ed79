//! Reading: one function for each kind of field, from its slot to the value.

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::wire::{self, Elements, Fields, Slot, integer_to_decimal};

/// Reads itself, as a struct at a level.
pub trait Read<'a>: Default {
    /// Fills itself from the bytes of a struct; gives the bytes after it. In place, so that a large struct is not moved.
    fn read(&mut self, bytes: &'a [u8], depth: usize) -> Result<&'a [u8]>;
}

impl<'a, T: Read<'a>> Read<'a> for Box<T> {
    #[inline]
    fn read(&mut self, bytes: &'a [u8], depth: usize) -> Result<&'a [u8]> {
        (**self).read(bytes, depth)
    }
}

/// The field `name` has this value; an error is told so.
#[inline]
pub fn at<T, E: Into<Error>>(name: &'static str, value: std::result::Result<T, E>) -> Result<T> {
    value.map_err(|error| error.into().in_field(name))
}

/// A string to keep.
#[inline]
pub fn string(slot: Slot<'_>) -> wire::Result<String> {
    slot.text().map(str::to_owned)
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
    exact(&mut value, slot.nested()?, depth)?;
    Ok(value)
}

/// A nested struct takes its bytes exactly.
#[inline]
fn exact<'a, T: Read<'a>>(value: &mut T, bytes: &'a [u8], depth: usize) -> Result<()> {
    let rest = value.read(bytes, depth + 1)?;
    if rest.is_empty() { Ok(()) } else { Err(Fault::Trailing(rest.len()).into()) }
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

/// An array of strings to keep.
pub fn strings(slot: Slot<'_>) -> Result<Vec<String>> {
    list(slot, |bytes| Ok(string(Slot::Data(bytes))?))
}

/// An array of borrowed strings.
pub fn strings_ref(slot: Slot<'_>) -> Result<Vec<&str>> {
    list(slot, |bytes| Ok(Slot::Data(bytes).text()?))
}

/// An array of binaries to keep.
pub fn binaries(slot: Slot<'_>) -> Result<Vec<Vec<u8>>> {
    list(slot, |bytes| Ok(bytes.to_vec()))
}

/// An array of borrowed binaries.
pub fn binaries_ref(slot: Slot<'_>) -> Result<Vec<&[u8]>> {
    list(slot, Ok)
}

/// An array of structs.
#[inline]
pub fn structs<'a, T: Read<'a>>(slot: Slot<'a>, depth: usize) -> Result<Vec<T>> {
    fill(slot, |value, bytes| exact(value, bytes, depth))
}

/// Structs that must have their key field, `name`.
#[inline]
pub fn keyed<'a, T: Read<'a>>(
    slot: Slot<'a>,
    depth: usize,
    name: &'static str,
    has_key: impl Fn(&T) -> bool,
) -> Result<Vec<T>> {
    fill(slot, |value, bytes| {
        exact(value, bytes, depth)?;
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
    list(slot, |bytes| entry(bytes, depth + 1)).map(M::from_iter)
}

/// One entry of a `*T()`: `field` is called with each tag and slot; the key and the value must be there in the end.
#[inline]
pub fn pair<'a, K, V>(
    bytes: &'a [u8],
    names: [&'static str; 2],
    mut field: impl FnMut(u32, Slot<'a>, &mut Option<K>, &mut Option<V>) -> Result<()>,
) -> Result<(K, V)> {
    let (mut key, mut value) = (None, None);
    let mut slots = Fields::new(bytes)?;
    while let Some((tag, slot)) = slots.next()? {
        field(tag, slot, &mut key, &mut value)?;
    }
    if !slots.rest().is_empty() {
        return Err(Fault::Trailing(slots.rest().len()).into());
    }
    let key = key.ok_or_else(|| Error::decode(Fault::NoKey(names[0].into())))?;
    let value = value.ok_or_else(|| Error::decode(Fault::NoValue(names[1].into())))?;
    Ok((key, value))
}

/// Makes room for exactly as many elements as there are, then fills it.
#[inline]
fn list<'a, T>(slot: Slot<'a>, mut make: impl FnMut(&'a [u8]) -> Result<T>) -> Result<Vec<T>> {
    let mut elements: Elements<'a> = slot.elements()?;
    let mut values = Vec::with_capacity(elements.count()?);
    while let Some(bytes) = elements.next()? {
        let value = make(bytes).map_err(|error| error.in_element(values.len()))?;
        values.push(value);
    }
    Ok(values)
}

/// As [`list`], for elements that are filled where they stand.
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
