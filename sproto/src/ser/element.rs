//! Arrays: the elements one by one.

use serde::ser::{Serialize, SerializeSeq, SerializeTuple, SerializeTupleStruct};

use super::value::{Place, ValueSerializer};
use crate::error::{Error, Result};
use crate::schema::{Field, TypeRef};
use crate::wire::{IntegerWriter, Length};

/// An array that is being written.
pub(super) struct SeqSerializer<'o, 't> {
    pub out: &'o mut Vec<u8>,
    pub ty: TypeRef<'t>,
    pub field: &'t Field,
    pub depth: usize,
    length: Length,
    /// Where the elements begin.
    start: usize,
    integers: IntegerWriter,
    /// It is a single binary, and the elements are its bytes.
    bytes: bool,
    index: usize,
}

impl<'o, 't> SeqSerializer<'o, 't> {
    #[inline(always)]
    pub(super) fn new(
        out: &'o mut Vec<u8>,
        ty: TypeRef<'t>,
        field: &'t Field,
        depth: usize,
        bytes: bool,
    ) -> Self {
        let length = Length::open(out);
        let (start, integers) = (out.len(), IntegerWriter::new(out));
        Self { out, ty, field, depth, length, start, integers, bytes, index: 0 }
    }

    #[inline(always)]
    pub(super) fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let index = self.next_index();
        value.serialize(ValueSerializer::new(Element(self))).map_err(|error| error.in_element(index))
    }

    pub(super) fn next_index(&mut self) -> usize {
        self.index += 1;
        self.index - 1
    }

    #[inline(always)]
    pub(super) fn finish(self) {
        self.length.close(self.out);
    }
}

/// The next element of an array.
struct Element<'p, 'o, 't>(&'p mut SeqSerializer<'o, 't>);

impl<'p, 't> Place<'p, 't> for Element<'p, '_, 't> {
    const ELEMENT: bool = true;

    #[inline]
    fn field(&self) -> &'t Field {
        self.0.field
    }

    #[inline]
    fn ty(&self) -> TypeRef<'t> {
        self.0.ty
    }

    #[inline]
    fn depth(&self) -> usize {
        self.0.depth
    }

    #[inline]
    fn is_byte(&self) -> bool {
        self.0.bytes
    }

    #[inline]
    fn data(self) -> &'p mut Vec<u8> {
        self.0.out
    }

    #[inline]
    fn integer(self, value: i64) {
        self.0.integers.push(self.0.out, value);
    }

    /// The first double brings the width byte.
    fn double(self, value: f64) {
        if self.0.out.len() == self.0.start {
            self.0.out.push(8);
        }
        self.0.out.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    #[inline]
    fn boolean(self, value: bool) {
        self.0.out.push(value.into());
    }
}

impl SerializeSeq for SeqSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put(value)
    }

    #[inline(always)]
    fn end(self) -> Result<()> {
        self.finish();
        Ok(())
    }
}

impl SerializeTuple for SeqSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put(value)
    }

    #[inline]
    fn end(self) -> Result<()> {
        self.finish();
        Ok(())
    }
}

impl SerializeTupleStruct for SeqSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put(value)
    }

    #[inline]
    fn end(self) -> Result<()> {
        self.finish();
        Ok(())
    }
}
