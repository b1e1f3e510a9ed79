//! Arrays in borrowed structs: bytes of the wire until somebody looks, or a slice for those who write.

use std::fmt;

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::glue::Read;
use crate::wire::{Elements, Fields, Slot};

/// An array of strings, binaries or structs in a borrowed struct. It allocates nothing.
///
/// A decoded list is read element by element, each time that it is gone over, so what is wrong with an element shows
/// only then. A list to encode comes from a slice: `(&[..]).into()`.
///
/// Two lists are equal if all their elements can be read and are equal.
///
/// ```no_run
/// # fn people<'a, T: sproto::MessageRef<'a> + Clone>(list: sproto::List<'a, T>) -> sproto::Result<()> {
/// for person in list {
///     let person = person?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct List<'a, T>(Source<'a, T>);

enum Source<'a, T> {
    Wire(Wire<'a>),
    Slice(&'a [T]),
}

/// Elements that are still to be read.
#[derive(Clone, Copy)]
struct Wire<'a> {
    bytes: &'a [u8],
    field: &'static ListField,
    depth: usize,
}

/// What a list must know of the field that it is read from.
#[derive(Debug)]
pub struct ListField {
    /// The type that the field is in.
    pub ty: &'static str,
    /// The field's name.
    pub name: &'static str,
    /// Tag and name of the field that every element must have.
    pub key: Option<(u16, &'static str)>,
}

impl<'a, T> List<'a, T> {
    /// The elements in the data of a slot, of a struct at a level.
    ///
    /// # Errors
    /// An inline value.
    #[inline]
    pub(crate) fn read(slot: Slot<'a>, depth: usize, field: &'static ListField) -> Result<Self> {
        Ok(Self(Source::Wire(Wire { bytes: slot.array()?, field, depth })))
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        match self.0 {
            Source::Wire(wire) => wire.bytes.is_empty(),
            Source::Slice(items) => items.is_empty(),
        }
    }

    /// Goes over the elements. An error is the last that comes.
    #[inline]
    pub fn iter(&self) -> ListIter<'a, T> {
        ListIter { source: self.0, index: 0 }
    }
}

impl<'a, T: Read<'a> + Clone> List<'a, T> {
    /// All elements.
    ///
    /// # Errors
    /// An element that cannot be read.
    pub fn to_vec(&self) -> Result<Vec<T>> {
        self.iter().collect()
    }

    /// The last element that `is` holds for.
    ///
    /// # Errors
    /// An element that cannot be read, before or after it.
    pub fn find_last(&self, is: impl Fn(&T) -> bool) -> Result<Option<T>> {
        let mut found = None;
        for item in self {
            found = Some(item?).filter(&is).or(found);
        }
        Ok(found)
    }
}

/// The elements of a [`List`], one by one.
pub struct ListIter<'a, T> {
    source: Source<'a, T>,
    index: usize,
}

impl<'a, T: Read<'a> + Clone> ListIter<'a, T> {
    /// The next element. An error knows the element, but not yet the list.
    #[inline]
    pub(crate) fn step(&mut self) -> Option<Result<T>> {
        match &mut self.source {
            Source::Slice(items) => {
                let (item, rest) = items.split_first()?;
                *items = rest;
                self.index += 1;
                Some(Ok(item.clone()))
            }
            Source::Wire(wire) if wire.bytes.is_empty() => None,
            Source::Wire(wire) => {
                let item = wire.next().map_err(|error| error.in_element(self.index));
                self.index += 1;
                Some(item)
            }
        }
    }

    /// How many elements came.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    #[cold]
    fn place(&self, error: Error) -> Error {
        match self.source {
            Source::Wire(Wire { field, .. }) => error.in_field(field.name).in_type(field.ty),
            Source::Slice(_) => error,
        }
    }
}

impl<'a, T: Read<'a> + Clone> Iterator for ListIter<'a, T> {
    type Item = Result<T>;

    #[inline]
    fn next(&mut self) -> Option<Result<T>> {
        Some(self.step()?.map_err(|error| self.place(error)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.source {
            Source::Slice(items) => (items.len(), Some(items.len())),
            Source::Wire(wire) => (usize::from(!wire.bytes.is_empty()), Some(wire.bytes.len().div_ceil(4))),
        }
    }
}

impl<'a> Wire<'a> {
    /// Nothing comes after an error.
    #[inline]
    fn next<T: Read<'a>>(&mut self) -> Result<T> {
        let mut elements = Elements::new(std::mem::take(&mut self.bytes));
        let bytes = elements.next()?.unwrap_or_default();
        let mut item = T::default();
        item.read(bytes, self.depth + 1)?;
        self.check_key(bytes)?;
        self.bytes = elements.rest();
        Ok(item)
    }

    /// The element was read, so that its header is right.
    #[inline]
    fn check_key(&self, bytes: &[u8]) -> Result<()> {
        match self.field.key {
            Some((tag, name)) if !Fields::new(bytes)?.has(tag) => Err(Fault::NoKey(name.into()).into()),
            _ => Ok(()),
        }
    }
}

impl<'a, T: Read<'a> + Clone> IntoIterator for List<'a, T> {
    type Item = Result<T>;
    type IntoIter = ListIter<'a, T>;

    #[inline]
    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Read<'a> + Clone> IntoIterator for &List<'a, T> {
    type Item = Result<T>;
    type IntoIter = ListIter<'a, T>;

    #[inline]
    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self(Source::Slice(items))
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(items: &'a [T; N]) -> Self {
        Self(Source::Slice(items))
    }
}

impl<'a, T> From<&'a Vec<T>> for List<'a, T> {
    fn from(items: &'a Vec<T>) -> Self {
        Self(Source::Slice(items))
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self(Source::Slice(&[]))
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Clone for Source<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Source<'_, T> {}

impl<T> Clone for ListIter<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'a, T: Read<'a> + Clone + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        let (mut one, mut other) = (self.iter(), other.iter());
        loop {
            match (one.next(), other.next()) {
                (None, None) => return true,
                (Some(Ok(one)), Some(Ok(other))) if one == other => {}
                _ => return false,
            }
        }
    }
}

/// An element that cannot be read shows as its error.
impl<'a, T: Read<'a> + Clone + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for item in self {
            match item {
                Ok(item) => list.entry(&item),
                Err(error) => list.entry(&error),
            };
        }
        list.finish()
    }
}

impl<'a, T: Read<'a> + Clone + fmt::Debug> fmt::Debug for ListIter<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        List(self.source).fmt(f)
    }
}
