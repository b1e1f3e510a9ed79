//! One value: a field of a struct, or an element of an array.

use serde::de::value::{SeqDeserializer, StrDeserializer, U32Deserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::element::{ElementsAccess, NumbersAccess};
use super::map::EntriesAccess;
use super::structure::StructDeserializer;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::Slot;

/// What stands in a slot, and what the schema says of it.
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'de, 't> {
    /// The type that the field is part of.
    pub ty: TypeRef<'t>,
    pub field: &'t Field,
    pub slot: Slot<'de>,
    pub depth: usize,
    /// It is one element of the field's array.
    pub element: bool,
}

impl<'de, 't> ValueDeserializer<'de, 't> {
    fn shape(&self) -> Shape {
        if self.element { Shape::Single } else { self.field.shape() }
    }

    #[inline]
    fn single<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.field.kind() {
            Kind::Integer => visitor.visit_i64(self.slot.integer()?),
            Kind::Decimal { scale } => visitor.visit_f64(self.slot.decimal(scale)?),
            Kind::Boolean => visitor.visit_bool(self.slot.boolean()?),
            Kind::Double => visitor.visit_f64(self.slot.double()?),
            // The wire does not promise UTF-8; what is none is offered as bytes.
            Kind::String => match self.slot.text() {
                Err(fault) if *fault == Fault::Utf8 => visitor.visit_borrowed_bytes(self.slot.bytes()?),
                text => visitor.visit_borrowed_str(text?),
            },
            Kind::Binary => visitor.visit_borrowed_bytes(self.slot.bytes()?),
            Kind::Struct(id) => self.nested(id)?.deserialize_any(visitor),
        }
    }

    fn nested(self, id: usize) -> Result<StructDeserializer<'de, 't>> {
        let bytes = self.slot.nested()?;
        Ok(StructDeserializer { ty: self.ty.by_id(id), bytes, depth: self.depth + 1 })
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.field.kind() {
            Kind::Integer => visitor.visit_seq(NumbersAccess(self.slot.integers()?)),
            Kind::Decimal { scale } => {
                let decimal = move |value| crate::wire::integer_to_decimal(value, scale);
                visitor.visit_seq(NumbersAccess(self.slot.integers()?.map(decimal)))
            }
            Kind::Double => visitor.visit_seq(NumbersAccess(self.slot.doubles()?)),
            Kind::Boolean => visitor.visit_seq(NumbersAccess(self.slot.booleans()?)),
            Kind::String | Kind::Binary | Kind::Struct(_) => visitor.visit_seq(ElementsAccess::new(self)?),
        }
    }
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de, '_> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.shape() {
            Shape::Single => self.single(visitor),
            Shape::Array | Shape::Keyed { .. } => self.list(visitor),
            Shape::Map { .. } => visitor.visit_map(EntriesAccess::new(self)?),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::String) => visitor.visit_borrowed_str(self.slot.text()?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::String) => visitor.visit_borrowed_bytes(self.slot.bytes()?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    /// A `Vec<u8>` asks for a sequence; a `*T(key)` or `*T()` can be one of structs.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::Binary) => {
                let bytes = self.slot.bytes()?.iter().copied();
                visitor.visit_seq(SeqDeserializer::<_, Error>::new(bytes))
            }
            (Shape::Single, _) => self.single(visitor),
            _ => self.list(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.shape() {
            Shape::Keyed { .. } => visitor.visit_map(EntriesAccess::new(self)?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::Struct(id)) => self.nested(id)?.deserialize_unit_struct(name, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Plain variants: an integer is the variant's number, a string its name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::Integer) => {
                let number = u32::try_from(self.slot.integer()?).unwrap_or(u32::MAX);
                let number: U32Deserializer<Error> = number.into_deserializer();
                visitor.visit_enum(number)
            }
            (Shape::Single, Kind::String) => {
                let name: StrDeserializer<'_, Error> = self.slot.text()?.into_deserializer();
                visitor.visit_enum(name)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char unit struct identifier
    }
}
