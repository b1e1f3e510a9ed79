//! Arrays: the elements one by one.

use serde::de::{DeserializeSeed, IntoDeserializer, SeqAccess};

use super::value::ValueDeserializer;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape};
use crate::wire::{Elements, Fields, Slot};

/// The elements of an array of numbers or booleans.
pub(super) struct NumbersAccess<I>(pub I);

impl<'de, I> SeqAccess<'de> for NumbersAccess<I>
where
    I: ExactSizeIterator,
    I::Item: IntoDeserializer<'de, Error>,
{
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.0.next().map(|number| seed.deserialize(number.into_deserializer())).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The elements of an array of strings, binaries or structs.
pub(super) struct ElementsAccess<'de, 't> {
    array: ValueDeserializer<'de, 't>,
    elements: Elements<'de>,
    left: usize,
    index: usize,
}

impl<'de, 't> ElementsAccess<'de, 't> {
    pub(super) fn new(array: ValueDeserializer<'de, 't>) -> Result<Self> {
        let elements = array.slot.elements()?;
        let left = elements.count()?;
        Ok(Self { array, elements, left, index: 0 })
    }

    /// An element of a `*T(key)` must have its key, even if nobody looks at it.
    fn check_key(&self, bytes: &[u8]) -> Result<()> {
        let (Shape::Keyed { key }, Kind::Struct(id)) = (self.array.field.shape(), self.array.field.kind())
        else {
            return Ok(());
        };
        let item = self.array.ty.by_id(id);
        let key = item.fields().get(key);
        let mut slots = Fields::new(bytes)?;
        while let Some((tag, _)) = slots.next()? {
            if key.is_some_and(|key| u32::from(key.tag()) == tag) {
                return Ok(());
            }
        }
        Err(Error::decode(Fault::NoKey(key.map_or("?", Field::name).into())))
    }
}

impl<'de> SeqAccess<'de> for ElementsAccess<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(bytes) = self.elements.next()? else { return Ok(None) };
        let index = self.index;
        (self.index, self.left) = (index + 1, self.left.saturating_sub(1));
        self.check_key(bytes).map_err(|error| error.in_element(index))?;
        let element = ValueDeserializer { slot: Slot::Data(bytes), element: true, ..self.array };
        seed.deserialize(element).map(Some).map_err(|error| error.in_element(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
