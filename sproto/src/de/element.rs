//! Arrays: the elements one by one.

use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, IntoDeserializer, SeqAccess};

use super::fail::{Fail, Result};
use super::value::{Found, ValueDeserializer};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape};
use crate::wire::{Elements, Fields, Slot};

/// The elements of an array of numbers or booleans.
pub(super) struct NumbersAccess<I>(pub I);

impl<'de, I> SeqAccess<'de> for NumbersAccess<I>
where
    I: ExactSizeIterator,
    I::Item: IntoDeserializer<'de, Fail>,
{
    type Error = Fail;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.0.next().map(|number| seed.deserialize(number.into_deserializer())).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The elements of an array of strings, binaries or structs.
pub(super) struct ElementsAccess<'de, 't> {
    field: &'t Field,
    /// The current element.
    found: Found<'de, 't>,
    elements: Elements<'de>,
    left: usize,
    index: usize,
}

impl<'de, 't> ElementsAccess<'de, 't> {
    #[inline(always)]
    pub(super) fn new(array: ValueDeserializer<'_, 'de, 't>) -> Result<Self> {
        let elements = array.slot().elements()?;
        let left = elements.count()?;
        let found = Found::new(array.found.ty, array.found.depth, true);
        Ok(Self { field: array.field, found, elements, left, index: 0 })
    }

    /// An element of a `*T(key)` must have its key, even if nobody looks at it.
    fn check_key(&self, bytes: &[u8]) -> Result<()> {
        let (Shape::Keyed { key }, Kind::Struct(id)) = (self.field.shape(), self.field.kind()) else {
            return Ok(());
        };
        let item = self.found.ty.by_id(id);
        let key = item.fields().get(key);
        let slots = Fields::new(bytes)?;
        if key.is_some_and(|key| slots.has(key.tag())) {
            return Ok(());
        }
        Err(Fail::new(Fault::NoKey(key.map_or("?", Field::name).into())))
    }
}

impl<'de> SeqAccess<'de> for ElementsAccess<'de, '_> {
    type Error = Fail;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(bytes) = self.elements.next()? else { return Ok(None) };
        let index = self.index;
        (self.index, self.left) = (index + 1, self.left.saturating_sub(1));
        if matches!(self.field.shape(), Shape::Keyed { .. }) {
            self.check_key(bytes).map_err(|fail| fail.in_element(index))?;
        }
        self.found.set(Slot::Data(bytes));
        let element = ValueDeserializer { found: &self.found, field: self.field };
        Ok(Some(seed.deserialize(element).map_err(|fail| fail.in_element(index))?))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }

    #[inline(always)]
    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>> {
        self.next_element_seed(PhantomData)
    }
}
