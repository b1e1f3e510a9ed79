//! Robots that talk, from Lua: tables that the worker's robots share, groups over the cluster, topics.

use mlua::{AnyUserData, Lua, Table, UserData, Value};

use super::data::{from_lua, to_lua};
use super::fault;
use super::operation::{seconds, text, usage};
use crate::error::Error;
use crate::group::Group;
use crate::robot::Robot;
use crate::shared::Shared;

/// A group, as the object of its member holds it: who lets go of it leaves.
struct Handle(Group);

impl UserData for Handle {}

/// Waits for others: key, size, seconds. Gives what the prelude makes an object of.
pub(super) async fn gather(
    lua: &Lua,
    robot: &Robot,
    [key, size, timeout]: &[Value; 3],
) -> Result<Value, Error> {
    let key = text(key, "robot:gather: the key")?;
    let size = size.as_integer().and_then(|size| u32::try_from(size).ok()).filter(|size| *size > 0);
    let size = size.ok_or_else(|| usage("robot:gather", "the size is no integer from 1 on"))?;
    let timeout = seconds(timeout, "robot:gather: the timeout")?;
    let group = robot.gather(&key, size, timeout).await?;
    object(lua, group).map(Value::Table).map_err(|e| fault::of_lua(&e))
}

fn object(lua: &Lua, group: Group) -> mlua::Result<Table> {
    let object = lua.create_table()?;
    object.raw_set("id", group.id())?;
    object.raw_set("place", group.place() + 1)?; // as Lua counts
    object.raw_set("members", group.members().to_vec())?;
    object.raw_set("handle", lua.create_userdata(Handle(group))?)?;
    Ok(object)
}

/// Waits for a value on a group's board: the group's handle, key, seconds.
pub(super) async fn wait_for(
    lua: &Lua,
    handle: &Value,
    key: &Value,
    timeout: &Value,
) -> Result<Value, Error> {
    let (key, timeout) = (text(key, "group:wait_for: the key")?, seconds(timeout, "group:wait_for")?);
    let value = held(handle, |group| Ok(group.clone()))?.wait_for(&key, timeout).await?;
    to_lua(lua, &value).map_err(|e| fault::of_lua(&e))
}

/// Writes on a group's board.
pub(super) fn set(this: &Table, key: &str, value: &Value) -> Result<Value, Error> {
    let value = from_lua(value).map_err(|why| usage("group:set", &why))?;
    with(this, |group| group.set(key, value)).map(|()| Value::Nil)
}

/// Reads a group's board.
pub(super) fn get(lua: &Lua, this: &Table, key: &str) -> Result<Value, Error> {
    let value = with(this, |group| Ok(group.get(key)))?;
    value.map_or(Ok(Value::Nil), |value| to_lua(lua, &value)).map_err(|e| fault::of_lua(&e))
}

/// The numbers of those that have left a group.
pub(super) fn left(lua: &Lua, this: &Table) -> Result<Value, Error> {
    let left = with(this, |group| Ok(group.left()))?;
    lua.create_sequence_from(left).map(Value::Table).map_err(|e| fault::of_lua(&e))
}

/// Leaves a group.
pub(super) fn leave(this: &Table) -> Result<Value, Error> {
    if let Ok(handle) = this.raw_get::<AnyUserData>("handle") {
        let _gone = handle.take::<Handle>();
    }
    Ok(Value::Nil)
}

fn with<T>(this: &Table, act: impl FnOnce(&Group) -> Result<T, Error>) -> Result<T, Error> {
    held(&this.raw_get("handle").unwrap_or(Value::Nil), act)
}

fn held<T>(handle: &Value, act: impl FnOnce(&Group) -> Result<T, Error>) -> Result<T, Error> {
    let handle = handle.as_userdata().and_then(|handle| handle.borrow::<Handle>().ok());
    act(&handle.ok_or_else(|| usage("group", "this robot has left it"))?.0)
}

/// Tells all that listen to a topic.
pub(super) fn publish(robot: &Robot, topic: &str, value: &Value) -> Result<Value, Error> {
    let value = from_lua(value).map_err(|why| usage("robot:publish", &why))?;
    robot.publish(topic, value).map(|()| Value::Nil)
}

/// What can be done with a table that the worker's robots share.
pub(super) const SHARED: [&str; 8] = ["get", "set", "remove", "add", "push", "pop", "len", "keys"];

/// Does one of [`SHARED`] with the table that an object names.
pub(super) fn shared(
    lua: &Lua,
    robot: &Robot,
    this: &Table,
    what: &str,
    args: [&Value; 2],
) -> Result<Value, Error> {
    let name: String = this.raw_get("name").map_err(|_| usage("shared", "that is no shared table"))?;
    let table = robot.shared(&name);
    let key = || text(args[0], &format!("table:{what}: the key"));
    let value = || from_lua(args[1]).map_err(|why| usage(&format!("table:{what}"), &why));
    let lua_value = |json: Option<serde_json::Value>| json.map_or(Ok(Value::Nil), |json| to_lua(lua, &json));
    let told = |e: mlua::Error| fault::of_lua(&e);
    match what {
        "get" => lua_value(table.get(&key()?)).map_err(told),
        "remove" => lua_value(table.remove(&key()?)).map_err(told),
        "pop" => lua_value(table.pop(&key()?)).map_err(told),
        "set" => table.set(&key()?, value()?).map(|()| Value::Nil),
        "push" => table.push(&key()?, value()?).map(integer),
        "add" => add(&table, &key()?, args[1]),
        "len" => Ok(integer(table.len())),
        _ => lua.create_sequence_from(table.keys()).map(Value::Table).map_err(told),
    }
}

fn add(table: &Shared, key: &str, more: &Value) -> Result<Value, Error> {
    let more = if more.is_nil() { Some(1) } else { more.as_integer() };
    let more = more.ok_or_else(|| usage("table:add", "expected an integer"))?;
    table.add(key, more).map(Value::Integer)
}

fn integer(n: usize) -> Value {
    Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}
