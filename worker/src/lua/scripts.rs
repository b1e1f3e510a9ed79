//! The Lua mods of a bundle, found and checked before a run.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use mlua::Lua;
use proto::message::Bundle;

use super::interpreter::Interpreter;
use super::modules::{Modules, compile};
use super::outline::{self, Outline, Piece};
use super::part::{Part, Shared};
use super::room::Room;
use super::steps;
use crate::mods::{Casting, Maker};
use crate::protocol::Protocol;

/// The Lua mods of a bundle, by name.
#[derive(Debug, Clone)]
pub(crate) struct Scripts {
    bundle: Arc<Bundle>,
    mods: BTreeMap<String, Script>,
}

#[derive(Debug, Clone)]
struct Script {
    outline: Outline,
    task_names: Vec<String>,
}

impl Scripts {
    /// Finds the mods of a bundle and runs each file once, to see whether it is one.
    ///
    /// # Errors
    /// What is wrong in them, with file and line; one sentence each.
    pub(crate) fn load(bundle: &Arc<Bundle>) -> Result<Self, Vec<String>> {
        let mut faults = syntax_faults(bundle);
        let mut mods = BTreeMap::new();
        if faults.is_empty() {
            for name in bundle.files.iter().filter_map(|(path, _)| mod_name(path)) {
                match check(bundle, name) {
                    Ok(script) => drop(mods.insert(name.to_owned(), script)),
                    Err(more) => faults.extend(more),
                }
            }
        }
        if faults.is_empty() { Ok(Self { bundle: bundle.clone(), mods }) } else { Err(faults) }
    }

    /// The names of all.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.mods.keys().map(String::as_str)
    }

    /// The names of a mod's tasks; none if there is no such mod.
    pub(crate) fn task_names(&self, name: &str) -> Option<&[String]> {
        self.mods.get(name).map(|script| script.task_names.as_slice())
    }

    /// The names of the commands that a mod obeys; none if there is no such mod.
    pub(crate) fn command_names(&self, name: &str) -> Option<&[String]> {
        self.mods.get(name).map(|script| script.outline.commands.as_slice())
    }

    /// Messages that a mod handles and the schema does not have; one sentence each.
    pub(crate) fn unknown_messages(&self, name: &str, protocol: &Protocol) -> Vec<String> {
        let Some(Script { outline, .. }) = self.mods.get(name) else { return Vec::new() };
        let of = |list: &str, message: &str| {
            let told =
                format!("mods/{name}/{name}_mod.lua: {list}.{message}: the schema has no such message");
            protocol.id(message).is_none().then_some(told)
        };
        let handlers = outline.handlers.iter().filter_map(|message| of("handlers", message));
        handlers.chain(outline.markers.iter().filter_map(|(message, _)| of("markers", message))).collect()
    }

    /// What makes a mod's part of the robots of a class; none if there is no such mod.
    pub(crate) fn maker(&self, name: &str, casting: &Casting<'_>, protocol: &Arc<Protocol>) -> Option<Maker> {
        let script = self.mods.get(name)?;
        let modules = Modules { bundle: self.bundle.clone(), name: name.to_owned() };
        let tasks = steps::tasks(&script.outline).select(&casting.plan.tags, &casting.class.tasks);
        let shared = Rc::new(Shared { room: Room::new(modules, protocol.clone()), tasks });
        Some(Box::new(move || Box::new(Part::new(shared.clone()))))
    }
}

/// `role` of `mods/role/role_mod.lua`.
fn mod_name(path: &str) -> Option<&str> {
    let (folder, file) = path.strip_prefix("mods/")?.split_once('/')?;
    (file.strip_suffix("_mod.lua") == Some(folder)).then_some(folder)
}

/// What does not compile, over all Lua files of a bundle.
fn syntax_faults(bundle: &Bundle) -> Vec<String> {
    let lua = Lua::new();
    let files = bundle.files.iter().filter(|(path, _)| path.starts_with("mods/") && path.ends_with(".lua"));
    let fault = |(path, text): &(String, Vec<u8>)| compile(&lua, path, text).err();
    files.filter_map(fault).map(|error| super::fault::message(&error)).collect()
}

fn check(bundle: &Arc<Bundle>, name: &str) -> Result<Script, Vec<String>> {
    let modules = Rc::new(Modules { bundle: bundle.clone(), name: name.to_owned() });
    let interpreter = Interpreter::load(&modules).map_err(|error| vec![error.to_string()])?;
    let (outline, _) = outline::read(&modules.path(), &interpreter.mod_table)?;
    let names = outline.tasks.iter().map(|(_, Piece { name, .. })| name.clone());
    let task_names = names.filter(|name| !name.is_empty()).collect();
    Ok(Script { outline, task_names })
}
