//! Maps: a struct by names, a `*T(key)`, or a `*T()`.

use serde::ser::{Serialize, SerializeMap};

use super::element::SeqSerializer;
use super::mismatch;
use super::structure::{NamedSerializer, StructSerializer};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::{DEPTH_LIMIT, StructWriter};

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
    open: Option<StructWriter>,
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
        let header = self.item.def.room.nested(self.list.out);
        self.open = Some(self.part(header, field, key)?);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let Some((_, field)) = self.pair() else { return self.list.put(value) };
        let Some(header) = self.open.take() else { return Err(mismatch("a key", "a value")) };
        let header = self.part(header, field, value)?;
        self.item.def.room.finish(&header, self.list.out);
        Ok(())
    }

    /// Writes the key or the value of a pair.
    fn part<T: Serialize + ?Sized>(
        &mut self,
        header: StructWriter,
        field: &'t Field,
        value: &T,
    ) -> Result<StructWriter> {
        let depth = self.list.depth + 1;
        let mut pair = StructSerializer { ty: self.item, out: self.list.out, depth, header, next: 0 };
        pair.put(field, value).map_err(|error| error.in_element(self.index))?;
        Ok(pair.header)
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
