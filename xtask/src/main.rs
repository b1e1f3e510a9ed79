//! Developer commands: `cargo demo`, and `cargo xtask COMMAND` for all others. Each has a file of its own.

mod bench;
mod cargo;
mod crew;
mod demo;
mod faults;
mod screen;
mod simulate;
mod vectors;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Play 500 robots against the game-server on this machine, and compare what both sides counted
    Demo(demo::Args),
    /// Measure horde itself, beside a yardstick in the same run
    Bench(bench::Args),
    /// Play master and workers in a simulated network, with crashes and partitions from seeds
    Simulate(simulate::Args),
    /// Kill, stop, cut off and start again real processes, with a goal for each figure
    Faults(faults::Args),
    /// Run sproto's codec against the vector files in a folder
    Vectors(vectors::Args),
}

fn main() -> ExitCode {
    let task = Task::parse();
    let ended = match task {
        Task::Demo(args) => demo::main(args),
        Task::Bench(args) => bench::main(args),
        Task::Simulate(args) => simulate::main(args),
        Task::Faults(args) => faults::main(args),
        Task::Vectors(args) => vectors::main(args),
    };
    ended.unwrap_or_else(|error| {
        screen::complain(&format!("Error: {error:#}"));
        ExitCode::FAILURE
    })
}
