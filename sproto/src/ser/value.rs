//! One value: a field of a struct, or an element of an array.

use std::marker::PhantomData;

use serde::ser::{Impossible, Serialize, Serializer};

use super::element::SeqSerializer;
use super::map::MapSerializer;
use super::mismatch;
use super::structure::{NamedSerializer, StructRoot, StructSerializer};
use crate::error::{Error, Result};
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::{decimal_to_integer, put_bytes};

/// Where a value goes: a field, behind its slot in the header, or an element of an array. Few words, so that it travels in
/// registers.
pub(super) trait Place<'p, 't>: Sized {
    /// It is one element of the field's array.
    const ELEMENT: bool;

    fn field(&self) -> &'t Field;

    /// The type that the field is part of.
    fn ty(&self) -> TypeRef<'t>;

    fn depth(&self) -> usize;

    /// It is one byte of a binary that comes byte by byte.
    fn is_byte(&self) -> bool;

    /// The value's data comes next.
    fn data(self) -> &'p mut Vec<u8>;

    fn integer(self, value: i64);

    fn double(self, value: f64);

    fn boolean(self, value: bool);
}

/// Takes one value of a field's kind.
pub(super) struct ValueSerializer<'p, 't, P>(P, PhantomData<(&'p (), &'t ())>);

impl<'p, 't: 'p, P: Place<'p, 't>> ValueSerializer<'p, 't, P> {
    #[inline]
    pub(super) fn new(place: P) -> Self {
        Self(place, PhantomData)
    }

    /// The error that tells what the schema says.
    #[cold]
    #[inline(never)]
    fn mismatch(self, found: &'static str) -> Error {
        let field = self.0.field();
        let expected = match (field.kind(), field.shape()) {
            (_, Shape::Array) if self.is_list() => "an array",
            _ if self.is_list() => "a map",
            (Kind::Integer, _) => "an integer",
            (Kind::Decimal { .. } | Kind::Double, _) => "a number",
            (Kind::Boolean, _) => "a boolean",
            (Kind::String | Kind::Binary, _) => "a string",
            (Kind::Struct(_), _) => "a struct",
        };
        mismatch(expected, found)
    }

    /// A whole array or map is wanted, not one of its elements.
    #[inline]
    fn is_list(&self) -> bool {
        !P::ELEMENT && self.0.field().shape() != Shape::Single
    }

    #[inline]
    fn integer(self, value: i64) -> Result<()> {
        if self.0.field().kind() != Kind::Integer || self.is_list() {
            return self.other_integer(value);
        }
        self.0.integer(value);
        Ok(())
    }

    /// An integer where something else is wanted.
    fn other_integer(self, value: i64) -> Result<()> {
        if self.0.is_byte() {
            let byte = u8::try_from(value).map_err(|_| mismatch("a byte", "an integer"))?;
            self.0.data().push(byte);
            return Ok(());
        }
        match self.0.field().kind() {
            Kind::Decimal { .. } | Kind::Double if !self.is_list() => self.number(value as f64),
            _ => Err(self.mismatch("an integer")),
        }
    }

    #[inline]
    fn number(self, value: f64) -> Result<()> {
        match self.0.field().kind() {
            _ if self.is_list() => return Err(self.mismatch("a double")),
            Kind::Decimal { scale } => self.0.integer(decimal_to_integer(value, scale)),
            Kind::Double => self.0.double(value),
            _ => return Err(self.mismatch("a double")),
        }
        Ok(())
    }

    #[inline]
    fn text(self, bytes: &[u8], found: &'static str) -> Result<()> {
        if self.is_list() || !matches!(self.0.field().kind(), Kind::String | Kind::Binary) {
            return Err(self.mismatch(found));
        }
        put_bytes(self.0.data(), bytes);
        Ok(())
    }

    /// Opens a nested struct: the field itself or an element.
    #[inline(always)]
    fn nested(self, found: &'static str) -> Result<StructSerializer<'p, 't>> {
        let Kind::Struct(id) = self.0.field().kind() else { return Err(self.mismatch(found)) };
        if self.is_list() {
            return Err(self.mismatch(found));
        }
        let (ty, depth) = (self.0.ty().by_id(id), self.0.depth() + 1);
        StructRoot { ty, out: self.0.data(), depth }.begin()
    }

    /// Opens an array, or a binary that comes byte by byte.
    #[inline(always)]
    fn list(self, found: &'static str) -> Result<SeqSerializer<'p, 't>> {
        let bytes = !self.is_list();
        if bytes && self.0.field().kind() != Kind::Binary {
            return Err(self.mismatch(found));
        }
        let (ty, field, depth) = (self.0.ty(), self.0.field(), self.0.depth());
        Ok(SeqSerializer::new(self.0.data(), ty, field, depth, bytes))
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(#[inline]
        fn $method(self, value: $type) -> Result<()> {
            self.integer(value.into())
        })*
    };
}

impl<'p, 't: 'p, P: Place<'p, 't>> Serializer for ValueSerializer<'p, 't, P> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = SeqSerializer<'p, 't>;
    type SerializeTuple = SeqSerializer<'p, 't>;
    type SerializeTupleStruct = SeqSerializer<'p, 't>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = MapSerializer<'p, 't>;
    type SerializeStruct = StructSerializer<'p, 't>;
    type SerializeStructVariant = Impossible<(), Error>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8,
        serialize_u16: u16, serialize_u32: u32
    );

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<()> {
        match i64::try_from(value) {
            Ok(value) => self.integer(value),
            Err(_) => Err(self.mismatch("an integer beyond 64 bits with sign")),
        }
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<()> {
        if self.is_list() || self.0.field().kind() != Kind::Boolean {
            return Err(self.mismatch("a boolean"));
        }
        self.0.boolean(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.number(value.into())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<()> {
        self.number(value)
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.text(value.encode_utf8(&mut [0; 4]).as_bytes(), "a string")
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<()> {
        self.text(value.as_bytes(), "a string")
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.text(value, "a binary")
    }

    /// An absent field. Arrays have no gaps.
    #[inline]
    fn serialize_none(self) -> Result<()> {
        if P::ELEMENT { Err(self.mismatch("nil")) } else { Ok(()) }
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.nested("a struct")?.finish();
        Ok(())
    }

    /// By number where the schema has an integer, else by name.
    fn serialize_unit_variant(self, _: &'static str, index: u32, variant: &'static str) -> Result<()> {
        if self.0.field().kind() == Kind::Integer {
            return self.integer(index.into());
        }
        self.text(variant.as_bytes(), "an enum")
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<()> {
        Err(self.mismatch("an enum that holds something"))
    }

    #[inline(always)]
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        self.list("an array")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        self.list("a tuple")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        self.list("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Err(self.mismatch("an enum that holds something"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        if !self.is_list() {
            let fields = self.nested("a map")?;
            return Ok(MapSerializer::Struct(NamedSerializer { fields, key: String::new() }));
        }
        if self.0.field().shape() == Shape::Array {
            return Err(self.mismatch("a map"));
        }
        MapSerializer::entries(self.list("a map")?)
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        self.nested("a struct")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Err(self.mismatch("an enum that holds something"))
    }
}
