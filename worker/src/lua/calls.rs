//! The calls of a robot that do not wait: Rust functions that the prelude's methods are made of.

use std::rc::Rc;
use std::time::Duration;

use mlua::{Function, Lua, MultiValue, Table, Value};

use super::interpreter::Desk;
use super::operation::{self, answer, own, seconds, text, usage};
use super::state::State;
use super::{data, fault, random, run, talk};
use crate::error::Error;
use crate::robot::Robot;

/// What one call is given: the robot that runs, the object that it was called on, and its arguments.
struct Given<'a> {
    lua: &'a Lua,
    desk: &'a Rc<Desk>,
    robot: &'a Robot,
    this: Table,
    args: [Value; 2],
}

impl Given<'_> {
    fn arg(&self, place: usize) -> &Value {
        self.args.get(place).unwrap_or(&Value::Nil)
    }

    fn text(&self, place: usize, what: &str) -> Result<String, Error> {
        text(self.arg(place), what)
    }
}

type Call = fn(&Given<'_>) -> Result<Value, Error>;

const NOTHING: Result<Value, Error> = Ok(Value::Nil);

/// The calls by name. Each returns true and a value, or false, a class and a message.
const CALLS: [(&str, Call); 21] = [
    ("closed", |given| {
        let open = operation::connection(&given.this, given.robot);
        Ok(Value::Boolean(open.map_or(true, |connection| connection.is_closed())))
    }),
    ("count", |given| {
        given.robot.count(&given.text(0, "robot:count")?);
        NOTHING
    }),
    ("count_failure", |given| {
        let reason = given.text(1, "robot:count_failure: the reason")?;
        given.robot.count_failure(&given.text(0, "robot:count_failure")?, &reason);
        NOTHING
    }),
    ("data", |given| data::rows(given.lua, given.robot).map(Value::Table).map_err(|e| fault::of_lua(&e))),
    ("group_get", |given| talk::get(given.lua, &given.this, &given.text(0, "group:get: the key")?)),
    ("group_leave", |given| talk::leave(&given.this)),
    ("group_left", |given| talk::left(given.lua, &given.this)),
    ("group_set", |given| talk::set(&given.this, &given.text(0, "group:set: the key")?, given.arg(1))),
    ("leave", |given| {
        given.robot.leave();
        NOTHING
    }),
    ("log", |given| {
        given.robot.log(&given.text(0, "robot:log")?);
        NOTHING
    }),
    ("now_us", |given| Ok(Value::Integer(given.robot.now_us()))),
    ("publish", |given| {
        talk::publish(given.robot, &given.text(0, "robot:publish: the topic")?, given.arg(1))
    }),
    ("random", |given| {
        let [least, most] = [0, 1].map(|place| given.arg(place).as_integer());
        let (Some(least), Some(most)) = (least, most) else {
            return Err(usage("robot:random", "expected two integers, the least and the most"));
        };
        let drawn = random::between(given.robot, least, most);
        drawn.map(Value::Integer).map_err(fault::of_task)
    }),
    ("ready", |given| {
        given.robot.ready();
        NOTHING
    }),
    ("retired", |given| Ok(Value::Boolean(given.robot.is_retired()))),
    ("run_tasks", |given| {
        given.robot.run_tasks();
        NOTHING
    }),
    ("send", send),
    ("spawn", spawn),
    ("subscribe", |given| {
        given.robot.subscribe(&given.text(0, "robot:subscribe: the topic")?)?;
        NOTHING
    }),
    ("time", |given| {
        let took: Duration = seconds(given.arg(1), "robot:time: how long it took")?;
        given.robot.time(&given.text(0, "robot:time")?, took);
        NOTHING
    }),
    ("unsubscribe", |given| {
        given.robot.unsubscribe(&given.text(0, "robot:unsubscribe: the topic")?);
        NOTHING
    }),
];

fn send(given: &Given<'_>) -> Result<Value, Error> {
    let connection = operation::connection(&given.this, given.robot)?;
    let message =
        connection.message(&operation::borrowed(given.arg(0), "connection:send: the message's name")?)?;
    connection.tell(message, &state(given.desk)?.told(given.arg(1)))?;
    NOTHING
}

fn spawn(given: &Given<'_>) -> Result<Value, Error> {
    let Value::Function(code) = given.arg(0) else {
        return Err(usage("robot:spawn", "expected a function"));
    };
    let (code, robot) = (code.clone(), given.robot.clone());
    let state = state(given.desk)?;
    given.robot.spawn(async move { run::spawned(&state, &robot, code).await });
    NOTHING
}

fn state(desk: &Rc<Desk>) -> Result<Rc<State>, Error> {
    desk.state.borrow().upgrade().ok_or_else(|| fault::of_task("no robot plays yet"))
}

/// The native functions, by name.
pub(super) fn native(lua: &Lua, desk: &Rc<Desk>) -> mlua::Result<Table> {
    let native = lua.create_table()?;
    for (name, call) in CALLS {
        native.set(name, method(lua, desk, call)?)?;
    }
    for what in talk::SHARED {
        let call = move |given: &Given<'_>| {
            talk::shared(given.lua, given.robot, &given.this, what, [given.arg(0), given.arg(1)])
        };
        native.set(format!("shared_{what}"), method(lua, desk, call)?)?;
    }
    let at = desk.clone();
    let draw = lua.create_function(move |lua, args: MultiValue| {
        let robot = current(&at);
        answer(lua, robot.and_then(|robot| random::draw(lua, &robot, &args).map_err(fault::of_task)))
    })?;
    native.set("draw", draw)?;
    native.set("open", open(lua, desk)?)?;
    native.set("print", print(lua, desk)?)?;
    let at = desk.clone();
    native.set("broken", lua.create_function(move |_, ()| Ok(at.broken.get()))?)?;
    let at = desk.clone();
    let describe = lua.create_function(move |lua, value: Value| {
        fault::note(lua, &at, &value);
        Ok(())
    })?;
    native.set("describe", describe)?;
    Ok(native)
}

