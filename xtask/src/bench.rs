//! `cargo xtask bench NAME`: the one door to the benchmarks. Each prints a table and, as its last line, one JSON object.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which
    name: Name,
    /// Options of the benchmark itself; --help tells them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// CPU time of a closed-loop round trip: robots beside a bare WebSocket loop
    Echo,
}

impl Name {
    /// The package and the bench target that measure it.
    fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::Echo => ("worker", "echo"),
        }
    }
}

pub(crate) fn main(args: Args) -> Result<ExitCode> {
    let (package, bench) = args.name.target();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["bench", "--quiet", "--package", package, "--bench", bench, "--"]).args(args.options);
    let status = command.status().context("cargo can't be run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
