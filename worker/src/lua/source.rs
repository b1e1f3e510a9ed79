//! Lua tables to bytes: the encoder walks the schema and pulls each field out of a table.

use std::cell::RefCell;

use mlua::{Lua, LuaString, Table, Value};
use rustc_hash::FxHashMap;
use sproto::encode::Source;
use sproto::rpc::Content;
use sproto::{Error, Fault, Field, Result, Type};

/// The names of fields as strings of one Lua state, made once each.
#[derive(Default)]
pub(super) struct Names(RefCell<FxHashMap<usize, LuaString>>);

impl Names {
    /// A field is known by where it stands: the state keeps its schemas alive.
    pub(super) fn get(&self, lua: &Lua, field: &Field) -> mlua::Result<LuaString> {
        let place = std::ptr::from_ref(field).addr();
        if let Some(name) = self.0.borrow().get(&place) {
            return Ok(name.clone());
        }
        let name = lua.create_string(field.name())?;
        self.0.borrow_mut().insert(place, name.clone());
        Ok(name)
    }
}

/// A Lua value that is sent as a message. Nil is a message without fields.
pub(super) struct Told<'a> {
    pub(super) lua: &'a Lua,
    pub(super) names: &'a Names,
    pub(super) value: &'a Value,
}

impl Content for Told<'_> {
    fn put(&self, ty: &Type, out: &mut Vec<u8>) -> Result<()> {
        ty.encode_from(self, self.value, out)
    }

    fn is_nil(&self) -> bool {
        self.value.is_nil()
    }
}

impl Source for Told<'_> {
    type Node = Value;

    fn field(&self, node: &Value, field: &Field) -> Result<Option<Value>> {
        match node {
            Value::Table(fields) => {
                let name = self.names.get(self.lua, field).map_err(refused)?;
                let value: Value = fields.get(name).map_err(refused)?;
                Ok(if value.is_nil() { None } else { Some(value) })
            }
            Value::Nil => Ok(None),
            other => Err(mismatch("a table", other)),
        }
    }

    /// A float with an integral value passes, and so does a string that says an integer, as in the reference.
    fn integer(&self, node: &Value) -> Result<i64> {
        let integer = match node {
            Value::Integer(integer) => Some(*integer),
            Value::Number(_) | Value::String(_) => self.lua.coerce_integer(node.clone()).map_err(refused)?,
            _ => None,
        };
        integer.ok_or_else(|| mismatch("an integer", node))
    }

    /// A string that says a number passes, as in the reference; what is no number does not, where that writes a zero.
    fn number(&self, node: &Value) -> Result<f64> {
        let number = match node {
            Value::Number(number) => Some(*number),
            Value::Integer(_) | Value::String(_) => self.lua.coerce_number(node.clone()).map_err(refused)?,
            _ => None,
        };
        number.ok_or_else(|| mismatch("a number", node))
    }

    fn boolean(&self, node: &Value) -> Result<bool> {
        node.as_boolean().ok_or_else(|| mismatch("a boolean", node))
    }

    fn bytes(&self, node: &Value, _: &Field, put: impl FnOnce(&[u8])) -> Result<()> {
        let Value::String(bytes) = node else { return Err(mismatch("a string", node)) };
        put(&bytes.as_bytes());
        Ok(())
    }

    /// Up to the first nil.
    fn elements(&self, node: &Value, mut each: impl FnMut(Value) -> Result<()>) -> Result<()> {
        let array = table(node, "a list")?;
        for index in 1_i64.. {
            let element: Value = array.get(index).map_err(refused)?;
            if element.is_nil() {
                break;
            }
            each(element)?;
        }
        Ok(())
    }

    fn values(&self, node: &Value, mut each: impl FnMut(Value) -> Result<()>) -> Result<()> {
        self.entries(node, |_, value| each(value))
    }

    fn entries(&self, node: &Value, mut each: impl FnMut(Value, Value) -> Result<()>) -> Result<()> {
        for pair in table(node, "a table")?.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(refused)?;
            each(key, value)?;
        }
        Ok(())
    }
}

fn table<'v>(node: &'v Value, expected: &str) -> Result<&'v Table> {
    node.as_table().ok_or_else(|| mismatch(expected, node))
}

/// The longest part of a wrong string that an error shows.
const LONGEST: usize = 40;

fn mismatch(expected: &str, found: &Value) -> Error {
    let kind = found.type_name();
    let told = match found {
        Value::Boolean(value) => format!("expected {expected}, got {kind} {value}"),
        Value::Integer(value) => format!("expected {expected}, got {kind} {value}"),
        Value::Number(value) => format!("expected {expected}, got {kind} {value:?}"),
        Value::String(text) => {
            let text: String = text.to_string_lossy().chars().take(LONGEST).collect();
            format!("expected {expected}, got {kind} {text:?}")
        }
        _ => format!("expected {expected}, got a {kind}"),
    };
    Error::encode(Fault::Custom(told.into()))
}

fn refused(error: mlua::Error) -> Error {
    Error::encode(Fault::Custom(super::fault::message(&error).into()))
}
