//! Maps: a struct by names, a `*T(key)`, or a `*T()`.

use serde::ser::{Serialize, SerializeMap};

use super::element::SeqSerializer;
use super::mismatch;
use super::structure::NamedSerializer;
use super::value::{Place, ValueSerializer};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::{DEPTH_LIMIT, Length, StructWriter};

/// A map that is being written.
pub(super) enum MapSerializer<'p, 't> {
    Struct(NamedSerializer<'p, 't>),
    Entries(Entries<'p, 't>),
}

/// The entries of a `*T(key)` or `*T()`.
pub(super) struct Entries<'p, 't> {
    list: SeqSerializer<'p, 't>,
    item: TypeRef<'t>,
    /// The pair whose key is written and whose value is to come, in a `*T()`.
    open: Option<(Length, StructWriter)>,
    index: usize,
}

impl<'p, 't> MapSerializer<'p, 't> {
    pub(super) fn entries(list: SeqSerializer<'p, 't>) -> Result<Self> {
        let Kind::Struct(id) = list.field.kind() else { return Err(mismatch("an array", "a map")) };
        let item = list.ty.by_id(id);
        Ok(Self::Entries(Entries { list, item, open: None, index: 0 }))
    }
}

impl<'t> Entries<'_, 't> {
    /// The fields of a pair; a keyed map has none, its keys are inside its values.
    fn pair(&self) -> Option<(&'t Field, &'t Field)> {
        let Shape::Map { key, value } = self.list.field.shape() else { return None };
        Some((self.item.fields().get(key)?, self.item.fields().get(value)?))
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let Some((field, _)) = self.pair() else { return Ok(()) };
        self.index = self.list.next_index();
        if self.list.depth + 1 >= DEPTH_LIMIT {
            return Err(Error::encode(Fault::TooDeep));
        }
        let length = Length::open(self.list.out);
        let mut header = StructWriter::new(self.list.out, self.item.def.room);
        self.part(&mut header, field, key)?;
        self.open = Some((length, header));
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let Some((_, field)) = self.pair() else { return self.list.put(value) };
        let Some((length, mut header)) = self.open.take() else { return Err(mismatch("a key", "a value")) };
        self.part(&mut header, field, value)?;
        header.finish(self.list.out);
        length.close(self.list.out);
        Ok(())
    }

    fn part<T: Serialize + ?Sized>(
        &mut self,
        header: &mut StructWriter,
        field: &Field,
        value: &T,
    ) -> Result<()> {
        let depth = self.list.depth + 1;
        let place = Place::Field(header);
        let target = ValueSerializer { out: self.list.out, place, ty: self.item, field, depth };
        value.serialize(target).map_err(|error| error.in_field(field.name()).in_element(self.index))
    }
}

impl SerializeMap for MapSerializer<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        match self {
            Self::Struct(fields) => fields.serialize_key(key),
            Self::Entries(entries) => entries.key(key),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match self {
            Self::Struct(fields) => fields.serialize_value(value),
            Self::Entries(entries) => entries.value(value),
        }
    }

    fn end(self) -> Result<()> {
        match self {
            Self::Struct(named) => named.fields.finish(),
            Self::Entries(entries) => entries.list.finish(),
        }
        Ok(())
    }
}
