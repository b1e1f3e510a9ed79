//! `game-server`: listens, serves until SIGINT or SIGTERM, and prints what it counted as one line of JSON.

mod args;

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use game_server::{Error, Listeners, Options, Totals, run_watched};
use tokio::signal::unix::{Signal, SignalKind, signal};

use args::Args;

fn main() -> ExitCode {
    let log = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    log.with_target(false).init();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if error.use_stderr() => return fail(&args::one_line(&error), 2),
        Err(help) => return help.print().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
    };
    match serve(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(sentence)) => fail(&sentence, 2),
        Err(Failure::Run(what, error)) => fail(&format!("{what}: {error}"), 1),
    }
}

/// Why there were no totals.
enum Failure {
    /// Something to say differently on the command line.
    Usage(String),
    /// What was tried, and what the system said.
    Run(String, io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Usage(error.to_string())
    }
}

fn serve(args: &Args) -> Result<(), Failure> {
    // std seeds its hash maps from the system's randomness; that is random enough for a game.
    let options = args.options(RandomState::new().hash_one(()));
    options.check()?;
    args.schema.as_deref().map_or(Ok(()), game_server::schema::check)?;
    let file = args.totals.as_deref().map(|file| create("totals", file)).transpose()?;
    let watched = args.watch.as_deref().map(|file| create("watch", file)).transpose()?;
    raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Run("can't start".into(), error))?;
    let totals = runtime.block_on(listen(options, watched))?;
    report(&totals, file).map_err(|error| Failure::Run("can't write the totals".into(), error))
}

/// Opened before anything runs, so that a file that can't be written is told at once.
fn create(option: &str, file: &Path) -> Result<File, Failure> {
    let refused = |error| format!("--{option}: can't write {}: {error}; choose another file", file.display());
    File::create(file).map_err(|error| Failure::Usage(refused(error)))
}

async fn listen(options: Options, watched: Option<File>) -> Result<Totals, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::Run("can't catch signals".into(), error));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let listeners = Listeners::bind(&options)?;
    Ok(run_watched(listeners, options, watched, either(&mut interrupt, &mut terminate)).await)
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Each player is a descriptor; the usual soft limit of 1024 is far below what the system allows.
fn raise_descriptor_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!("can't raise the limit of open files: {error}");
    }
}

fn report(totals: &Totals, file: Option<File>) -> io::Result<()> {
    let line = serde_json::to_string(totals)?;
    if let Some(mut file) = file {
        writeln!(file, "{line}")?;
    }
    writeln!(io::stdout(), "{line}")
}

fn fail(sentence: &str, code: u8) -> ExitCode {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "Error: {sentence}");
    code.into()
}
