//! A robot's rows of the plan's data sets, as Lua tables.

use mlua::{Lua, Table, Value};
use proto::rows::Row;
use serde_json::Value as Json;

use crate::robot::Robot;

/// The robot's row of each set, by the set's name.
pub(super) fn rows(lua: &Lua, robot: &Robot) -> mlua::Result<Table> {
    let rows = lua.create_table()?;
    for set in robot.context().kit.data.names() {
        if let Some(row) = robot.data(set) {
            rows.raw_set(set, fields(lua, row)?)?;
        }
    }
    Ok(rows)
}

/// A row is as deep as its JSON, which `serde_json` bounds.
fn value(lua: &Lua, json: &Json) -> mlua::Result<Value> {
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Array(list) => {
            let table = lua.create_table_with_capacity(list.len(), 0)?;
            for (place, item) in list.iter().enumerate() {
                table.raw_set(place + 1, value(lua, item)?)?;
            }
            Value::Table(table)
        }
        Json::Object(object) => Value::Table(fields(lua, object)?),
    })
}

fn fields(lua: &Lua, object: &Row) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, object.len())?;
    for (name, field) in object {
        table.raw_set(name.as_str(), value(lua, field)?)?;
    }
    Ok(table)
}
