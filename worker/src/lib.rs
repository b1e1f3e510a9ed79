//! Runs robots for a horde master. A library for people who write mods in Rust, and the binary `worker`.
//!
//! The rooms, in the order that a run passes through them:
//!
//! - [`config`], [`cli`]: what a worker is started with.
//! - `control`, `session`, `clock`, `reporter`: the stream to the master. Assignments come in, beats and reports go out.
//! - [`solo`]: the same without a master.
//! - `engine`, `orders`, `thread`, `spawner`: the robot threads. Each compares what runs with what shall run.
//! - `driver`, [`mods`], [`tasks`], [`wait`], [`robot`]: the life of a robot and what its mods make of it.
//! - [`connection`], `link`, `requests`, `dial`, [`game`]: a robot's sockets and the messages on them.
//! - `context`, `recorder`: what a thread's robots share, and where their samples go.
#![deny(missing_docs)]

mod backoff;
pub mod cli;
mod clock;
pub mod config;
pub mod connection;
mod context;
mod control;
mod dial;
mod driver;
mod engine;
pub mod error;
pub mod game;
mod link;
pub mod mods;
mod orders;
mod protocol;
mod recorder;
mod reporter;
mod requests;
pub mod robot;
mod session;
pub mod solo;
mod spawner;
pub mod tasks;
mod thread;
pub mod wait;

pub use connection::{Connection, Request};
pub use control::{Ended, serve};
pub use error::Error;
pub use mods::{Mod, Registry};
pub use robot::Robot;
pub use tasks::{Tasks, step};
pub use wait::Wait;
