//! JSON values and Lua values: a robot's rows of the plan's data sets, and what robots tell each other.

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

/// The deepest that tables may be nested that leave Lua; one that holds itself ends here.
const DEEPEST: usize = 64;

/// A JSON value of what stands in Lua: a table of 1, 2, .. is a list, any other an object.
///
/// # Errors
/// What is no JSON.
pub(super) fn from_lua(value: &Value) -> Result<Json, String> {
    json_of(value, 0)
}

fn json_of(value: &Value, depth: usize) -> Result<Json, String> {
    match value {
        Value::Nil => Ok(Json::Null),
        Value::Boolean(is) => Ok((*is).into()),
        Value::Integer(n) => Ok((*n).into()),
        Value::Number(n) => {
            let number = serde_json::Number::from_f64(*n);
            number.map(Json::Number).ok_or_else(|| format!("{n} is no number that can be told to others"))
        }
        Value::String(text) => {
            let text = text.to_str().map_err(|_| "a string that is no UTF-8")?;
            Ok(Json::String(text.to_owned()))
        }
        Value::Table(table) if depth < DEEPEST => json_of_table(table, depth),
        Value::Table(_) => Err(format!("tables nested deeper than {DEEPEST}")),
        other => Err(format!("a {} can't be told to others", other.type_name())),
    }
}

fn json_of_table(table: &Table, depth: usize) -> Result<Json, String> {
    let broken = |e: mlua::Error| e.to_string();
    if table.raw_len() > 0 {
        let items = table.sequence_values::<Value>();
        let list = items.map(|item| json_of(&item.map_err(broken)?, depth + 1));
        return list.collect::<Result<Vec<_>, _>>().map(Json::Array);
    }
    let mut object = Row::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(broken)?;
        let key = key.as_string().and_then(|key| key.to_str().ok().map(|key| key.to_owned()));
        let key = key.ok_or("a table with keys that are neither 1, 2, .. nor strings")?;
        object.insert(key, json_of(&value, depth + 1)?);
    }
    Ok(Json::Object(object))
}

/// The Lua value of JSON. It is as deep as that, which `serde_json` bounds.
pub(super) fn to_lua(lua: &Lua, json: &Json) -> mlua::Result<Value> {
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
                table.raw_set(place + 1, to_lua(lua, item)?)?;
            }
            Value::Table(table)
        }
        Json::Object(object) => Value::Table(fields(lua, object)?),
    })
}

fn fields(lua: &Lua, object: &Row) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, object.len())?;
    for (name, field) in object {
        table.raw_set(name.as_str(), to_lua(lua, field)?)?;
    }
    Ok(table)
}
