//! Arrays: the elements one by one.

use serde::ser::{Serialize, SerializeSeq, SerializeTuple, SerializeTupleStruct};

use super::value::{Place, ValueSerializer};
use crate::error::{Error, Result};
use crate::schema::{Field, TypeRef};
use crate::wire::{IntegerWriter, Length};

/// What an array remembers between its elements.
pub(super) struct Elements {
    pub integers: IntegerWriter,
    /// Where the elements begin.
    start: usize,
    /// It is a single binary, and the elements are its bytes.
    pub bytes: bool,
}

impl Elements {
    /// The first double brings the width byte.
    pub(super) fn double(&self, out: &mut Vec<u8>, value: f64) {
        if out.len() == self.start {
            out.push(8);
        }
        out.extend_from_slice(&value.to_bits().to_le_bytes());
    }
}

/// An array that is being written.
pub(super) struct SeqSerializer<'p, 't> {
    pub out: &'p mut Vec<u8>,
    pub ty: TypeRef<'t>,
    pub field: &'p Field,
    pub depth: usize,
    length: Length,
    elements: Elements,
    index: usize,
}

impl<'p, 't> SeqSerializer<'p, 't> {
    #[inline(always)]
    pub(super) fn new(
        out: &'p mut Vec<u8>,
        ty: TypeRef<'t>,
        field: &'p Field,
        depth: usize,
        bytes: bool,
    ) -> Self {
        let length = Length::open(out);
        let elements = Elements { integers: IntegerWriter::new(out), start: out.len(), bytes };
        Self { out, ty, field, depth, length, elements, index: 0 }
    }

    #[inline]
    pub(super) fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let index = self.next_index();
        let place = Place::Element(&mut self.elements);
        let target =
            ValueSerializer { out: self.out, place, ty: self.ty, field: self.field, depth: self.depth };
        value.serialize(target).map_err(|error| error.in_element(index))
    }

    pub(super) fn next_index(&mut self) -> usize {
        self.index += 1;
        self.index - 1
    }

    pub(super) fn finish(self) {
        self.length.close(self.out);
    }
}

impl SerializeSeq for SeqSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put(value)
    }

    fn end(self) -> Result<()> {
        self.finish();
        Ok(())
    }
}

impl SerializeTuple for SeqSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put(value)
    }

    fn end(self) -> Result<()> {
        self.finish();
        Ok(())
    }
}

impl SerializeTupleStruct for SeqSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put(value)
    }

    fn end(self) -> Result<()> {
        self.finish();
        Ok(())
    }
}
