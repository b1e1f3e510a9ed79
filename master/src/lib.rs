//! The master: plans a run, deals it to workers, merges what they measure, shows it and judges.
//!
//! The rooms in the order that a run passes through them:
//!
//! - [`args`], [`config`]: command line, environment and file -> a [`Config`](config::Config), or every fault at once.
//! - [`door`], `gate`: connections and streams of workers -> messages for the one `driver`, which owns the run.
//! - [`web`], [`desk`]: where people reach a master at work; [`change`], [`start`] are what they ask, [`status`] what they
//!   read. [`ctl`] is the other end, in another process.
//! - [`run`], with [`fleet`], [`worker`] and `grants`: the state machine. Events in, effects out; no I/O and no clock.
//! - [`journal`]: what the run has to remember, so that a master that is started again goes on with it.
//! - [`totals`]: what workers measured, merged.
//! - [`summary`], [`verdict`]: what a run gave, as data.
//! - [`output`]: where it goes, with `table` for text.
//!
//! [`serve`] and [`run_on`] put them together.

pub mod args;
pub mod change;
pub mod clock;
pub mod config;
pub mod ctl;
pub mod desk;
pub mod door;
pub mod error;
pub mod fleet;
pub mod journal;
pub mod loss;
pub mod notice;
pub mod output;
pub mod refusal;
pub mod run;
pub mod start;
pub mod status;
pub mod summary;
pub mod threshold;
pub mod totals;
pub mod verdict;
pub mod web;
pub mod worker;

mod driver;
mod gate;
mod grants;
mod ports;
mod reporter;
mod server;
mod table;
mod text;

pub use desk::Command;
pub use error::Error;
pub use server::{Ground, bind, bind_web, run_on, serve};
