//! Structs: the root, nested ones, and elements of arrays.

use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::fail::{Fail, Result};
use super::value::{Found, ValueDeserializer};
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
    type Error = Fail;

    #[inline(always)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let mut access = FieldsAccess::new(self)?;
        let value = visitor.visit_map(&mut access);
        // What is read is passed to nobody: it stays in registers, or where it was made.
        if !access.is_complete() && value.is_ok() {
            access.finish()?;
        }
        value
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
    slots: Fields<'de>,
    /// The current field's value.
    found: Found<'de, 't>,
    /// The position of the first field that can still come.
    next: usize,
    current: Option<&'t Field>,
    /// All slots were gone over.
    ended: bool,
}

impl<'de, 't> FieldsAccess<'de, 't> {
    #[inline(always)]
    pub(super) fn new(from: StructDeserializer<'de, 't>) -> Result<Self> {
        let slots = Fields::new(from.bytes)?;
        let found = Found::new(from.ty, from.depth, false);
        Ok(Self { slots, found, next: 0, current: None, ended: false })
    }

    /// The next field that the schema knows.
    #[inline(always)]
    pub(super) fn step(&mut self) -> Result<Option<(&'t Field, Slot<'de>)>> {
        let fields = self.found.ty.fields();
        while let Some((tag, slot)) = self.slots.next()? {
            while fields.get(self.next).is_some_and(|field| u32::from(field.tag()) < tag) {
                self.next += 1;
            }
            let Some(field) = fields.get(self.next).filter(|field| u32::from(field.tag()) == tag) else {
                continue;
            };
            if self.found.depth >= DEPTH_LIMIT {
                return Err(Fail::new(Fault::TooDeep).in_field(field.name()));
            }
            return Ok(Some((field, slot)));
        }
        self.ended = true;
        Ok(None)
    }

    /// All slots are gone over, and no bytes follow that must not.
    #[inline(always)]
    fn is_complete(&self) -> bool {
        self.ended && (self.found.depth == 0 || self.slots.rest().is_empty())
    }

    /// Goes over what nobody asked for; a nested struct must take its bytes exactly.
    pub(super) fn finish(mut self) -> Result<()> {
        while self.slots.next()?.is_some() {}
        let left = self.slots.rest().len();
        if self.found.depth > 0 && left > 0 { Err(Fail::new(Fault::Trailing(left))) } else { Ok(()) }
    }
}

impl<'de> MapAccess<'de> for &mut FieldsAccess<'de, '_> {
    type Error = Fail;

    #[inline(always)]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((field, slot)) = self.step()? else { return Ok(None) };
        self.current = Some(field);
        self.found.set(slot);
        match seed.deserialize(Name(field.name())) {
            Ok(name) => Ok(Some(name)),
            Err(fail) => Err(fail),
        }
    }

    #[inline(always)]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let Some(field) = self.current.take() else {
            return Err(Fail::new(Fault::Custom("a value was asked for before its name".into())));
        };
        let value = seed.deserialize(ValueDeserializer { found: &self.found, field });
        value.map_err(|fail| fail.in_field(field.name()))
    }

    #[inline(always)]
    fn next_value<V: Deserialize<'de>>(&mut self) -> Result<V> {
        self.next_value_seed(PhantomData)
    }
}

/// The name of a field.
struct Name<'t>(&'t str);

impl<'de> Deserializer<'de> for Name<'_> {
    type Error = Fail;

    #[inline(always)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_str(self.0)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let name: StrDeserializer<'_, Fail> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any option newtype_struct
    }
}
