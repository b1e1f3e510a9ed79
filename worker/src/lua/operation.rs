//! What a mod waits for: the calls that yield, read from what the coroutine gave, and carried out by the robot's future.

use std::ptr::without_provenance_mut;
use std::time::Duration;

use mlua::{BorrowedStr, LightUserData, Lua, Table, Value};
use proto::speech::Dialect;

use super::state::State;
use super::talk;
use crate::connection::{Connection, NORMAL};
use crate::error::Error;
use crate::robot::Robot;

/// The calls that wait, by what marks their yield. Lua code can't make such marks, so no yield of its own is taken for one.
const CODES: [(&str, usize); 6] =
    [("request", 1), ("connect", 2), ("sleep", 3), ("close", 4), ("gather", 5), ("wait_for", 6)];

/// The marks by name, for the prelude.
pub(super) fn codes(lua: &Lua) -> mlua::Result<Table> {
    let codes = lua.create_table()?;
    for (name, code) in CODES {
        codes.set(name, LightUserData(without_provenance_mut(code)))?;
    }
    Ok(codes)
}

/// What a coroutine yielded: the mark, the number of the robot it was called on, and up to four arguments.
pub(super) type Yielded = (Value, Value, Value, Value, Value, Value);

/// Something to wait for.
pub(super) struct Operation {
    code: usize,
    number: Value,
    args: [Value; 4],
}

impl Operation {
    /// None if that is not a yield of ours.
    pub(super) fn read((mark, number, a, b, c, d): Yielded) -> Option<Self> {
        let Value::LightUserData(mark) = mark else { return None };
        Some(Self { code: mark.0.addr(), number, args: [a, b, c, d] })
    }

    /// Carries it out. What is rare is boxed, so that the future of a request, which each task makes, stays small.
    pub(super) async fn perform(self, state: &State, robot: &Robot) -> Result<Value, Error> {
        its(&self.number, robot)?;
        let [a, b, c, d] = self.args;
        match self.code {
            1 => request(state, &named(&a, robot)?, &b, &c, &d).await,
            2 => Box::pin(connect(robot, &a, &b, &c)).await,
            3 => {
                Box::pin(robot.sleep(seconds(&a, "robot:sleep")?)).await;
                Ok(Value::Nil)
            }
            4 => {
                Box::pin(close(robot, &a, &b, &c)).await?;
                Ok(Value::Nil)
            }
            5 => Box::pin(talk::gather(&state.interpreter.lua, robot, &[a, b, c])).await,
            _ => Box::pin(talk::wait_for(&state.interpreter.lua, &a, &b, &c)).await,
        }
    }
}

async fn request(
    state: &State,
    connection: &Connection,
    name: &Value,
    content: &Value,
    options: &Value,
) -> Result<Value, Error> {
    let options = Options::read(options, "connection:request", &["reply", "timeout"])?;
    let message = connection.message(&borrowed(name, "connection:request: the message's name")?)?;
    let reply = match options.text("reply")? {
        Some(reply) => connection.message(&reply)?,
        None => connection.reply_of(message)?,
    };
    let asked = connection.ask(message, &state.told(content), reply, options.seconds("timeout")?)?;
    let ty = state.protocol.reply_type(reply);
    asked.reply(|body| state.decode(ty.as_ref(), body)).await
}

const CONNECT_OPTIONS: [&str; 6] = ["dialect", "packed", "text", "headers", "subprotocol", "timeout"];

async fn connect(robot: &Robot, name: &Value, url: &Value, options: &Value) -> Result<Value, Error> {
    let name = text(name, "robot:connect: the connection's name")?;
    let url = text(url, "robot:connect: the url")?;
    let options = Options::read(options, "robot:connect", &CONNECT_OPTIONS)?;
    let mut connect = robot.connect(&name, &url);
    if let Some(dialect) = options.dialect()? {
        connect = connect.dialect(dialect);
    }
    if let Some(packed) = options.boolean("packed")? {
        connect = connect.packed(packed);
    }
    if options.boolean("text")? == Some(true) {
        connect = connect.text_frames();
    }
    for (name, value) in options.headers()? {
        connect = connect.header(name, value);
    }
    if let Some(subprotocol) = options.text("subprotocol")? {
        connect = connect.subprotocol(subprotocol);
    }
    if let Some(timeout) = options.seconds("timeout")? {
        connect = connect.timeout(timeout);
    }
    connect.await?;
    Ok(Value::Nil)
}

/// A connection that is gone already is closed.
async fn close(robot: &Robot, name: &Value, code: &Value, reason: &Value) -> Result<(), Error> {
    let code = match code {
        Value::Nil => NORMAL,
        code => code.as_integer().and_then(|code| u16::try_from(code).ok()).ok_or_else(|| {
            usage("connection:close", &format!("the code is no integer from 0 to 65535 but {}", told(code)))
        })?,
    };
    let reason = if reason.is_nil() { String::new() } else { text(reason, "connection:close: the reason")? };
    if let Ok(connection) = named(name, robot) {
        connection.close_with(code, &reason).await;
    }
    Ok(())
}

const NO_OBJECT: &str = "it has no object; write `robot:log(..)` with a colon";

/// The table of a robot or connection, if it is of the robot whose code runs.
///
/// # Errors
/// It is another robot's, or no object at all.
pub(super) fn own(this: &Value, robot: &Robot) -> Result<Table, Error> {
    let Some(table) = this.as_table() else {
        return Err(usage("call", NO_OBJECT));
    };
    its(&table.raw_get("number").unwrap_or(Value::Nil), robot)?;
    Ok(table.clone())
}

