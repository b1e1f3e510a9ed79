//! Structs: the root, nested ones, and elements of arrays.

use serde::ser::{Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

use super::key::KeyText;
use super::value::{Place, ValueSerializer};
use super::{mismatch, refuse};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, TypeRef};
use crate::wire::{DEPTH_LIMIT, Length, StructWriter, same_name};

/// Takes a struct, or a map of names to values, and nothing else.
pub(super) struct StructRoot<'o, 't> {
    pub ty: TypeRef<'t>,
    pub out: &'o mut Vec<u8>,
    pub depth: usize,
    /// The length word before a nested struct.
    pub length: Option<Length>,
}

impl<'o, 't> StructRoot<'o, 't> {
    fn expected(&self) -> &'static str {
        "a struct"
    }

    #[inline(always)]
    pub(super) fn begin(self) -> Result<StructSerializer<'o, 't>> {
        let Self { ty, out, depth, length } = self;
        if depth >= DEPTH_LIMIT && !ty.fields().is_empty() {
            return Err(Error::encode(Fault::TooDeep));
        }
        let header = StructWriter::new(out, ty.def.room);
        Ok(StructSerializer { ty, out, depth, length, header, next: 0 })
    }
}

impl<'o, 't> Serializer for StructRoot<'o, 't> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = NamedSerializer<'o, 't>;
    type SerializeStruct = StructSerializer<'o, 't>;
    type SerializeStructVariant = Impossible<(), Error>;

    refuse! { Self::expected;
        serialize_bool: bool, "a boolean";
        serialize_i8: i8, "an integer";
        serialize_i16: i16, "an integer";
        serialize_i32: i32, "an integer";
        serialize_i64: i64, "an integer";
        serialize_u8: u8, "an integer";
        serialize_u16: u16, "an integer";
        serialize_u32: u32, "an integer";
        serialize_u64: u64, "an integer";
        serialize_f32: f32, "a double";
        serialize_f64: f64, "a double";
        serialize_char: char, "a string";
        serialize_str: &str, "a string";
        serialize_bytes: &[u8], "a binary";
    }

    fn serialize_none(self) -> Result<()> {
        Err(mismatch("a struct", "nil"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        Err(mismatch("a struct", "nil"))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        SerializeStruct::end(self.begin()?)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<()> {
        Err(mismatch("a struct", "an enum"))
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
        Err(mismatch("a struct", "an enum"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        Err(mismatch("a struct", "an array"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        Err(mismatch("a struct", "a tuple"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        Err(mismatch("a struct", "a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Err(mismatch("a struct", "an enum"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        Ok(NamedSerializer { fields: self.begin()?, key: String::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        self.begin()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Err(mismatch("a struct", "an enum"))
    }
}

/// A struct that is being written.
pub(super) struct StructSerializer<'o, 't> {
    ty: TypeRef<'t>,
    out: &'o mut Vec<u8>,
    depth: usize,
    length: Option<Length>,
    header: StructWriter,
    /// The position of the field that most likely comes next.
    next: usize,
}

impl<'t> StructSerializer<'_, 't> {
    #[inline]
    fn find(&mut self, name: &str) -> Option<&'t Field> {
        let fields = self.ty.fields();
        let likely = fields.get(self.next).filter(|field| same_name(field.name(), name));
        let found = likely.or_else(|| fields.iter().find(|field| same_name(field.name(), name)))?;
        self.next = found.position as usize + 1;
        Some(found)
    }

    #[inline]
    pub(super) fn put<T: Serialize + ?Sized>(&mut self, field: &Field, value: &T) -> Result<()> {
        let told = |error: Error| error.in_field(field.name());
        if u32::from(field.tag()) < self.header.next_tag() {
            return self.put_late(field, value).map_err(told);
        }
        let place = Place::Field(&mut self.header);
        let target = ValueSerializer { out: self.out, place, ty: self.ty, field, depth: self.depth };
        value.serialize(target).map_err(told)
    }

    /// A field that should have come earlier: written alone, then put where it belongs.
    fn put_late<T: Serialize + ?Sized>(&mut self, field: &Field, value: &T) -> Result<()> {
        let mut alone = Vec::new();
        let mut header = StructWriter::new(&mut alone, 2);
        let place = Place::Field(&mut header);
        value.serialize(ValueSerializer { out: &mut alone, place, ty: self.ty, field, depth: self.depth })?;
        header.finish(&mut alone);
        self.header.insert(self.out, field.tag(), &alone);
        Ok(())
    }

    #[inline]
    pub(super) fn finish(self) {
        self.header.finish(self.out);
        if let Some(length) = self.length {
            length.close(self.out);
        }
    }
}

impl SerializeStruct for StructSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.find(key).map_or(Ok(()), |field| self.put(field, value))
    }

    fn end(self) -> Result<()> {
        self.finish();
        Ok(())
    }
}

/// A struct that is being written from a map of names to values.
pub(super) struct NamedSerializer<'o, 't> {
    pub fields: StructSerializer<'o, 't>,
    pub key: String,
}

impl SerializeMap for NamedSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key.clear();
        key.serialize(KeyText(&mut self.key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.fields.find(&self.key).map_or(Ok(()), |field| self.fields.put(field, value))
    }

    fn end(self) -> Result<()> {
        self.fields.finish();
        Ok(())
    }
}
