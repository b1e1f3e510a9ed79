//! `cargo xtask vectors DIR`: sproto's codec against all vector files in a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::cargo;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder that holds the vector files
    directory: PathBuf,
}

pub(crate) fn main(args: Args) -> Result<ExitCode> {
    cargo(["run", "--quiet", "--package", "sproto", "--example", "vectors", "--"], [args.directory.into()])
}
