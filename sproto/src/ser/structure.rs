//! Structs: the root, nested ones, and elements of arrays.

use serde::ser::{Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

use super::key::KeyText;
use super::value::{Place, ValueSerializer};
use super::{mismatch, refuse};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, TypeRef};
use crate::wire::{DEPTH_LIMIT, StructWriter, same_name};

/// Takes a struct, or a map of names to values, and nothing else.
pub(super) struct StructRoot<'o, 't> {
    pub ty: TypeRef<'t>,
    pub out: &'o mut Vec<u8>,
    /// 0 is the root, all others stand behind their length.
    pub depth: usize,
}

impl<'o, 't> StructRoot<'o, 't> {
    fn expected(&self) -> &'static str {
        "a struct"
    }

    #[inline(always)]
    pub(super) fn begin(self) -> Result<StructSerializer<'o, 't>> {
        let Self { ty, out, depth } = self;
        if depth >= DEPTH_LIMIT && !ty.fields().is_empty() {
            return Err(Error::encode(Fault::TooDeep));
        }
        let room = &ty.def.room;
        let header = if depth == 0 { room.root(out) } else { room.nested(out) };
        Ok(StructSerializer { ty, out, depth, header, next: 0 })
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

    #[inline(always)]
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
    pub ty: TypeRef<'t>,
    pub out: &'o mut Vec<u8>,
    pub depth: usize,
    pub header: StructWriter,
    /// The position of the field that most likely comes next.
    pub next: usize,
}

impl<'t> StructSerializer<'_, 't> {
    /// The field of this name. Goes over the later ones first: fields come mostly in the schema's order, if not all of them.
    #[inline(always)]
    fn find(&mut self, name: &str) -> Option<&'t Field> {
        let later = self.ty.fields().get(self.next..).unwrap_or_default();
        let found =
            later.iter().find(|field| same_name(field.name(), name)).or_else(|| self.earlier(name))?;
        self.next = found.position as usize + 1;
        Some(found)
    }

    #[cold]
    fn earlier(&self, name: &str) -> Option<&'t Field> {
        self.ty.fields().iter().find(|field| same_name(field.name(), name))
    }

    #[inline(always)]
    pub(super) fn put<T: Serialize + ?Sized>(&mut self, field: &'t Field, value: &T) -> Result<()> {
        let late = u32::from(field.tag()) < self.header.next_tag();
        let put = if late {
            self.put_late(field, value)
        } else {
            value.serialize(ValueSerializer::new(FieldPlace { of: self, field }))
        };
        put.map_err(|error| error.in_field(field.name()))
    }

    /// A field that should have come earlier: written alone, then put where it belongs.
    #[cold]
    fn put_late<T: Serialize + ?Sized>(&mut self, field: &'t Field, value: &T) -> Result<()> {
        let mut bytes = Vec::new();
        let header = StructWriter::new(&mut bytes, 2);
        let mut alone = StructSerializer { ty: self.ty, out: &mut bytes, depth: self.depth, header, next: 0 };
        value.serialize(ValueSerializer::new(FieldPlace { of: &mut alone, field }))?;
        alone.header.finish(&mut bytes);
        self.header.insert(self.out, field.tag(), &bytes);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn finish(self) {
        self.ty.def.room.finish(&self.header, self.out);
    }
}

/// A field of the struct that is being written.
struct FieldPlace<'p, 'o, 't> {
    of: &'p mut StructSerializer<'o, 't>,
    field: &'t Field,
}

impl<'p, 't> Place<'p, 't> for FieldPlace<'p, '_, 't> {
    const ELEMENT: bool = false;

    #[inline]
    fn field(&self) -> &'t Field {
        self.field
    }

    #[inline]
    fn ty(&self) -> TypeRef<'t> {
        self.of.ty
    }

    #[inline]
    fn depth(&self) -> usize {
        self.of.depth
    }

    #[inline]
    fn is_byte(&self) -> bool {
        false
    }

    #[inline]
    fn data(self) -> &'p mut Vec<u8> {
        self.of.header.data(self.of.out, self.field.tag());
        self.of.out
    }

    #[inline]
    fn integer(self, value: i64) {
        self.of.header.integer(self.of.out, self.field.tag(), value);
    }

    #[inline]
    fn double(self, value: f64) {
        self.of.header.double(self.of.out, self.field.tag(), value);
    }

    #[inline]
    fn boolean(self, value: bool) {
        self.of.header.boolean(self.of.out, self.field.tag(), value);
    }
}

impl SerializeStruct for StructSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.find(key).map_or(Ok(()), |field| self.put(field, value))
    }

    #[inline(always)]
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
