//! Decoding builds values through this.

use std::sync::Arc;

use super::lazy::Lazy;
use super::no_sink::NoSink;
use super::{Array, Map, Names, Struct, Value};
use crate::decode::{List, Sink};
use crate::error::Result;
use crate::schema::{Field, Schema, Shape, TypeRef};
use crate::wire::{Booleans, utf8};

/// Makes `Value`s of what the decoder finds. Arrays and maps of structs are checked and kept as bytes until somebody looks.
pub(crate) struct ValueSink<'s> {
    schema: &'s Schema,
    /// The bytes are checked already.
    checked: bool,
}

/// Of a list that is looked at, inner lists of so many bytes are decoded along with it: keeping them costs more.
const SMALL: usize = 1024;

impl<'s> ValueSink<'s> {
    pub(crate) fn new(schema: &'s Schema) -> Self {
        Self { schema, checked: false }
    }

    pub(super) fn of_checked(schema: &'s Schema) -> Self {
        Self { schema, checked: true }
    }
}

/// A struct that is being decoded.
pub(crate) struct Draft {
    names: Arc<Names>,
    entries: Vec<(u32, Value)>,
}

impl Sink for ValueSink<'_> {
    type Value = Value;
    type Struct = Draft;
    type Array = Vec<Value>;
    type Map = Entries;

    #[inline]
    fn integer(&mut self, value: i64) -> Result<Value> {
        Ok(Value::Integer(value))
    }

    #[inline]
    fn number(&mut self, value: f64) -> Result<Value> {
        Ok(Value::Double(value))
    }

    #[inline]
    fn boolean(&mut self, value: bool) -> Result<Value> {
        Ok(Value::Boolean(value))
    }

    /// The wire does not promise UTF-8; what is none stays as bytes.
    #[inline]
    fn string(&mut self, bytes: &[u8]) -> Result<Value> {
        Ok(utf8(bytes).map_or_else(|| Value::Binary(bytes.into()), |text| Value::String(text.into())))
    }

    #[inline]
    fn binary(&mut self, bytes: &[u8]) -> Result<Value> {
        Ok(Value::Binary(bytes.into()))
    }

    #[inline]
    fn begin_struct(&mut self, ty: TypeRef<'_>, room: usize) -> Result<Draft> {
        Ok(Draft { names: Arc::clone(ty.def.names()), entries: Vec::with_capacity(room) })
    }

    #[inline]
    fn field(&mut self, draft: &mut Draft, field: &Field, value: Value) -> Result<()> {
        draft.entries.push((field.position, value));
        Ok(())
    }

    #[inline]
    fn end_struct(&mut self, draft: Draft) -> Result<Value> {
        Ok(Value::Struct(Struct::from_entries(draft.names, draft.entries)))
    }

    fn begin_array(&mut self, _: &Field, len: usize) -> Result<Vec<Value>> {
        Ok(Vec::with_capacity(len))
    }

    #[inline]
    fn element(&mut self, array: &mut Vec<Value>, value: Value) -> Result<()> {
        array.push(value);
        Ok(())
    }

    fn end_array(&mut self, array: Vec<Value>) -> Result<Value> {
        Ok(Value::Array(array.into()))
    }

    fn booleans(&mut self, _: &Field, booleans: Booleans<'_>) -> Result<Value> {
        Ok(Value::Array(Array::from_booleans(booleans)))
    }

    fn keep(&mut self, list: List<'_>) -> Result<Option<Value>> {
        if self.checked && list.bytes.len() <= SMALL {
            return Ok(None);
        }
        if !self.checked {
            list.decode(&mut NoSink)?;
        }
        let lazy = Lazy::new(self.schema, list);
        Ok(Some(match list.field.shape() {
            Shape::Array | Shape::Single => Value::Array(Array::lazy(lazy)),
            Shape::Keyed { .. } | Shape::Map { .. } => Value::Map(Map::lazy(lazy)),
        }))
    }

    fn begin_map(&mut self, field: &Field, len: usize) -> Result<Entries> {
        Ok(match field.shape() {
            Shape::Keyed { key } => Entries::Keyed(key, Vec::with_capacity(len)),
            _ => Entries::Pairs(Vec::with_capacity(len)),
        })
    }

    fn entry(&mut self, map: &mut Entries, key: Value, value: Value) -> Result<()> {
        match map {
            Entries::Pairs(pairs) => pairs.push((key, value)),
            Entries::Keyed(_, items) => items.push(value),
        }
        Ok(())
    }

    fn end_map(&mut self, map: Entries) -> Result<Value> {
        Ok(Value::Map(match map {
            Entries::Pairs(pairs) => Map::from_pairs(pairs),
            Entries::Keyed(key, items) => Map::keyed(key, items),
        }))
    }
}

/// A map that is being decoded.
pub(crate) enum Entries {
    Pairs(Vec<(Value, Value)>),
    Keyed(usize, Vec<Value>),
}
