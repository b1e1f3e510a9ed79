//! The key of a map that stands for a struct: it must be a field's name.

use std::fmt::Write;

use serde::ser::{Impossible, Serialize, Serializer};

use super::{mismatch, refuse};
use crate::error::{Error, Result};

/// Takes strings and what stands for one.
pub(super) struct KeyText<'k>(pub &'k mut String);

impl KeyText<'_> {
    fn expected(&self) -> &'static str {
        "a field name"
    }
}

impl Serializer for KeyText<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Impossible<(), Error>;
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
        serialize_bytes: &[u8], "a binary";
        serialize_unit_struct: &'static str, "nil";
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.0.push(value);
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.0.push_str(value);
        Ok(())
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<()> {
        write!(self.0, "{value}").map_err(|_| mismatch("a field name", "nothing"))
    }

    fn serialize_none(self) -> Result<()> {
        Err(mismatch("a field name", "nil"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        Err(mismatch("a field name", "nil"))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
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
        Err(mismatch("a field name", "an enum"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        Err(mismatch("a field name", "an array"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        Err(mismatch("a field name", "a tuple"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        Err(mismatch("a field name", "a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Err(mismatch("a field name", "an enum"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        Err(mismatch("a field name", "a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        Err(mismatch("a field name", "a struct"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Err(mismatch("a field name", "an enum"))
    }
}
