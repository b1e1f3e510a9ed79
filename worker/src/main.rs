//! The binary `worker`: the command line, with the mods that ship.

use std::process::ExitCode;

use worker::Registry;

fn main() -> ExitCode {
    worker::cli::main(Registry::shipped())
}