/// Checks that a number is the one of the robot whose code runs.
///
/// # Errors
/// It is another robot's, or none at all.
pub(super) fn its(number: &Value, robot: &Robot) -> Result<(), Error> {
    match number {
        Value::Integer(number) if u64::try_from(*number) == Ok(robot.number()) => Ok(()),
        Value::Nil => Err(usage("call", NO_OBJECT)),
        _ => Err(usage("call", &format!("robot {} can't act for another one", robot.number()))),
    }
}

/// The connection that an object stands for: the open one of its name.
pub(super) fn connection(this: &Table, robot: &Robot) -> Result<Connection, Error> {
    named(&this.raw_get("name").unwrap_or(Value::Nil), robot)
}

/// The open connection of a name.
fn named(name: &Value, robot: &Robot) -> Result<Connection, Error> {
    let name = name.as_string().ok_or_else(|| usage("call", "that is no connection"))?;
    robot.connection(&name.to_str().map_err(|e| super::fault::of_lua(&e))?)
}

/// A text argument, as it stands in Lua.
pub(super) fn borrowed(value: &Value, what: &str) -> Result<BorrowedStr, Error> {
    let text = value.as_string().and_then(|text| text.to_str().ok());
    text.ok_or_else(|| usage(what, &format!("expected a string, got {}", told(value))))
}

/// A text argument. Bytes that are no UTF-8 are replaced.
pub(super) fn text(value: &Value, what: &str) -> Result<String, Error> {
    let text = value.as_string().map(|text| text.to_string_lossy());
    text.ok_or_else(|| usage(what, &format!("expected a string, got {}", told(value))))
}

/// A number of seconds.
pub(super) fn seconds(value: &Value, what: &str) -> Result<Duration, Error> {
    let number = value.as_number().or_else(|| value.as_integer().map(|integer| integer as f64));
    let duration = number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| usage(what, &format!("expected seconds, got {}", told(value))))
}

fn told(value: &Value) -> String {
    match value {
        Value::String(text) => format!("string {:?}", text.to_string_lossy()),
        Value::Integer(integer) => format!("number {integer}"),
        Value::Number(number) => format!("number {number}"),
        other => other.type_name().to_owned(),
    }
}

/// A wrong use of the API.
pub(super) fn usage(what: &str, reason: &str) -> Error {
    super::fault::of_task(format!("{what}: {reason}"))
}

/// The options of a call, all of whose names are known.
struct Options<'a> {
    table: Option<&'a Table>,
    what: &'static str,
}

impl<'a> Options<'a> {
    fn read(value: &'a Value, what: &'static str, known: &[&str]) -> Result<Self, Error> {
        let table = match value {
            Value::Nil => return Ok(Self { table: None, what }),
            value => value.as_table().ok_or_else(|| usage(what, "the options are no table"))?,
        };
        for pair in table.pairs::<Value, Value>() {
            let key = pair.ok().and_then(|(key, _)| key.as_string().map(|key| key.to_string_lossy()));
            if !key.as_deref().is_some_and(|key| known.contains(&key)) {
                let (key, known) = (key.unwrap_or_default(), known.join(", "));
                return Err(usage(what, &format!("there is no option `{key}`; there are: {known}")));
            }
        }
        Ok(Self { table: Some(table), what })
    }

    fn get(&self, key: &str) -> Option<Value> {
        let value = self.table?.raw_get::<Value>(key).ok()?;
        if value.is_nil() { None } else { Some(value) }
    }

    fn text(&self, key: &str) -> Result<Option<String>, Error> {
        self.get(key).map(|value| text(&value, &format!("{}: {key}", self.what))).transpose()
    }

    fn seconds(&self, key: &str) -> Result<Option<Duration>, Error> {
        self.get(key).map(|value| seconds(&value, &format!("{}: {key}", self.what))).transpose()
    }

    fn boolean(&self, key: &str) -> Result<Option<bool>, Error> {
        let boolean = |value: Value| {
            let what = format!("{}: {key}", self.what);
            value
                .as_boolean()
                .ok_or_else(|| usage(&what, &format!("expected a boolean, got {}", told(&value))))
        };
        self.get(key).map(boolean).transpose()
    }

    fn dialect(&self) -> Result<Option<Dialect>, Error> {
        match self.text("dialect")?.as_deref() {
            None => Ok(None),
            Some("msg") => Ok(Some(Dialect::Msg)),
            Some("rpc") => Ok(Some(Dialect::Rpc)),
            Some(other) => {
                Err(usage(self.what, &format!("there is no dialect `{other}`; there are: msg, rpc")))
            }
        }
    }

    fn headers(&self) -> Result<Vec<(String, String)>, Error> {
        let Some(headers) = self.get("headers") else { return Ok(Vec::new()) };
        let what = format!("{}: headers", self.what);
        let table = headers.as_table().ok_or_else(|| usage(&what, "expected a table of name = value"))?;
        let pairs = table.pairs::<Value, Value>().filter_map(Result::ok);
        pairs.map(|(name, value)| Ok((text(&name, &what)?, text(&value, &what)?))).collect()
    }
}

/// What a coroutine is resumed with: true and a value, or false, a class and a message.
pub(super) fn answer(lua: &Lua, outcome: Result<Value, Error>) -> mlua::Result<(bool, Value, Value)> {
    let error = match outcome {
        Ok(value) => return Ok((true, value, Value::Nil)),
        Err(error) => error,
    };
    let class = lua.create_string(error.class().as_str())?;
    let told = lua.create_string(error.to_string())?;
    Ok((false, Value::String(class), Value::String(told)))
}
