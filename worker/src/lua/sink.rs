//! Bytes to Lua tables: the decoder pushes each field straight into a table.

use mlua::{Lua, Table, Value};
use sproto::decode::Sink;
use sproto::{Error, Fault, Field, Result, Type, TypeRef};

use super::source::Names;

/// Makes tables of what the decoder finds. Strings and binaries are Lua strings, whatever bytes they hold.
pub(super) struct Made<'a> {
    lua: &'a Lua,
    names: &'a Names,
}

/// A message as a table; nil where the protocol has none.
///
/// # Errors
/// Bytes that are no such message, or a state without memory.
pub(super) fn decode(lua: &Lua, names: &Names, ty: Option<&Type>, bytes: &[u8]) -> Result<Value> {
    ty.map_or(Ok(Value::Nil), |ty| ty.decode_into(&mut Made { lua, names }, bytes).map(|(value, _)| value))
}

/// A list that is being made, and its length.
pub(super) struct List(Table, i64);

impl Made<'_> {
    fn text(&self, bytes: &[u8]) -> Result<Value> {
        self.lua.create_string(bytes).map(Value::String).map_err(refused)
    }
}

impl Sink for Made<'_> {
    type Value = Value;
    type Struct = Table;
    type Array = List;
    type Map = Table;

    fn integer(&mut self, value: i64) -> Result<Value> {
        Ok(Value::Integer(value))
    }

    fn number(&mut self, value: f64) -> Result<Value> {
        Ok(Value::Number(value))
    }

    fn boolean(&mut self, value: bool) -> Result<Value> {
        Ok(Value::Boolean(value))
    }

    fn string(&mut self, bytes: &[u8]) -> Result<Value> {
        self.text(bytes)
    }

    fn binary(&mut self, bytes: &[u8]) -> Result<Value> {
        self.text(bytes)
    }

    fn begin_struct(&mut self, _: TypeRef<'_>, room: usize) -> Result<Table> {
        self.lua.create_table_with_capacity(0, room).map_err(refused)
    }

    fn field(&mut self, to: &mut Table, field: &Field, value: Value) -> Result<()> {
        let name = self.names.get(self.lua, field).map_err(refused)?;
        to.raw_set(name, value).map_err(refused)
    }

    fn end_struct(&mut self, done: Table) -> Result<Value> {
        Ok(Value::Table(done))
    }

    fn begin_array(&mut self, _: &Field, len: usize) -> Result<List> {
        Ok(List(self.lua.create_table_with_capacity(len, 0).map_err(refused)?, 0))
    }

    fn element(&mut self, to: &mut List, value: Value) -> Result<()> {
        to.1 += 1;
        to.0.raw_set(to.1, value).map_err(refused)
    }

    fn end_array(&mut self, done: List) -> Result<Value> {
        Ok(Value::Table(done.0))
    }

    fn begin_map(&mut self, _: &Field, len: usize) -> Result<Table> {
        self.lua.create_table_with_capacity(0, len).map_err(refused)
    }

    fn entry(&mut self, to: &mut Table, key: Value, value: Value) -> Result<()> {
        to.raw_set(key, value).map_err(refused)
    }

    fn end_map(&mut self, done: Table) -> Result<Value> {
        Ok(Value::Table(done))
    }
}

fn refused(error: mlua::Error) -> Error {
    Error::decode(Fault::Custom(super::fault::message(&error).into()))
}
