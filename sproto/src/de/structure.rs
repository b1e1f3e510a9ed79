//! Structs: the root, nested ones, and elements of arrays.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::value::ValueDeserializer;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, TypeRef};
use crate::wire::{DEPTH_LIMIT, Fields, Slot};

/// The bytes of a struct.
#[derive(Clone, Copy)]
pub(super) struct StructDeserializer<'de, 't> {
    pub ty: TypeRef<'t>,
    pub bytes: &'de [u8],
    /// 0 is the root, which may be followed by other bytes.
    pub depth: usize,
}

impl<'de> Deserializer<'de> for StructDeserializer<'de, '_> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let mut access = FieldsAccess::new(self)?;
        let value = visitor.visit_map(&mut access)?;
        access.finish()?;
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        FieldsAccess::new(self)?.finish()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// Hands out the fields that are there, and known.
pub(super) struct FieldsAccess<'de, 't> {
    ty: TypeRef<'t>,
    slots: Fields<'de>,
    depth: usize,
    /// The position of the first field that can still come.
    next: usize,
    current: Option<(&'t Field, Slot<'de>)>,
}

impl<'de, 't> FieldsAccess<'de, 't> {
    #[inline(always)]
    pub(super) fn new(from: StructDeserializer<'de, 't>) -> Result<Self> {
        let slots = Fields::new(from.bytes)?;
        Ok(Self { ty: from.ty, slots, depth: from.depth, next: 0, current: None })
    }

    /// The next field that the schema knows.
    #[inline]
    pub(super) fn step(&mut self) -> Result<Option<(&'t Field, Slot<'de>)>> {
        let fields = self.ty.fields();
        while let Some((tag, slot)) = self.slots.next()? {
            while fields.get(self.next).is_some_and(|field| u32::from(field.tag()) < tag) {
                self.next += 1;
            }
            let Some(field) = fields.get(self.next).filter(|field| u32::from(field.tag()) == tag) else {
                continue;
            };
            if self.depth >= DEPTH_LIMIT {
                return Err(Error::decode(Fault::TooDeep).in_field(field.name()));
            }
            return Ok(Some((field, slot)));
        }
        Ok(None)
    }

    /// Goes over what nobody asked for; a nested struct must take its bytes exactly.
    #[inline]
    pub(super) fn finish(mut self) -> Result<()> {
        while self.slots.next()?.is_some() {}
        let left = self.slots.rest().len();
        if self.depth > 0 && left > 0 { Err(Fault::Trailing(left).into()) } else { Ok(()) }
    }
}

impl<'de> MapAccess<'de> for &mut FieldsAccess<'de, '_> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.current = self.step()?;
        let Some((field, _)) = self.current else { return Ok(None) };
        let name: StrDeserializer<'_, Error> = field.name().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let Some((field, slot)) = self.current.take() else {
            return Err(Error::decode(Fault::Custom("a value was asked for before its name".into())));
        };
        let source = ValueDeserializer { ty: self.ty, field, slot, depth: self.depth, element: false };
        seed.deserialize(source).map_err(|error| error.in_field(field.name()))
    }
}
