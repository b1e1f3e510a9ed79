//! What goes over horde's wires, and what it means.
//!
//! The rooms in the order that a run passes through them:
//!
//! - [`plan`]: everything that a run is. [`profile`] says how many robots are alive at each moment, with [`arrivals`]
//!   where they come at a rate; [`class`] what kind a robot is. The parts: [`speech`], [`network`], [`reconnect`],
//!   [`ending`], [`tags`], [`data`]; [`bounds`] keep them small, and [`ports`] says whether they fit a machine.
//! - [`folder`], [`rows`]: the files that robots need, and the rows in those of data.
//! - [`slots`]: which worker runs which robots.
//! - [`command`]: what people tell robots in mid-run.
//! - [`message`]: what master and worker say to each other; [`control`] is the gRPC service that carries it.
//! - [`talk`]: what robots say to each other through their workers; [`hub`]: where they meet.
//! - [`histogram`], [`series`], [`report`]: what was measured, in a form that adds up; [`packed`] in few bytes.
//! - [`game`]: the sproto files of the role protocol that robots and game-server speak.
//!
//! Nothing here waits or reads a clock, and only [`folder`] does I/O. Generated protobuf types stay inside.
#![deny(missing_docs)]

pub mod arrivals;
pub mod bounds;
pub mod class;
pub mod command;
pub mod control;
pub mod data;
pub mod ending;
pub mod folder;
pub mod game;
pub mod histogram;
pub mod hub;
pub mod message;
pub mod mutant;
pub mod network;
pub mod packed;
pub mod plan;
pub mod ports;
pub mod profile;
pub mod reconnect;
pub mod report;
pub mod rows;
pub mod series;
pub mod shipping;
pub mod slots;
pub mod speech;
pub mod tags;
pub mod talk;

mod convert;
mod pb {
    //! The structs of control.proto, as generated.
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    tonic::include_proto!("horde.control");
}

pub use message::{Down, Up};
