//! What went wrong in a mod, as a robot's failures tell it: the message with file and line, and the way that led there.

use std::rc::Rc;

use mlua::{Lua, Table, Value};
use proto::series::FailureClass;

use super::interpreter::Desk;
use super::limits::told_full;
use crate::error::Error;

/// Calls of a trace that are told; who recurses endlessly makes thousands.
const MOST_CALLS: usize = 12;

/// An error of a mod's own code.
pub(super) fn of_task(told: impl Into<String>) -> Error {
    Error::Script { class: FailureClass::Task, told: told.into() }
}

/// Notes an error that nothing caught, while the calls that led there still stand.
pub(super) fn note(lua: &Lua, desk: &Rc<Desk>, value: &Value) {
    let trace = lua.traceback(None, 1).map(|trace| trace.to_string_lossy()).unwrap_or_default();
    let calls = calls(&trace);
    let (class, message) = class_and_message(value);
    let message = match calls.first().and_then(|call| place(call)) {
        Some(place) if !has_place(&message) => format!("{place}: {message}"),
        _ => message,
    };
    let told = if calls.is_empty() { message } else { format!("{message} [{}]", calls.join(" <- ")) };
    // What the limits noted comes first; what follows is only how the code was stopped.
    if !desk.broken.get() {
        *desk.fault.borrow_mut() = Some(Error::Script { class, told });
    }
}

/// An error that Lua or mlua raised where no handler of ours stood.
pub(super) fn of_lua(error: &mlua::Error) -> Error {
    of_task(message(error))
}

/// What an error of mlua says, without the layers around it.
pub(super) fn message(error: &mlua::Error) -> String {
    match error {
        mlua::Error::CallbackError { cause, .. } | mlua::Error::WithContext { cause, .. } => message(cause),
        mlua::Error::RuntimeError(told) | mlua::Error::MemoryError(told) => told.clone(),
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

fn class_and_message(value: &Value) -> (FailureClass, String) {
    match value {
        Value::String(text) if *text == OUT_OF_MEMORY => (FailureClass::Task, told_full()),
        Value::String(text) => (FailureClass::Task, text.to_string_lossy()),
        Value::Error(error) => (FailureClass::Task, message(error)),
        Value::Table(failure) => of_table(failure),
        other => (FailureClass::Task, format!("(an error that is a {})", other.type_name())),
    }
}

/// A failure as connects and requests raise them, or a table of the mod's own.
fn of_table(failure: &Table) -> (FailureClass, String) {
    let text = |key| failure.raw_get::<Option<mlua::LuaString>>(key).ok().flatten();
    let class = text("class").map(|class| class.to_string_lossy());
    let class = CLASSES.into_iter().find(|known| class.as_deref() == Some(known.as_str()));
    let told = text("message").map(|told| told.to_string_lossy());
    (class.unwrap_or(FailureClass::Task), told.unwrap_or_else(|| "(an error that is a table)".to_owned()))
}

/// What Lua says then.
pub(super) const OUT_OF_MEMORY: &str = "not enough memory";

const CLASSES: [FailureClass; 6] = [
    FailureClass::Timeout,
    FailureClass::Closed,
    FailureClass::Refused,
    FailureClass::Decode,
    FailureClass::Protocol,
    FailureClass::Task,
];

/// The calls of mods in a traceback, innermost first.
fn calls(trace: &str) -> Vec<&str> {
    let lines = trace.lines().skip(1).map(str::trim);
    let ours = lines.filter(|line| !line.starts_with("[C]") && !line.starts_with("horde:"));
    ours.filter(|line| !line.starts_with("(...tail")).take(MOST_CALLS).collect()
}

/// `mods/a.lua:3` of `mods/a.lua:3: in function <mods/a.lua:1>`.
fn place(call: &str) -> Option<&str> {
    call.split_once(": in ").map(|(place, _)| place)
}

/// Whether a message begins with file and line, as Lua's own do.
fn has_place(message: &str) -> bool {
    let Some((_, rest)) = message.split_once(".lua:") else { return false };
    rest.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_told_by_the_calls_of_mods() {
        let trace = "stack traceback:\n\t[C]: in function 'error'\n\thorde:9: in function <horde:8>\n\
                     \tmods/a.lua:3: in function <mods/a.lua:1>\n\t(...tail calls...)\n\t[C]: in function 'xpcall'";
        let calls = calls(trace);
        assert_eq!(calls, ["mods/a.lua:3: in function <mods/a.lua:1>"]);
        assert_eq!(place(calls[0]), Some("mods/a.lua:3"));
        assert!(has_place("mods/a.lua:3: boom") && !has_place("game: closed") && !has_place("a.lua: x"));
    }
}
