//! The worker as a whole: against servers, good and bad, against a master, and as a binary. One topic per file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod bad_input;
mod commands;
mod common;
mod control;
mod hostile_gate;
mod hostile_server;
mod lifecycle;
mod lua;
mod meeting;
mod robots;
mod run;
mod schedule;
mod signals;
mod simulated;
mod skynet_websocket;
mod talk;
mod transports;
