//! One Lua state with what mods find in it, and one mod loaded into it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use mlua::{Function, Lua, LuaOptions, StdLib, Table, Value};

use super::modules::Modules;
use super::state::State;
use super::{calls, fault, limits, modules, operation};
use crate::error::Error;
use crate::robot::Robot;

/// What the functions that Lua calls and the driver that resumes it tell each other.
#[derive(Default)]
pub(super) struct Desk {
    /// Whose code runs now.
    pub(super) robot: RefCell<Option<Robot>>,
    /// Looks that are left until the code that runs now has run too long.
    pub(super) looks: Cell<u32>,
    /// The hook fails every instruction, until it is set anew.
    pub(super) broken: Cell<bool>,
    /// The state's memory is used up.
    pub(super) exhausted: Cell<bool>,
    /// What ended the code that ran last.
    pub(super) fault: RefCell<Option<Error>>,
    /// The state itself, once it serves robots.
    pub(super) state: RefCell<Weak<State>>,
}

/// Whose code runs, for as long as this lives; a panic ends that too, or the robot would never be dropped.
pub(super) struct Seated<'a>(&'a Desk);

impl Desk {
    pub(super) fn seat(&self, robot: &Robot) -> Seated<'_> {
        *self.robot.borrow_mut() = Some(robot.clone());
        Seated(self)
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        self.0.robot.take();
    }
}

/// A Lua state that holds one mod.
pub(super) struct Interpreter {
    pub(super) lua: Lua,
    pub(super) desk: Rc<Desk>,
    /// What the mod's file returned.
    pub(super) mod_table: Table,
    /// What coroutines begin in, `xpcall`: runs a function, and the handler if it fails.
    pub(super) body: Function,
    /// The handler: notes how a function failed.
    pub(super) describe: Function,
    /// Makes a robot's object: number, host, class.
    pub(super) robot: Function,
    /// Makes a robot's own table.
    pub(super) part: Function,
}

/// The parts of Lua's library that mods get; the prelude takes some of them back.
fn library() -> StdLib {
    StdLib::COROUTINE | StdLib::TABLE | StdLib::STRING | StdLib::UTF8 | StdLib::MATH | StdLib::OS
}

impl Interpreter {
    /// Loads a mod and runs its file.
    ///
    /// # Errors
    /// A file that does not compile, fails, or returns no table; with file and line.
    pub(super) fn load(modules: &Rc<Modules>) -> Result<Self, Error> {
        let (lua, desk) = (Lua::new_with(library(), LuaOptions::default()), Rc::new(Desk::default()));
        let lua = lua.map_err(|e| fault::of_lua(&e))?;
        let kit = prelude(&lua, &desk, modules).map_err(|e| fault::of_lua(&e))?;
        desk.looks.set(limits::LOOKS);
        let mod_table = main(&lua, &desk, modules, &kit)?;
        let part = kit.get::<Function>("parts").and_then(|parts| parts.call::<Function>(&mod_table));
        let get = |key: &str| kit.get::<Function>(key).map_err(|e| fault::of_lua(&e));
        let part = part.map_err(|e| fault::of_lua(&e))?;
        let (body, describe, robot) = (get("xpcall")?, get("describe")?, get("robot")?);
        limits::free(&lua);
        Ok(Self { body, describe, robot, part, mod_table, lua, desk })
    }
}

/// Limits, native functions, and what is built of them in Lua.
fn prelude(lua: &Lua, desk: &Rc<Desk>, modules: &Rc<Modules>) -> mlua::Result<Table> {
    let native = calls::native(lua, desk)?;
    modules::add(lua, modules, &native)?;
    native.set("largest_string", limits::LARGEST_STRING)?;
    let chunk = lua.load(include_str!("prelude.lua")).set_name("=horde");
    let kit = chunk.call((native, operation::codes(lua)?))?;
    limits::set(lua, desk)?;
    Ok(kit)
}

/// Runs the mod's file.
fn main(lua: &Lua, desk: &Rc<Desk>, modules: &Rc<Modules>, kit: &Table) -> Result<Table, Error> {
    let file = modules.main(lua).map_err(|e| fault::of_lua(&e))?;
    let run: Function = kit.get("run").map_err(|e| fault::of_lua(&e))?;
    let (ok, value): (bool, Value) =
        run.call(file).map_err(|e| desk.fault.borrow_mut().take().unwrap_or_else(|| fault::of_lua(&e)))?;
    match value {
        Value::Table(mod_table) if ok => Ok(mod_table),
        other if ok => {
            let (path, kind) = (modules.path(), other.type_name());
            let told = format!(
                "{path}: it returned no table but a {kind}; end the file with `return role`, or what yours is called"
            );
            Err(fault::of_task(told))
        }
        other => Err(desk.fault.borrow_mut().take().unwrap_or_else(|| of_value(&other))),
    }
}

/// A failure that no handler of ours saw: out of memory, mostly.
pub(super) fn of_value(value: &Value) -> Error {
    match value {
        Value::String(text) if *text == fault::OUT_OF_MEMORY => fault::of_task(limits::told_full()),
        Value::String(text) => fault::of_task(text.to_string_lossy()),
        Value::Error(error) => fault::of_lua(error),
        other => fault::of_task(format!("(an error that is a {})", other.type_name())),
    }
}
