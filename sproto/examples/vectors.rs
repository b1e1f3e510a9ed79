//! Runs the vector files in a folder: `cargo xtask vectors DIR`. Names each failure; exit code 1 if there is one.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

#[path = "../tests/runner/mod.rs"]
mod runner;

fn main() -> ExitCode {
    match std::env::args_os()
        .nth(1)
        .ok_or_else(usage)
        .and_then(|directory| runner::run_dir(Path::new(&directory)))
    {
        Ok(outcome) => tell(&outcome),
        Err(fault) => {
            let _closed = writeln!(std::io::stderr(), "Error: {fault}");
            ExitCode::from(2)
        }
    }
}

fn usage() -> String {
    "name the folder that holds the vector files".to_owned()
}

fn tell(outcome: &runner::Outcome) -> ExitCode {
    let mut out = std::io::stdout().lock();
    for failure in &outcome.failures {
        let _closed = writeln!(out, "FAILED {failure}");
    }
    let _closed = writeln!(out, "{} passed, {} failed", outcome.passed, outcome.failures.len());
    if outcome.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
