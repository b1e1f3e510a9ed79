//! Commands that are a call of cargo.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Calls cargo with what it is to do and what the program that it runs is given; its end is ours.
pub(crate) fn cargo<const N: usize>(
    task: [&str; N],
    options: impl IntoIterator<Item = OsString>,
) -> Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(task).args(options).status().context("cargo can't be run")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
