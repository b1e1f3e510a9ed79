//! One value: a field of a struct, or an element of an array.

use serde::ser::{Impossible, Serialize, Serializer};

use super::element::{Elements, SeqSerializer};
use super::map::MapSerializer;
use super::mismatch;
use super::structure::{NamedSerializer, StructRoot, StructSerializer};
use crate::error::{Error, Result};
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::{Length, StructWriter, decimal_to_integer, put_bytes};

/// Where the value goes.
pub(super) enum Place<'p> {
    /// A field, behind its slot in this header.
    Field(&'p mut StructWriter),
    /// An element of this array.
    Element(&'p mut Elements),
}

/// Takes one value of a field's kind.
pub(super) struct ValueSerializer<'p, 't> {
    pub out: &'p mut Vec<u8>,
    pub place: Place<'p>,
    /// The type that the field is part of.
    pub ty: TypeRef<'t>,
    pub field: &'p Field,
    pub depth: usize,
}

impl<'p, 't> ValueSerializer<'p, 't> {
    /// What the schema says, as errors tell it.
    fn expected(&self) -> &'static str {
        if self.is_list() {
            return if self.field.shape() == Shape::Array { "an array" } else { "a map" };
        }
        match self.field.kind() {
            Kind::Integer => "an integer",
            Kind::Decimal { .. } | Kind::Double => "a number",
            Kind::Boolean => "a boolean",
            Kind::String | Kind::Binary => "a string",
            Kind::Struct(_) => "a struct",
        }
    }

    /// A whole array or map is wanted, not one of its elements.
    fn is_list(&self) -> bool {
        matches!(self.place, Place::Field(_)) && self.field.shape() != Shape::Single
    }

    #[inline(always)]
    fn integer(self, value: i64) -> Result<()> {
        if matches!(&self.place, Place::Element(elements) if elements.bytes) {
            let byte = u8::try_from(value).map_err(|_| mismatch("a byte", "an integer"))?;
            self.out.push(byte);
            return Ok(());
        }
        match self.field.kind() {
            _ if self.is_list() => Err(mismatch(self.expected(), "an integer")),
            Kind::Integer => self.put_integer(value),
            Kind::Decimal { .. } | Kind::Double => self.number(value as f64),
            _ => Err(mismatch(self.expected(), "an integer")),
        }
    }

    #[inline(always)]
    fn put_integer(self, value: i64) -> Result<()> {
        match self.place {
            Place::Field(header) => header.integer(self.out, self.field.tag(), value),
            Place::Element(elements) => elements.integers.push(self.out, value),
        }
        Ok(())
    }

    fn number(self, value: f64) -> Result<()> {
        match (self.field.kind(), &self.place) {
            _ if self.is_list() => Err(mismatch(self.expected(), "a double")),
            (Kind::Decimal { scale }, _) => self.put_integer(decimal_to_integer(value, scale)),
            (Kind::Double, _) => {
                match self.place {
                    Place::Field(header) => header.double(self.out, self.field.tag(), value),
                    Place::Element(elements) => elements.double(self.out, value),
                }
                Ok(())
            }
            _ => Err(mismatch(self.expected(), "a double")),
        }
    }

    #[inline(always)]
    fn text(self, bytes: &[u8], found: &'static str) -> Result<()> {
        if self.is_list() || !matches!(self.field.kind(), Kind::String | Kind::Binary) {
            return Err(mismatch(self.expected(), found));
        }
        if let Place::Field(header) = self.place {
            header.data(self.out, self.field.tag());
        }
        put_bytes(self.out, bytes);
        Ok(())
    }

    /// Opens a nested struct: the field itself or an element.
    #[inline(always)]
    pub(super) fn nested(self, found: &'static str) -> Result<StructRoot<'p, 't>> {
        let Kind::Struct(id) = self.field.kind() else { return Err(mismatch(self.expected(), found)) };
        if self.is_list() {
            return Err(mismatch(self.expected(), found));
        }
        if let Place::Field(header) = self.place {
            header.data(self.out, self.field.tag());
        }
        let length = Length::open(self.out);
        Ok(StructRoot { ty: self.ty.by_id(id), out: self.out, depth: self.depth + 1, length: Some(length) })
    }

    /// Opens an array, or a binary that comes byte by byte.
    #[inline(always)]
    fn list(self, found: &'static str) -> Result<SeqSerializer<'p, 't>> {
        let bytes = !self.is_list() && self.field.kind() == Kind::Binary;
        if !bytes && !self.is_list() {
            return Err(mismatch(self.expected(), found));
        }
        if let Place::Field(header) = self.place {
            header.data(self.out, self.field.tag());
        }
        Ok(SeqSerializer::new(self.out, self.ty, self.field, self.depth, bytes))
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<()> {
            self.integer(value.into())
        })*
    };
}

impl<'p, 't> Serializer for ValueSerializer<'p, 't> {
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

    fn serialize_u64(self, value: u64) -> Result<()> {
        match i64::try_from(value) {
            Ok(value) => self.integer(value),
            Err(_) => Err(mismatch(self.expected(), "an integer beyond 64 bits with sign")),
        }
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        if self.is_list() || self.field.kind() != Kind::Boolean {
            return Err(mismatch(self.expected(), "a boolean"));
        }
        match self.place {
            Place::Field(header) => header.boolean(self.out, self.field.tag(), value),
            Place::Element(_) => self.out.push(value.into()),
        }
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.number(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        self.number(value)
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.text(value.encode_utf8(&mut [0; 4]).as_bytes(), "a string")
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.text(value.as_bytes(), "a string")
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.text(value, "a binary")
    }

    /// An absent field. Arrays have no gaps.
    fn serialize_none(self) -> Result<()> {
        if matches!(self.place, Place::Element(_)) {
            return Err(mismatch(self.expected(), "nil"));
        }
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.nested("a struct")?.begin()?.finish();
        Ok(())
    }

    /// By number where the schema has an integer, else by name.
    fn serialize_unit_variant(self, _: &'static str, index: u32, variant: &'static str) -> Result<()> {
        if self.field.kind() == Kind::Integer {
            return self.integer(index.into());
        }
        self.text(variant.as_bytes(), "an enum")
    }

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
        Err(mismatch(self.expected(), "an enum that holds something"))
    }

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
        Err(mismatch(self.expected(), "an enum that holds something"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        if !self.is_list() {
            let fields = self.nested("a map")?.begin()?;
            return Ok(MapSerializer::Struct(NamedSerializer { fields, key: String::new() }));
        }
        if self.field.shape() == Shape::Array {
            return Err(mismatch(self.expected(), "a map"));
        }
        MapSerializer::entries(self.list("a map")?)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        self.nested("a struct")?.begin()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Err(mismatch(self.expected(), "an enum that holds something"))
    }
}
