//! The game-server from outside: in-process on free ports, and as the binary that users start.
#![cfg(test)]

mod accept;
mod binary;
mod client;
mod hostile_messages;
mod hostile_peers;
mod hostile_websocket;
mod process;
mod raw;
mod role;
mod server;
mod shutdown;
