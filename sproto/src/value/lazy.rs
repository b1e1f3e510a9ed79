//! An array or map of structs that is checked but not decoded yet. A message of many small structs takes a multiple of its
//! size as values; so it stays bytes until somebody looks, and parts that nobody looks at cost next to nothing.

use std::sync::OnceLock;

use super::Value;
use super::sink::ValueSink;
use crate::decode::List;
use crate::schema::{Schema, TypeRef};

/// Bytes that become a value when they are first looked at.
#[derive(Clone)]
pub(super) struct Lazy {
    schema: Schema,
    type_id: usize,
    position: usize,
    depth: usize,
    bytes: Box<[u8]>,
    value: OnceLock<Value>,
}

impl Lazy {
    /// `list` must be checked.
    pub(super) fn new(schema: &Schema, list: List<'_>) -> Box<Self> {
        Box::new(Self {
            schema: schema.clone(),
            type_id: list.ty.def.id,
            position: list.field.position as usize,
            depth: list.depth,
            bytes: list.bytes.into(),
            value: OnceLock::new(),
        })
    }

    pub(super) fn value(&self) -> &Value {
        self.value.get_or_init(|| self.decode().unwrap_or_default())
    }

    fn decode(&self) -> Option<Value> {
        let tables = self.schema.tables();
        let ty = TypeRef { tables, def: tables.types.get(self.type_id)? };
        let (bytes, depth) = (&*self.bytes, self.depth);
        let list = List { ty, field: ty.fields().get(self.position)?, bytes, depth };
        list.decode(&mut ValueSink::of_checked(&self.schema)).ok()
    }
}
