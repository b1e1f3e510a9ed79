//! Runs robots for a horde master. A library for people who write mods in Rust, and the binary `worker`.
//!
//! The rooms, in the order that a run passes through them:
//!
//! - [`config`], [`cli`]: what a worker is started with.
//! - `serve`, `control`, `session`, `clock`: the stream to the master. Assignments come in, beats and reports go out.
//! - `lease`, `deadline`: until when robots may run without it. `reporter`, `backlog`: what it has not merged yet.
//! - [`solo`]: the same without a master. `run`: that with a command line, for people who write mods.
//! - `engine`, `orders`, `thread`, `spawner`: the robot threads. Each compares what runs with what shall run.
//! - `errand`: commands to robots that people give in mid-run.
//! - `kit`, `protocol`, `data`: what robots need beside their plan, from the bundle; `capacity`: whether this machine can hold them.
//! - `driver`, [`mods`], `played`, [`tasks`], `schedule`, `pause`, [`wait`], [`handlers`], [`robot`]: the life of a robot and what
//!   its mods make of it.
//! - [`connect`], `address`, `dial`, `tls`, `text`, `socket`: how connections are opened, and what carries their frames.
//! - [`connection`], `link`, `dialect`, `requests`, `push`, [`game`]: the messages on a robot's connections.
//! - [`lua`]: mods that are files of the bundle.
//! - [`group`], [`shared`], `post`, `party`, `ears`: robots that talk to each other; `exchange` carries it between threads and
//!   the master, `local` stands in for the master's part.
//! - `context`, `precise`, `recorder`, `trace`, `show`, `keeper`: what a thread's robots share, and where their samples go.
#![deny(missing_docs)]

mod address;
mod backlog;
mod backoff;
mod capacity;
pub mod cli;
mod clock;
pub mod config;
pub mod connect;
pub mod connection;
mod context;
mod control;
mod data;
mod deadline;
mod dial;
mod dialect;
mod driver;
mod ears;
mod engine;
mod errand;
pub mod error;
mod exchange;
pub mod game;
pub mod group;
pub mod handlers;
mod keeper;
mod kit;
mod lease;
mod link;
mod local;
pub mod lua;
pub mod mods;
mod orders;
mod party;
mod pause;
mod played;
mod post;
mod precise;
mod protocol;
mod push;
mod recorder;
mod reporter;
mod requests;
pub mod robot;
mod run;
mod schedule;
mod serve;
mod session;
pub mod shared;
mod show;
mod socket;
pub mod solo;
mod spawner;
pub mod tasks;
mod text;
mod thread;
mod tls;
mod trace;
pub mod wait;

pub use connect::Connect;
pub use connection::{Connection, Request};
#[doc(hidden)]
pub use engine::Threads;
pub use error::Error;
pub use group::Group;
pub use handlers::Handlers;
pub use mods::{Mod, Registry};
pub use robot::Robot;
pub use serve::{Ended, Seam, serve, serve_on};
pub use shared::Shared;
pub use tasks::{Step, Tasks, choice, sequence, step};
pub use wait::Wait;
