//! One value: a field of a struct, or an element of an array.

use serde::de::value::{SeqDeserializer, StrDeserializer, U32Deserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::element::{ElementsAccess, NumbersAccess};
use super::fail::{Fail, Result};
use super::map::EntriesAccess;
use super::structure::StructDeserializer;
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::Slot;

/// A value that was found. Whoever finds values keeps one of these and overwrites it in place.
#[derive(Clone, Copy)]
pub(super) struct Found<'de, 't> {
    /// The type that the field is part of.
    pub ty: TypeRef<'t>,
    pub depth: usize,
    /// It is one element of the field's array.
    pub element: bool,
    // The slot in parts: copied as a whole right after it was written it would stall.
    data: Option<&'de [u8]>,
    inline: u16,
}

impl<'de, 't> Found<'de, 't> {
    #[inline(always)]
    pub(super) fn new(ty: TypeRef<'t>, depth: usize, element: bool) -> Self {
        Self { ty, depth, element, data: None, inline: 0 }
    }

    #[inline(always)]
    pub(super) fn set(&mut self, slot: Slot<'de>) {
        match slot {
            Slot::Data(bytes) => self.data = Some(bytes),
            Slot::Inline(value) => (self.data, self.inline) = (None, value),
        }
    }

    #[inline(always)]
    fn slot(&self) -> Slot<'de> {
        self.data.map_or(Slot::Inline(self.inline), Slot::Data)
    }
}

/// What was found, and what the schema says of it: two words, which travel in registers.
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'p, 'de, 't> {
    pub found: &'p Found<'de, 't>,
    pub field: &'t Field,
}

impl<'de, 't> ValueDeserializer<'_, 'de, 't> {
    #[inline(always)]
    pub(super) fn slot(self) -> Slot<'de> {
        self.found.slot()
    }

    #[inline(always)]
    fn shape(self) -> Shape {
        if self.found.element { Shape::Single } else { self.field.shape() }
    }

    /// One builtin value.
    fn builtin<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.field.kind() {
            Kind::Integer => visitor.visit_i64(self.slot().integer()?),
            Kind::Decimal { scale } => visitor.visit_f64(self.slot().decimal(scale)?),
            Kind::Boolean => visitor.visit_bool(self.slot().boolean()?),
            Kind::Double => visitor.visit_f64(self.slot().double()?),
            // The wire does not promise UTF-8; what is none is offered as bytes.
            Kind::String => match self.slot().text() {
                Err(fault) if *fault == Fault::Utf8 => visitor.visit_borrowed_bytes(self.slot().bytes()?),
                text => visitor.visit_borrowed_str(text?),
            },
            Kind::Binary | Kind::Struct(_) => visitor.visit_borrowed_bytes(self.slot().bytes()?),
        }
    }

    #[inline(always)]
    fn text(self) -> Result<&'de str> {
        match self.found.data {
            Some(bytes) => utf8(bytes).ok_or_else(|| Fail::new(Fault::Utf8)),
            None => Ok(self.slot().text()?),
        }
    }

    /// The type of a struct that this is.
    #[inline(always)]
    fn struct_id(self) -> Option<usize> {
        match (self.field.kind(), self.shape()) {
            (Kind::Struct(id), Shape::Single) => Some(id),
            _ => None,
        }
    }

    #[inline(always)]
    fn nested(self, id: usize) -> Result<StructDeserializer<'de, 't>> {
        let bytes = self.slot().nested()?;
        Ok(StructDeserializer { ty: self.found.ty.by_id(id), bytes, depth: self.found.depth + 1 })
    }

    /// Anything but a struct.
    fn other<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.shape() {
            Shape::Single => self.builtin(visitor),
            Shape::Array | Shape::Keyed { .. } => self.list(visitor),
            Shape::Map { .. } => visitor.visit_map(EntriesAccess::new(self)?),
        }
    }

    /// Anything, returned in one word: the caller's fast path then has its value in registers.
    #[cold]
    #[inline(never)]
    fn boxed<V: Visitor<'de>>(self, visitor: V) -> Result<Box<V::Value>> {
        self.deserialize_any(visitor).map(Box::new)
    }

    /// A sequence of anything but structs.
    #[inline(never)]
    fn other_seq<V: Visitor<'de>>(self, visitor: V) -> Result<Box<V::Value>> {
        let value = match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::Binary) => {
                let bytes = self.slot().bytes()?.iter().copied();
                visitor.visit_seq(SeqDeserializer::<_, Fail>::new(bytes))
            }
            (Shape::Single, _) => self.deserialize_any(visitor),
            _ => self.list(visitor),
        };
        value.map(Box::new)
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.field.kind() {
            Kind::Integer => visitor.visit_seq(NumbersAccess(self.slot().integers()?)),
            Kind::Decimal { scale } => {
                let decimal = move |value| crate::wire::integer_to_decimal(value, scale);
                visitor.visit_seq(NumbersAccess(self.slot().integers()?.map(decimal)))
            }
            Kind::Double => visitor.visit_seq(NumbersAccess(self.slot().doubles()?)),
            Kind::Boolean => visitor.visit_seq(NumbersAccess(self.slot().booleans()?)),
            Kind::String | Kind::Binary | Kind::Struct(_) => visitor.visit_seq(ElementsAccess::new(self)?),
        }
    }
}

/// Methods for integers: the most common case first.
macro_rules! integers {
    ($($method:ident)*) => {
        $(#[inline(always)]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match (self.field.kind(), self.shape()) {
                (Kind::Integer, Shape::Single) => visitor.visit_i64(self.slot().integer()?),
                _ => self.boxed(visitor).map(|value| *value),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for ValueDeserializer<'_, 'de, '_> {
    type Error = Fail;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.struct_id() {
            Some(id) => self.nested(id)?.deserialize_any(visitor),
            None => self.other(visitor),
        }
    }

    #[inline(always)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.struct_id() {
            Some(id) => self.nested(id)?.deserialize_any(visitor),
            None => self.boxed(visitor).map(|value| *value),
        }
    }

    integers!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64
    );

    #[inline(always)]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::String) => visitor.visit_borrowed_str(self.text()?),
            _ => self.boxed(visitor).map(|value| *value),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    #[inline(always)]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Single, Kind::String | Kind::Binary) => {
                visitor.visit_borrowed_bytes(self.slot().bytes()?)
            }
            _ => self.boxed(visitor).map(|value| *value),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    /// A `Vec<u8>` asks for a sequence; a `*T(key)` or `*T()` can be one of structs.
    #[inline(always)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match (self.shape(), self.field.kind()) {
            (Shape::Array | Shape::Keyed { .. }, Kind::Struct(_)) => {
                visitor.visit_seq(ElementsAccess::new(self)?)
            }
            _ => self.other_seq(visitor).map(|value| *value),
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

    #[inline]
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
                let number = u32::try_from(self.slot().integer()?).unwrap_or(u32::MAX);
                let number: U32Deserializer<Fail> = number.into_deserializer();
                visitor.visit_enum(number)
            }
            (Shape::Single, Kind::String) => {
                let name: StrDeserializer<'_, Fail> = self.slot().text()?.into_deserializer();
                visitor.visit_enum(name)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char unit identifier
    }
}

/// A string, returned in registers: one that is copied as a whole right after it was written in parts stalls.
#[inline(never)]
fn utf8(bytes: &[u8]) -> Option<&str> {
    crate::wire::utf8(bytes)
}
