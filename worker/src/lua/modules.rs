//! The Lua files of a bundle, as a mod requires them: its own folder first, then what all mods share. Nothing else is found.

use std::rc::Rc;
use std::sync::Arc;

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, LuaString, Table, Value};
use proto::message::Bundle;

/// The Lua files of a bundle, as one mod sees them.
pub(super) struct Modules {
    pub(super) bundle: Arc<Bundle>,
    /// The mod's name.
    pub(super) name: String,
}

impl Modules {
    /// Where the mod's own file stands.
    pub(super) fn path(&self) -> String {
        let name = &self.name;
        format!("mods/{name}/{name}_mod.lua")
    }

    /// The mod's own file, compiled.
    pub(super) fn main(&self, lua: &Lua) -> mlua::Result<Function> {
        let path = self.path();
        let text = self.text(&path).ok_or_else(|| mlua::Error::runtime(format!("{path}: no such file")))?;
        compile(lua, &path, text)
    }

    /// The file that a mod requires by `name`.
    fn find(&self, lua: &Lua, name: &str) -> mlua::Result<Function> {
        let file = name.replace('.', "/");
        let places = [format!("mods/{}/{file}.lua", self.name), format!("mods/{file}.lua")];
        let found = places.iter().find_map(|path| Some((path, self.text(path)?)));
        let Some((path, text)) = found else {
            let [own, shared] = places;
            return Err(mlua::Error::runtime(format!(
                "no module `{name}`: the bundle has neither {own} nor {shared}"
            )));
        };
        compile(lua, path, text)
    }

    fn text(&self, path: &str) -> Option<&[u8]> {
        let files = &self.bundle.files;
        let place = files.binary_search_by(|(file, _)| file.as_str().cmp(path)).ok()?;
        Some(&files[place].1)
    }
}

/// Compiles a file; text only, for what is compiled already can break the interpreter.
pub(super) fn compile(lua: &Lua, path: &str, text: &[u8]) -> mlua::Result<Function> {
    let compiled = lua.load(text).set_name(format!("@{path}")).set_mode(ChunkMode::Text).into_function();
    compiled.map_err(|error| match super::fault::message(&error) {
        told if told.contains(".lua:") => mlua::Error::runtime(told),
        told => mlua::Error::runtime(format!("{path}: {told}")),
    })
}

/// Adds what `require` and `load` are made of.
pub(super) fn add(lua: &Lua, modules: &Rc<Modules>, native: &Table) -> mlua::Result<()> {
    let modules = modules.clone();
    let module = lua
        .create_function(move |lua, name: LuaString| Ok(told(modules.find(lua, &name.to_string_lossy()))))?;
    native.set("module", module)?;
    let load = lua.create_function(|lua, (text, name, env): (LuaString, LuaString, Table)| {
        let (text, name) = (text.as_bytes().to_vec(), name.to_string_lossy());
        let chunk = lua.load(text).set_name(name).set_mode(ChunkMode::Text).set_environment(env);
        Ok(told(chunk.into_function()))
    })?;
    native.set("load", load)
}

/// As Lua has it: the function, or nil and what is wrong.
fn told(compiled: mlua::Result<Function>) -> (Option<Function>, Option<String>) {
    match compiled {
        Ok(function) => (Some(function), None),
        Err(error) => (None, Some(super::fault::message(&error))),
    }
}

/// Whether a value counts as true in Lua.
pub(super) fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Nil | Value::Boolean(false))
}
