//! What one Lua state may use before its robots fail: instructions between two pauses, and memory.

use std::rc::Rc;

use mlua::debug::Debug;
use mlua::state::{GcIncParams, GcMode};
use mlua::{HookTriggers, Lua, Value, VmState};

use super::interpreter::Desk;

/// The memory that the robots of one state share.
pub(super) const MEMORY: usize = 64 << 20;

/// Beyond this a robot that takes more fails, with the line where it stands; at [`MEMORY`] there is no line to tell.
const MEMORY_WATCHED: usize = MEMORY / 4 * 3;

/// The longest string that is made in one go.
pub(super) const LARGEST_STRING: usize = MEMORY / 4;

/// How often the hook looks, in instructions.
const LOOK_EVERY: u32 = 100_000;

/// Instructions that code may run without a pause; some tens of milliseconds.
const INSTRUCTIONS: u32 = 10_000_000;

/// How many looks a resume has.
pub(super) const LOOKS: u32 = INSTRUCTIONS / LOOK_EVERY;

/// Sets the limits of a new state, and how its collector works.
pub(super) fn set(lua: &Lua, desk: &Rc<Desk>) -> mlua::Result<()> {
    lua.set_memory_limit(MEMORY)?;
    lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().pause(150)));
    watch(lua, desk)
}

/// Bounds the memory of code that is about to run.
pub(super) fn bind(lua: &Lua) {
    let _bound = lua.set_memory_limit(MEMORY);
}

/// Lifts that bound between two pieces of code: as long as there is one, mlua makes each string, table and field that messages
/// are made of in a protected call. What messages take all the same is found as soon as code runs again.
pub(super) fn free(lua: &Lua) {
    let _bound = lua.set_memory_limit(0);
}

/// Looks at what runs, now and then.
pub(super) fn watch(lua: &Lua, desk: &Rc<Desk>) -> mlua::Result<()> {
    hook(lua, desk, LOOK_EVERY)
}

fn hook(lua: &Lua, desk: &Rc<Desk>, every: u32) -> mlua::Result<()> {
    let desk = desk.clone();
    lua.set_global_hook(HookTriggers::new().every_nth_instruction(every), move |lua, debug| {
        if desk.broken.get() {
            return stop(&desk);
        }
        desk.looks.set(desk.looks.get().saturating_sub(1));
        let fault = if desk.looks.get() == 0 {
            format!("{INSTRUCTIONS} instructions without a pause, an endless loop?")
        } else if is_crowded(lua) && is_full(lua) {
            desk.exhausted.set(true);
            told_full()
        } else {
            return Ok(VmState::Continue);
        };
        let told = lua.create_string(format!("{}: {fault}", place(debug)))?;
        super::fault::note(lua, &desk, &Value::String(told));
        desk.broken.set(true);
        desk.looks.set(LOOKS);
        hook(lua, &desk, 1)?;
        stop(&desk)
    })
}

/// Stops code that goes on all the same: from now on it is asked at each instruction. A pause can't be caught as an error
/// can, and is preferred; where there is none, as in what `table.sort` calls, every instruction fails after some attempts.
fn stop(desk: &Desk) -> mlua::Result<VmState> {
    desk.looks.set(desk.looks.get().saturating_sub(1));
    if desk.looks.get() > 0 { Ok(VmState::Yield) } else { Err(mlua::Error::runtime(STOPPED)) }
}

/// What code is told that can only be stopped by an error; what is counted was noted before.
const STOPPED: &str = "stopped";

/// Whether memory is used up, garbage included.
pub(super) fn is_crowded(lua: &Lua) -> bool {
    lua.used_memory() > MEMORY_WATCHED
}

/// Whether memory is used up even after a collection.
pub(super) fn is_full(lua: &Lua) -> bool {
    // A collection that fails has freed nothing.
    lua.gc_collect().is_err() || lua.used_memory() > MEMORY_WATCHED
}

/// The sentence for a state whose memory is used up.
pub(super) fn told_full() -> String {
    format!("out of memory: the robots of one Lua state share {} MiB", MEMORY >> 20)
}

fn place(debug: &Debug<'_>) -> String {
    let file = debug.source().short_src.map_or_else(|| "?".to_owned(), |file| file.into_owned());
    debug.current_line().map_or_else(|| file.clone(), |line| format!("{file}:{line}"))
}
