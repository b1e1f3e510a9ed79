//! Mods in Lua: found in the bundle, checked before a run, played by coroutines that a robot's own future resumes.
//! A file goes through `scripts`, `outline` and `interpreter`; a robot's part through `room`, `part`, `run` and `operation`.

mod annotate;
mod calls;
mod data;
mod fault;
mod interpreter;
mod limits;
mod modules;
mod operation;
mod outline;
mod part;
mod random;
mod room;
mod run;
mod scripts;
mod sink;
mod source;
mod state;
mod steps;
mod talk;
#[cfg(test)]
mod vectors;

pub use annotate::annotations;
pub(crate) use scripts::Scripts;