fn method(
    lua: &Lua,
    desk: &Rc<Desk>,
    call: impl Fn(&Given<'_>) -> Result<Value, Error> + 'static,
) -> mlua::Result<Function> {
    let desk = desk.clone();
    lua.create_function(move |lua, (this, a, b): (Value, Value, Value)| {
        let outcome = current(&desk).and_then(|robot| {
            let this = own(&this, &robot)?;
            call(&Given { lua, desk: &desk, robot: &robot, this, args: [a, b] })
        });
        answer(lua, outcome)
    })
}

/// Whether a connection is there. A call of each task, mostly: it is given a number where others have the robot's object.
fn open(lua: &Lua, desk: &Rc<Desk>) -> mlua::Result<Function> {
    let desk = desk.clone();
    lua.create_function(move |lua, (number, name): (Value, Value)| {
        let opened = current(&desk).and_then(|robot| {
            operation::its(&number, &robot)?;
            robot.connection(&operation::borrowed(&name, "robot:connection")?)
        });
        answer(lua, opened.map(|_| Value::Nil))
    })
}

/// Whose code runs now.
fn current(desk: &Desk) -> Result<Robot, Error> {
    desk.robot.borrow().clone().ok_or_else(|| fault::of_task("no robot plays yet"))
}

/// What is printed goes to whoever looks at the robot.
fn print(lua: &Lua, desk: &Rc<Desk>) -> mlua::Result<Function> {
    let desk = desk.clone();
    lua.create_function(move |_, text: mlua::LuaString| {
        match &*desk.robot.borrow() {
            Some(robot) => robot.log(&text.to_string_lossy()),
            None => tracing::debug!("{}", text.to_string_lossy()),
        }
        Ok(())
    })
}
