//! The command line of a worker binary, for the shipped one and for those with mods of their own.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use tokio::sync::oneshot;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use crate::config::{Args, Command, Config};
use crate::mods::Registry;
use crate::run::{AnnotateArgs, RunArgs, RunError, annotate, run};
use crate::serve::{Ended, serve};

/// Could not run, or broke.
const BROKEN: u8 = 1;

/// Lines of the log that may wait to be written; further ones are left out.
const LOG_LINES: usize = 1_000;

/// Bad usage or configuration.
const USAGE: u8 = 2;

/// The whole of a worker's `main`: reads the command line, serves the master with the mods of `registry`, and tells how it
/// ended. SIGINT and SIGTERM end it in order.
///
/// ```no_run
/// use std::process::ExitCode;
/// use worker::Registry;
///
/// fn main() -> ExitCode {
///     worker::cli::main(Registry::shipped())
/// }
/// ```
pub fn main(registry: Registry) -> ExitCode {
    let mut args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) => return usage(&e),
    };
    let _logged = log_to_stderr(args.log);
    let Args { command, .. } = &mut args;
    match command.take() {
        Some(Command::Run(run)) => return run_robots(*run, registry),
        Some(Command::Annotate(args)) => return write_annotations(&args),
        None => {}
    }
    let config = match args.check() {
        Ok(config) => config,
        Err(faults) => return fail(USAGE, &faults),
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => return fail(BROKEN, &[e]),
    };
    let ended = runtime.block_on(until_told_twice(config, registry));
    // A name that is still looked up keeps nobody.
    runtime.shutdown_background();
    match ended {
        Ok(Ended::Done(reason)) => {
            tracing::info!("done: {reason}");
            ExitCode::SUCCESS
        }
        Ok(Ended::Refused(reason)) => fail(BROKEN, &[format!("the master refused this worker: {reason}")]),
        Ok(Ended::NoMaster(reason)) => fail(BROKEN, &[reason]),
        Ok(Ended::Undone(reason)) => fail(BROKEN, &[format!("stopped before all was done: {reason}")]),
        Err(e) => fail(BROKEN, &[format!("no robot threads: {e}")]),
    }
}

/// Serves the master. The first signal is to stop in order, the second at once.
async fn until_told_twice(config: Config, registry: Registry) -> std::io::Result<Ended> {
    let (tell, told) = oneshot::channel();
    let second = async {
        shutdown().await;
        let _ended = tell.send(());
        shutdown().await;
    };
    let first = async {
        if told.await.is_err() {
            std::future::pending().await
        }
    };
    tokio::select! {
        biased;
        ended = serve(config, registry, first) => ended,
        () = second => Ok(Ended::Undone("told twice to stop".to_owned())),
    }
}

/// `worker run`: fails when a sample failed, so that scripts see it.
fn run_robots(args: RunArgs, registry: Registry) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => return fail(BROKEN, &[e]),
    };
    match runtime.block_on(run(args, registry, shutdown())) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => fail(BROKEN, &[format!("{failed} samples failed")]),
        Err(RunError::Usage(faults)) => fail(USAGE, &faults),
        Err(RunError::Broken(reason)) => fail(BROKEN, &[reason]),
    }
}

fn write_annotations(args: &AnnotateArgs) -> ExitCode {
    match annotate(args) {
        Ok(text) => {
            let _closed = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(faults) => fail(USAGE, &faults),
    }
}

/// The main thread's runtime, in a process that may open as many connections as the system lets it.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    raise_open_files();
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| format!("no runtime: {e}"))
}

/// Help and version as asked for; a fault as one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _closed = write!(std::io::stdout(), "{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let told = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let told: Vec<_> = told.filter(|line| !line.is_empty()).collect();
    let told = told.join("; ");
    fail(USAGE, &[format!("{}; see worker --help", told.trim_start_matches("error: "))])
}

fn fail(code: u8, faults: &[String]) -> ExitCode {
    for fault in faults {
        let _closed = writeln!(std::io::stderr(), "Error: {fault}");
    }
    ExitCode::from(code)
}

/// Logs from a thread of its own: whoever does not read it must not stop a worker. What is left is written when the guard is
/// dropped.
fn log_to_stderr(level: tracing::Level) -> WorkerGuard {
    let stderr = std::io::stderr();
    let colours = stderr.is_terminal();
    let (log, guard) = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES).finish(stderr);
    let log = tracing_subscriber::fmt().log_internal_errors(false).with_max_level(level).with_writer(log);
    log.with_target(false).with_ansi(colours).init();
    guard
}

/// Each connection is a descriptor, so the soft limit goes up to the hard one.
fn raise_open_files() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => tracing::debug!("may open {limit} files"),
        Err(e) => tracing::warn!("the limit of open files stays as it is: {e}"),
    }
}

/// Returns when the process is told to end.
async fn shutdown() {
    use tokio::signal::unix::{SignalKind, signal};
    let told = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(e) => {
                tracing::error!("can't listen for signals: {e}");
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        biased;
        () = told(SignalKind::interrupt()) => {}
        () = told(SignalKind::terminate()) => {}
    }
}
