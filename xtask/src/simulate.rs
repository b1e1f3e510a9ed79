//! `cargo xtask simulate`: the control plane in a simulated network, with faults from seeds.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::cargo;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Plant a fault, which has to be found: no-dedup, no-lease, edge-triggered or no-journal
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    /// Print what happened in each seed
    #[arg(long)]
    trace: bool,
    /// Print what master and workers log, in simulated time
    #[arg(long)]
    log: bool,
}

pub(crate) fn main(args: Args) -> Result<ExitCode> {
    // The whole workspace, so that nothing is built with other features than `cargo test` does.
    let mut options = vec!["--workspace".to_owned()];
    if args.mutant.is_some() {
        options.extend(["--features".into(), "proto/mutants".into()]);
    }
    options.push("--".into());
    options.extend(["--seeds".into(), args.seeds.to_string(), "--from".into(), args.from.to_string()]);
    args.mutant.into_iter().for_each(|mutant| options.extend(["--mutant".into(), mutant]));
    options.extend(args.trace.then(|| "--trace".into()));
    options.extend(args.log.then(|| "--log".into()));
    cargo(["test", "--quiet", "--test", "simulation"], options.into_iter().map(OsString::from))
}
