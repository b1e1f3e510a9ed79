//! One Lua state as some robots of a class share it: the mod's code, what messages it handles, coroutines to run it in.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use mlua::{Function, LuaString, Table, Thread, Value};
use rustc_hash::FxHashMap;
use sproto::Type;

use super::fault;
use super::interpreter::Interpreter;
use super::modules::Modules;
use super::outline::{self, CodeId};
use super::source::{Names, Told};
use crate::error::Error;
use crate::protocol::{MessageId, Protocol};

/// Coroutines that are kept for the next code to run.
const MOST_SPARES: usize = 16;

/// One Lua state, with the mod of some robots.
pub(super) struct State {
    pub(super) interpreter: Interpreter,
    pub(super) protocol: Arc<Protocol>,
    names: Names,
    /// The code of the mod's steps.
    codes: Vec<Function>,
    handlers: FxHashMap<MessageId, Handler>,
    spares: RefCell<Vec<Thread>>,
    /// How many robots it serves.
    pub(super) occupied: Cell<usize>,
}

/// What a mod does with one message.
#[derive(Clone)]
pub(super) struct Handler {
    pub(super) code: Option<Function>,
    /// The field that says when it was sent.
    pub(super) marker: Option<LuaString>,
}

impl State {
    /// # Errors
    /// As [`Interpreter::load`].
    pub(super) fn new(modules: &Rc<Modules>, protocol: Arc<Protocol>) -> Result<Rc<Self>, Error> {
        let interpreter = Interpreter::load(modules)?;
        let read = outline::read(&modules.path(), &interpreter.mod_table);
        let (outline, codes) = read.map_err(|faults| fault::of_task(faults.join("; ")))?;
        let markers = outline.markers.into_iter().map(|(message, _)| message);
        let messages = outline.handlers.into_iter().chain(markers);
        let handlers =
            handlers(&interpreter.mod_table, messages, &protocol).map_err(|e| fault::of_lua(&e))?;
        let state = Rc::new(Self {
            interpreter,
            protocol,
            names: Names::default(),
            codes,
            handlers,
            spares: RefCell::default(),
            occupied: Cell::new(0),
        });
        *state.interpreter.desk.state.borrow_mut() = Rc::downgrade(&state);
        Ok(state)
    }

    /// A value as a message.
    pub(super) fn told<'a>(&'a self, value: &'a Value) -> Told<'a> {
        Told { lua: &self.interpreter.lua, names: &self.names, value }
    }

    /// A message as a table.
    ///
    /// # Errors
    /// Bytes that are no such message.
    pub(super) fn decode(&self, ty: Option<&Type>, bytes: &[u8]) -> sproto::Result<Value> {
        super::sink::decode(&self.interpreter.lua, &self.names, ty, bytes)
    }

    pub(super) fn code(&self, code: CodeId) -> Option<&Function> {
        self.codes.get(code)
    }

    pub(super) fn callback(&self, name: &str) -> Option<Function> {
        self.interpreter.mod_table.raw_get(name).ok().flatten()
    }

    pub(super) fn command(&self, name: &str) -> Option<Function> {
        let commands: Table = self.interpreter.mod_table.raw_get("commands").ok()?;
        commands.raw_get(name).ok().flatten()
    }

    pub(super) fn handler(&self, message: MessageId) -> Option<&Handler> {
        self.handlers.get(&message)
    }

    /// Whether it can serve robots no longer.
    pub(super) fn is_exhausted(&self) -> bool {
        self.interpreter.desk.exhausted.get()
    }

    /// A coroutine that is about to begin.
    pub(super) fn thread(&self) -> mlua::Result<Thread> {
        let body = self.interpreter.body.clone();
        match self.spares.borrow_mut().pop() {
            Some(spare) => spare.reset(body).map(|()| spare),
            None => self.interpreter.lua.create_thread(body),
        }
    }

    /// Takes back a coroutine that has come to its end.
    pub(super) fn keep(&self, thread: Thread) {
        let mut spares = self.spares.borrow_mut();
        if spares.len() < MOST_SPARES {
            spares.push(thread);
        }
    }
}

/// The handlers by message, by its type in dialect `msg` and by its protocol in `rpc`.
fn handlers(
    table: &Table,
    messages: impl Iterator<Item = String>,
    protocol: &Protocol,
) -> mlua::Result<FxHashMap<MessageId, Handler>> {
    let (codes, markers): (Option<Table>, Option<Table>) =
        (table.raw_get("handlers")?, table.raw_get("markers")?);
    let mut handlers = FxHashMap::default();
    for name in messages {
        let Some(id) = protocol.id(&name) else { continue };
        let code = codes.as_ref().map(|codes| codes.raw_get(name.as_str())).transpose()?;
        let marker = markers.as_ref().map(|markers| markers.raw_get(name.as_str())).transpose()?;
        let handler = Handler { code: code.flatten(), marker: marker.flatten() };
        handlers.insert(protocol.call_of(id), handler.clone());
        handlers.insert(id, handler);
    }
    Ok(handlers)
}
