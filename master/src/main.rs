//! The master's command line: args -> config -> bind -> run -> verdict -> exit code.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use master::args::Args;
use master::config::{Config, Settings};
use master::output::Terminal;
use master::{Command, Error};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return explain(&error),
    };
    match work(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            format!("{error:#}").lines().for_each(tell);
            ExitCode::from(error.exit_code())
        }
    }
}

fn work(args: Args) -> Result<u8, Error> {
    let environment: HashMap<_, _> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    let mut config = Config::check(&Settings::gather(args, environment)?)?;
    config.outputs.push(Box::new(Terminal::new(io::stdout())));
    // What a hostile peer does to its own connection is h2's warning each time; it is no news here.
    let filter = tracing_subscriber::EnvFilter::new(format!("h2=error,{}", config.log));
    let colours = io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_target(false)
        .with_writer(io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| Error::System { what: "the runtime could not be made", source })?;
    runtime.block_on(run(config))
}

async fn run(config: Config) -> Result<u8, Error> {
    let listener = master::bind(&config.bind).await?;
    let system = |what| move |source| Error::System { what, source };
    let address = listener.local_addr().map_err(system("the port is unknown"))?;
    let (desk, office) = master::desk::desk();
    signals(desk.commands.clone()).map_err(system("signals can't be heard"))?;
    tracing::info!("listening on {address}");
    let summary = master::run_on(config, listener, office).await?;
    Ok(summary.verdict.exit_code)
}

/// Ctrl-C, SIGTERM and a closed terminal ask for a stop.
fn signals(commands: mpsc::Sender<Command>) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    // Lives as long as the process: a signal can come at any time.
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = interrupt.recv() => {}
                Some(()) = terminate.recv() => {}
                Some(()) = hangup.recv() => {}
                () = commands.closed() => return,
            }
            _ = commands.send(Command::Stop).await;
        }
    });
    Ok(())
}

/// Help as clap writes it; a fault in one line.
fn explain(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            tell(&Args::fault(error));
            ExitCode::from(2)
        }
    }
}

fn tell(line: &str) {
    _ = writeln!(io::stderr(), "Error: {line}");
}
