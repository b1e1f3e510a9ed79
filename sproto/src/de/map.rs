//! Maps: the entries of a `*T(key)` or `*T()`, key by key.

use serde::de::{DeserializeSeed, MapAccess};

use super::fail::{Fail, Result};
use super::structure::{FieldsAccess, StructDeserializer};
use super::value::{Found, ValueDeserializer};
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
    Field(&'t Field, Found<'de, 't>),
}

impl<'de, 't> EntriesAccess<'de, 't> {
    pub(super) fn new(map: ValueDeserializer<'_, 'de, 't>) -> Result<Self> {
        let Kind::Struct(id) = map.field.kind() else { return Err(Fail::new(Fault::Data("a builtin"))) };
        let elements = map.slot().elements()?;
        let left = elements.count()?;
        let (item, shape) = (map.found.ty.by_id(id), map.field.shape());
        Ok(Self { item, shape, depth: map.found.depth, elements, left, index: 0, value: None })
    }

    /// The key of an entry; the value is kept for later.
    fn open(&mut self, bytes: &'de [u8]) -> Result<(&'t Field, Found<'de, 't>)> {
        let entry = StructDeserializer { ty: self.item, bytes, depth: self.depth + 1 };
        let (key, value) = match self.shape {
            Shape::Map { key, value } => (key, Some(value)),
            Shape::Keyed { key } => (key, None),
            Shape::Single | Shape::Array => return Err(Fail::new(Fault::Data("a list"))),
        };
        let key_field = self.field(key)?;
        let missing = || Fail::new(Fault::NoKey(key_field.name().into()));
        let value_field = value.map(|value| self.field(value)).transpose()?;
        let (mut found_key, mut found_value) = (None, None);
        let mut fields = FieldsAccess::new(entry)?;
        while let Some((field, slot)) = fields.step()? {
            let mut found = Found::new(self.item, entry.depth, false);
            found.set(slot);
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
                let absent = || Fail::new(Fault::NoValue(field.name().into()));
                Some(Entry::Field(field, found_value.ok_or_else(absent)?))
            }
        };
        let found = found_key.filter(|_| key_field.shape() == Shape::Single).ok_or_else(missing)?;
        Ok((key_field, found))
    }

    fn field(&self, position: usize) -> Result<&'t Field> {
        self.item.fields().get(position).ok_or_else(|| Fail::new(Fault::NoKey("?".into())))
    }
}

impl<'de> MapAccess<'de> for EntriesAccess<'de, '_> {
    type Error = Fail;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(bytes) = self.elements.next()? else { return Ok(None) };
        let index = self.index;
        (self.index, self.left) = (index + 1, self.left.saturating_sub(1));
        let (field, found) = self.open(bytes).map_err(|fail| fail.in_element(index))?;
        let key = seed.deserialize(ValueDeserializer { found: &found, field });
        key.map(Some).map_err(|fail| fail.in_field(field.name()).in_element(index))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let index = self.index.saturating_sub(1);
        match self.value.take() {
            Some(Entry::Struct(entry)) => seed.deserialize(entry).map_err(|fail| fail.in_element(index)),
            Some(Entry::Field(field, found)) => {
                let value = seed.deserialize(ValueDeserializer { found: &found, field });
                value.map_err(|fail| fail.in_field(field.name()).in_element(index))
            }
            None => Err(Fail::new(Fault::Custom("a value was asked for before its key".into()))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
