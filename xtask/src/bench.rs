//! `cargo xtask bench NAME`: the one door to the benchmarks. Each prints a table and, as its last line, one JSON object.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;

use crate::cargo::cargo;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which
    name: Name,
    /// Options of the benchmark itself; --help tells them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// CPU time of a closed-loop round trip: robots beside a bare WebSocket loop
    Echo,
    /// Memory of a robot that is connected and does nothing, and how quickly robots get in
    Idle,
    /// How late robots wake from waits and from a schedule
    Timers,
    /// What a fleet of 1,000 workers costs a master: reports, bundles, all coming back at once
    Master,
    /// How true a ramp of 100,000 robots over 8 workers is to its plan
    Ramp,
    /// Response and service times of a schedule against a server that stalls
    Stall,
}

impl Name {
    /// The package and the bench target that measure it.
    fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::Echo => ("worker", "echo"),
            Self::Idle => ("worker", "idle"),
            Self::Timers => ("worker", "timers"),
            Self::Master => ("master", "master"),
            Self::Ramp => ("master", "ramp"),
            Self::Stall => ("worker", "stall"),
        }
    }
}

pub(crate) fn main(args: Args) -> Result<ExitCode> {
    let (package, bench) = args.name.target();
    cargo(["bench", "--quiet", "--package", package, "--bench", bench, "--"], args.options)
}
