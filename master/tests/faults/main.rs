//! Faults in earnest: real processes are killed, stopped, cut off and started again, and the game-server's own counts say what
//! became of the robots. Each scenario gives figures, and each figure has a goal.
//!
//! `cargo test` plays the scenarios small and four at a time, with goals five times as slow. `cargo xtask faults` plays them at
//! full size, one after the other; `--network` plays the partitions, which need network namespaces.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test with a main of its own, about real time"
)]

mod departures;
mod figures;
mod journals;
mod leftovers;
mod losses;
mod masters;
mod namespace;
mod partitions;
mod process;
mod scene;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;

use crate::figures::Figures;
use crate::scene::Size;

/// Faults against real processes.
#[derive(Debug, Parser)]
struct Args {
    /// 2,000 robots, one scenario after the other
    #[arg(long)]
    full: bool,
    /// Where game-server, master and worker are
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Play the partitions, in network namespaces
    #[arg(long)]
    network: bool,
    /// How long partitions last
    #[arg(long, default_value = "1,10", value_delimiter = ',')]
    seconds: Vec<u64>,
    /// Play only scenarios whose name has this in it
    #[arg(long)]
    only: Option<String>,
    /// Whatever else a test runner gives
    #[arg(long, hide = true)]
    nocapture: bool,
    /// Names of tests
    #[arg(hide = true, allow_hyphen_values = true, trailing_var_arg = true)]
    rest: Vec<String>,
}

type Play = Box<dyn Fn(&Size, &mut Figures) + Send + Sync>;

/// Something to play, and its name.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) play: Play,
}

impl Scenario {
    pub(crate) fn new(
        name: impl Into<String>,
        play: impl Fn(&Size, &mut Figures) + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), play: Box::new(play) }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    leftovers::clear_when_told();
    if args.network
        && let Err(why) = namespace::available()
    {
        println!("partitions are skipped: {why}");
        return ExitCode::SUCCESS;
    }
    let scenarios = if args.network { partitions::all(&args.seconds) } else { scenarios() };
    // What follows an option may be its value.
    let named = args.rest.first().filter(|word| !word.starts_with('-'));
    let wanted = args.only.as_ref().or(named);
    let is_wanted = |scenario: &Scenario| wanted.is_none_or(|name| scenario.name.contains(name));
    let scenarios: Vec<_> = scenarios.into_iter().filter(is_wanted).collect();
    if scenarios.is_empty() && args.only.is_some() {
        println!("no scenario has `{}` in its name", args.only.unwrap_or_default());
        return ExitCode::FAILURE;
    }
    let size = Size::new(args.full, args.binaries.unwrap_or_else(process::beside));
    let missed = play(&scenarios, &size, if args.full { 1 } else { 4 });
    println!("{} scenarios, {missed} goals missed", scenarios.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("a killed worker's robots live on with the others", losses::killed),
        Scenario::new("a worker that stops for less than its lease costs nothing", losses::stopped_briefly),
        Scenario::new("a worker that stops for 10 s is replaced, and comes back", losses::stopped_for_long),
        Scenario::new("the last worker's loss ends the run, and it never acts again", losses::last_one),
        Scenario::new("workers leave and join, and again", departures::twice),
        Scenario::new("a master killed and started again goes on, and again", |size, figures| {
            masters::again(size, figures, &masters::Absence::twice());
        }),
        Scenario::new("a master away for 8 s finds the robots that were held", |size, figures| {
            masters::again(size, figures, &masters::Absence::long("30s"));
        }),
        Scenario::new("a master away for 8 s without a hold begins its robots anew", |size, figures| {
            masters::again(size, figures, &masters::Absence::long("0"));
        }),
        Scenario::new("a master without a hold goes on", |size, figures| {
            masters::again(size, figures, &masters::Absence::short("0"));
        }),
        Scenario::new("a master started again an hour later by the wall clock", |size, figures| {
            masters::again(size, figures, &masters::Absence::stepped("+1h"));
        }),
        Scenario::new("a master started again an hour earlier by the wall clock", |size, figures| {
            masters::again(size, figures, &masters::Absence::stepped("-1h"));
        }),
        Scenario::new("workers of a run that is gone meet the master of another", masters::another),
        Scenario::new("a journal that is torn at its end is gone on with", journals::torn),
        Scenario::new("a journal that can't be used is named", journals::unusable),
        Scenario::new("a disk that is full costs the journal, not the run", journals::full),
    ]
}

/// How many goals were missed.
fn play(scenarios: &[Scenario], size: &Size, at_a_time: usize) -> usize {
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let figures = played(scenario, size);
                    let mut missed = missed.lock().unwrap();
                    println!("{}\n{figures}", scenario.name);
                    *missed += figures.missed();
                }
            });
        }
    });
    missed.into_inner().unwrap()
}

/// What a scenario gives; one that can't be played to its end misses that.
fn played(scenario: &Scenario, size: &Size) -> Figures {
    let mut figures = Figures::new(size.slack);
    let ended = catch_unwind(AssertUnwindSafe(|| (scenario.play)(size, &mut figures)));
    if let Err(panic) = ended {
        let told = panic.downcast_ref::<String>().map(String::as_str);
        figures.broken(told.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked"));
    }
    figures
}
