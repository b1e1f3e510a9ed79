//! `cargo xtask faults`: real processes killed, stopped, cut off and started again, with a goal for each figure.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::cargo;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// 400 robots instead of 2,000, as `cargo test` has built everything, four scenarios at a time; times may be five times as long
    #[arg(long)]
    small: bool,
    /// Play partitions between master and worker, in network namespaces; it takes root, `ip` and iptables
    #[arg(long)]
    network: bool,
    /// How long partitions last, in seconds
    #[arg(long, default_value = "1,10,30")]
    seconds: String,
    /// Play only scenarios whose name has this in it
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
}

pub(crate) fn main(args: Args) -> Result<ExitCode> {
    // The whole workspace, so that nothing is built with other features than `cargo test` does.
    let mut options = vec!["--workspace".into(), "--test".into(), "faults".into(), "--".into()];
    if args.small {
        // The other packages' binaries lie where this puts them.
        let built = cargo(["test", "--quiet", "--workspace", "--no-run"], [])?;
        if built != ExitCode::SUCCESS {
            return Ok(built);
        }
    } else {
        let binaries = ["-p", "master", "-p", "worker", "-p", "game-server"].map(OsString::from);
        let built = cargo(["build", "--release"], binaries)?;
        if built != ExitCode::SUCCESS {
            return Ok(built);
        }
        options.extend(["--full".into(), "--binaries".into(), release()?]);
    }
    if args.network {
        options.extend(["--network".into(), "--seconds".into(), args.seconds.into()]);
    }
    args.only.into_iter().for_each(|words| options.extend(["--only".into(), words.into()]));
    cargo(["test", "--quiet"], options)
}

/// Where cargo puts what it builds for release: beside the folder that it put this very binary into.
fn release() -> Result<OsString> {
    let this = std::env::current_exe()?;
    let target = this.ancestors().nth(2).context("xtask is not in a target directory")?;
    Ok(target.join("release").into())
}
