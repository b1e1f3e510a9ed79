//! Maps: the entries of a `*T(key)` or `*T()`, key by key.

use serde::de::{DeserializeSeed, MapAccess};

use super::structure::{FieldsAccess, StructDeserializer};
use super::value::ValueDeserializer;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::Elements;

/// Hands out entries: each is a struct on the wire.
pub(super) struct EntriesAccess<'de, 't> {
    item: TypeRef<'t>,
    shape: Shape,
    depth: usize,
    elements: Elements<'de>,
    left: usize,
    index: usize,
    value: Option<Entry<'de, 't>>,
}

/// The value of the entry whose key was handed out.
enum Entry<'de, 't> {
    Struct(StructDeserializer<'de, 't>),
    Field(ValueDeserializer<'de, 't>),
}

impl<'de, 't> EntriesAccess<'de, 't> {
    pub(super) fn new(map: ValueDeserializer<'de, 't>) -> Result<Self> {
        let Kind::Struct(id) = map.field.kind() else { return Err(Fault::Data("a builtin").into()) };
        let elements = map.slot.elements()?;
        let left = elements.count()?;
        let (item, shape) = (map.ty.by_id(id), map.field.shape());
        Ok(Self { item, shape, depth: map.depth, elements, left, index: 0, value: None })
    }

    /// The key of an entry; the value is kept for later.
    fn open(&mut self, bytes: &'de [u8]) -> Result<ValueDeserializer<'de, 't>> {
        let entry = StructDeserializer { ty: self.item, bytes, depth: self.depth + 1 };
        let (key, value) = match self.shape {
            Shape::Map { key, value } => (key, Some(value)),
            Shape::Keyed { key } => (key, None),
            Shape::Single | Shape::Array => return Err(Fault::Data("a list").into()),
        };
        let key_field = self.field(key)?;
        let missing = || Error::decode(Fault::NoKey(key_field.name().into()));
        let value_field = value.map(|value| self.field(value)).transpose()?;
        let (mut found_key, mut found_value) = (None, None);
        let mut fields = FieldsAccess::new(entry)?;
        while let Some((field, slot)) = fields.step()? {
            let found = ValueDeserializer { ty: self.item, field, slot, depth: entry.depth, element: false };
            match field.position as usize {
                position if position == key => found_key = Some(found),
                position if Some(position) == value => found_value = Some(found),
                _ => {}
            }
        }
        fields.finish()?;
        self.value = match value_field {
            None => Some(Entry::Struct(entry)),
            Some(field) => {
                let absent = || Error::decode(Fault::NoValue(field.name().into()));
                Some(Entry::Field(found_value.ok_or_else(absent)?))
            }
        };
        found_key.filter(|key| key.field.shape() == Shape::Single).ok_or_else(missing)
    }

    fn field(&self, position: usize) -> Result<&'t Field> {
        self.item.fields().get(position).ok_or_else(|| Error::decode(Fault::NoKey("?".into())))
    }
}

impl<'de> MapAccess<'de> for EntriesAccess<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(bytes) = self.elements.next()? else { return Ok(None) };
        let index = self.index;
        (self.index, self.left) = (index + 1, self.left.saturating_sub(1));
        let key = self.open(bytes).map_err(|error| error.in_element(index))?;
        seed.deserialize(key).map(Some).map_err(|error| error.in_field(key.field.name()).in_element(index))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let index = self.index.saturating_sub(1);
        match self.value.take() {
            Some(Entry::Struct(entry)) => seed.deserialize(entry).map_err(|error| error.in_element(index)),
            Some(Entry::Field(value)) => {
                seed.deserialize(value).map_err(|error| error.in_field(value.field.name()).in_element(index))
            }
            None => Err(Error::decode(Fault::Custom("a value was asked for before its key".into()))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
