//! `cargo demo`: builds, starts a game-server, a master and workers on this machine, lets 500 robots play for 30 s, and
//! compares what master and game-server counted. Whatever happens, nothing that it started is left behind.

mod counts;
mod options;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::FutureExt;
use futures_util::future::select_all;
use rustix::process::Signal as Kill;
use tokio::process::Command;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::crew::{self, Crew};
use crate::screen::{complain, say};
use options::Options;

pub(crate) use options::Args;

/// How long a process may take to listen.
const START: Duration = Duration::from_secs(20);

/// How long a process may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(15);

/// Bad usage, here as in the master.
const USAGE: u8 = 2;

/// How much of the master's log says why it could not run.
const LAST_LINES: usize = 5;

/// What a demo works with.
struct Demo {
    options: Options,
    /// Where the binaries are.
    binaries: PathBuf,
    /// Where logs and results go.
    files: PathBuf,
    interrupts: Interrupts,
}

/// Ctrl-C, SIGTERM, and a terminal that is closed: our processes are not in its group and would stay.
struct Interrupts([Signal; 3]);

impl Interrupts {
    fn listen() -> Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn next(&mut self) {
        select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    }
}

pub(crate) fn main(args: Args) -> Result<ExitCode> {
    let options = match Options::from_args(args) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(options::HELP);
            return Ok(ExitCode::SUCCESS);
        }
        Err(fault) => {
            complain(&format!("Error: {fault:#}"));
            return Ok(ExitCode::from(USAGE));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let demo = Demo::new(options)?;
        let mut crew = Crew::new(GRACE);
        let played = AssertUnwindSafe(demo.play(&mut crew)).catch_unwind().await;
        crew.end().await;
        played.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

impl Demo {
    fn new(options: Options) -> Result<Self> {
        // Cargo put this very binary into TARGET/debug, wherever it has been told that TARGET is.
        let this = std::env::current_exe()?;
        let target = this.ancestors().nth(2).context("xtask is not in a target directory")?;
        let (binaries, files) = (target.join("release"), target.join("demo"));
        std::fs::create_dir_all(&files).with_context(|| format!("can't make {}", files.display()))?;
        Ok(Self { options, binaries, files, interrupts: Interrupts::listen()? })
    }

    async fn play(mut self, crew: &mut Crew) -> Result<ExitCode> {
        self.build().await?;
        self.start_game_server(crew).await?;
        let ended = self.run_master(crew).await?;
        say("\n4. Ending the workers, then the game-server, which tells what it counted");
        crew.dismiss("worker").await?;
        crew.dismiss("game-server").await?;
        say(&format!("   All files are in {}", self.files.display()));
        self.verdict(ended)
    }

    async fn build(&mut self) -> Result<()> {
        let mut command = Command::new("cargo");
        command.args(["build", "--release", "-p", "master", "-p", "worker", "-p", "game-server"]);
        command.process_group(0).kill_on_drop(true);
        say("1. Building the three binaries");
        show(&command);
        let mut child = command.spawn().context("can't start cargo")?;
        tokio::select! {
            built = child.wait() => if built?.success() { Ok(()) } else { bail!("the build failed") },
            () = self.interrupts.next() => {
                // The whole group: cargo does not take its compilers along.
                crew::signal_group(&child, Kill::TERM);
                child.wait().await?;
                bail!("interrupted while building")
            }
        }
    }

    async fn start_game_server(&mut self, crew: &mut Crew) -> Result<()> {
        let mut command = self.command("game-server");
        command.args(["--lobby-port", &self.options.lobby_port.to_string()]);
        command.args(["--game-port", &self.options.game_port.to_string()]);
        command.arg("--totals").arg(self.totals()).stdout(std::process::Stdio::null());
        say("\n2. Starting the game-server");
        let log = self.file("game-server.log");
        self.start(crew, "game-server", command, &log).await
    }

    /// Starts a process that listens, and waits until it does.
    async fn start(&mut self, crew: &mut Crew, name: &str, command: Command, log: &Path) -> Result<()> {
        show(&command);
        let member = crew.start(name, command, log)?;
        tokio::select! {
            says = member.says("listening on", START) => says,
            () = self.interrupts.next() => bail!("interrupted while {name} started"),
        }
    }

    async fn run_master(&mut self, crew: &mut Crew) -> Result<ExitStatus> {
        let mut command = self.command("master");
        command.args(self.options.master_args(&self.files));
        say(&format!("\n3. Starting the master and {} workers", self.options.workers));
        let log = self.file("master.log");
        // Before the master, whose table would run into the lines about them; they dial until it is there.
        for number in 1..=self.options.workers {
            self.start_worker(crew, number)?;
        }
        show(&command);
        say("");
        let master = crew.start("master", command, &log)?;
        tokio::select! {
            ended = master.wait() => return Ok(ended?),
            () = self.interrupts.next() => {}
        }
        say("Interrupted: the master stops its robots. Once more ends everything at once.");
        master.signal(Kill::INT);
        tokio::select! {
            ended = master.wait() => Ok(ended?),
            () = self.interrupts.next() => bail!("interrupted twice"),
        }
    }

    fn start_worker(&self, crew: &mut Crew, number: u32) -> Result<()> {
        let name = format!("worker-{number}");
        let mut command = self.command("worker");
        command.args(["--master", &format!("127.0.0.1:{}", self.options.master_port), "--name", &name]);
        command.stdout(std::process::Stdio::null());
        show(&command);
        crew.start(&name, command, &self.file(&format!("{name}.log")))?;
        Ok(())
    }

    /// The master's exit code, unless the two sides counted differently.
    fn verdict(&self, master: ExitStatus) -> Result<ExitCode> {
        let code = master.code().and_then(|code| u8::try_from(code).ok());
        let code = code.with_context(|| format!("the master ended with {master}"))?;
        if matches!(code, 1 | USAGE) {
            self.last_words("master.log")?;
            return Ok(ExitCode::from(code));
        }
        let summary = counts::Counts::of_master(&self.options.summary(&self.files))?;
        let totals = counts::Counts::of_game_server(&self.totals())?;
        let (equal, lines) = counts::compare(&totals, &summary);
        lines.iter().for_each(|line| say(&format!("   {line}")));
        Ok(if equal { ExitCode::from(code) } else { ExitCode::FAILURE })
    }

    fn last_words(&self, log: &str) -> Result<()> {
        let log = std::fs::read_to_string(self.file(log))?;
        let from = log.lines().count().saturating_sub(LAST_LINES);
        log.lines().skip(from).for_each(complain);
        Ok(())
    }

    fn command(&self, binary: &str) -> Command {
        Command::new(self.binaries.join(binary))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    fn totals(&self) -> PathBuf {
        self.file("game-server.json")
    }
}

/// A command as one could type it where the demo was started.
fn show(command: &Command) {
    let command = command.as_std();
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let here = std::env::current_dir().unwrap_or_default();
    say(&format!("   $ {}", words.join(" ").replace(&format!("{}/", here.display()), "")));
}
