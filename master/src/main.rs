//! The master's command line: args -> config -> bind -> run -> verdict -> exit code.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use master::args::Args;
use master::config::{Config, Settings};
use master::ctl::Ctl;
use master::desk::Desk;
use master::output::{Aside, Terminal};
use master::{Command, Error};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing_appender::non_blocking::NonBlockingBuilder;

fn main() -> ExitCode {
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == "ctl") {
        words.remove(0);
        return control(words);
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return explain("master", &error),
    };
    match work(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            format!("{error:#}").lines().for_each(tell);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Asks another master, instead of being one.
fn control(words: Vec<OsString>) -> ExitCode {
    let ctl = match Ctl::try_parse_from(words) {
        Ok(ctl) => ctl,
        Err(error) => return explain("master ctl", &error),
    };
    let asked = runtime().map(|runtime| runtime.block_on(ctl.run()));
    match asked {
        Ok(Ok(text)) => {
            _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => {
            tell(&error.to_string());
            ExitCode::from(error.exit_code())
        }
        Err(error) => {
            tell(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn runtime() -> Result<Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| Error::System { what: "the runtime could not be made", source })
}

/// How long people may take to read the last table.
const SHOWING: Duration = Duration::from_secs(10);

/// Lines of the log that may wait to be written; further ones are left out.
const LOG_LINES: usize = 1_000;

fn work(args: Args) -> Result<u8, Error> {
    let environment: HashMap<_, _> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    let mut config = Config::check(&Settings::gather(args, environment)?)?;
    let (screen, shown) = Aside::new(io::stdout());
    config.outputs.push(Box::new(Terminal::new(screen)));
    // Whoever does not read it must not stop a run. What is left is written when this is dropped.
    let (log, _logged) = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES).finish(io::stderr());
    // What a hostile peer does to its own connection is h2's warning each time; it is no news here.
    let filter = tracing_subscriber::EnvFilter::new(format!("h2=error,{}", config.log));
    let colours = io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_target(false)
        .with_writer(log)
        // It would be told on stderr too, which panics when nobody reads that any more.
        .log_internal_errors(false)
        .init();
    let code = runtime()?.block_on(run(config));
    shown.wait(SHOWING);
    code
}

async fn run(config: Config) -> Result<u8, Error> {
    let listener = master::bind(&config.bind).await?;
    let system = |what| move |source| Error::System { what, source };
    let address = listener.local_addr().map_err(system("the port is unknown"))?;
    let (desk, office) = master::desk::desk();
    signals(desk.commands.clone()).map_err(system("signals can't be heard"))?;
    let web = match &config.life.web {
        Some(address) => Some(master::bind_web(address).await?),
        None => None,
    };
    tracing::info!("listening on {address}");
    let closing = CancellationToken::new();
    let web = match web {
        Some(web) => Some(reach(web, desk, &config, closing.clone())?),
        // Then nobody reads how it stands, so nobody has to say it.
        None => {
            drop(desk);
            None
        }
    };
    let summary = Box::pin(master::run_on(config, listener, office)).await?;
    closing.cancel();
    if let Some(web) = web {
        _ = web.await;
    }
    Ok(summary.verdict.exit_code)
}

/// Lets people reach it.
fn reach(
    web: TcpListener,
    desk: Desk,
    config: &Config,
    closing: CancellationToken,
) -> Result<JoinHandle<()>, Error> {
    let unknown = |source| Error::System { what: "the port is unknown", source };
    let at = web.local_addr().map_err(unknown)?;
    tracing::info!("people reach it at http://{at}, as with `master ctl`");
    let (sources, names) = (config.sources.clone(), config.life.names.clone());
    Ok(tokio::spawn(master::web::serve(web, desk, sources, names, closing)))
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
fn explain(program: &str, error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            tell(&Args::fault_of(program, error));
            ExitCode::from(2)
        }
    }
}

fn tell(line: &str) {
    _ = writeln!(io::stderr(), "Error: {line}");
}
