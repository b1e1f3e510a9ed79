//! The whole control plane, with the real code of master and worker, in a network that is simulated: random faults from a
//! seed, and an oracle outside that sees each robot live and die and each sample being made. A seed that fails is printed,
//! and the same seed does the same again.
//!
//! `cargo test` runs a few seeds; `cargo xtask simulate --seeds 300` runs many, `--mutant NAME` with a fault planted on
//! purpose, which has to be found.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test, with its own main"
)]
#![allow(clippy::disallowed_methods, reason = "real time is what a simulation costs")]

mod disk;
mod faults;
mod oracle;
mod player;
mod world;

use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use proto::mutant::{self, Mutant};

use crate::faults::Mode;
use crate::world::{Outcome, play};

/// Random faults against master and workers, from seeds.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 12)]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Plant a fault: no-dedup, no-lease, edge-triggered or no-journal; it has to be found
    #[arg(long)]
    mutant: Option<String>,
    /// Print what happened in each seed
    #[arg(long)]
    trace: bool,
    /// Print what master and workers log, in simulated time
    #[arg(long)]
    log: bool,
    /// Play this seed alone and print what it gave
    #[arg(long, hide = true)]
    only: Option<u64>,
    /// Whatever else a test runner gives, such as names of tests
    #[arg(hide = true, allow_hyphen_values = true, trailing_var_arg = true)]
    rest: Vec<String>,
}

/// What all seeds gave together.
#[derive(Default)]
struct Tally {
    faults: u64,
    /// In the seed that had the fewest.
    fewest: Option<u64>,
    failed: Vec<(u64, String)>,
    /// How long after the last fault was mended all was as it should be.
    settled: Vec<Duration>,
    simulated: Duration,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(seed) = args.only {
        if args.log {
            let log = tracing_subscriber::fmt().with_ansi(false).with_timer(world::Time);
            log.with_writer(std::io::stderr).init();
        }
        return only(seed, args.mutant.as_deref());
    }
    let began = Instant::now();
    let tally = Mutex::new(Tally::default());
    let next = AtomicU64::new(args.from);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| seeds(&args, &next, &tally));
        }
    });
    let tally = tally.into_inner().unwrap();
    report(&args, &tally, began.elapsed())
}

/// Plays one seed and prints what it gave. A process of its own for each: a runtime drops the tasks of a crashed process in the
/// order of numbers that it counts through the whole process, so only the first play of a process goes the same way each time.
fn only(seed: u64, mutant: Option<&str>) -> ExitCode {
    mutant::plant(mutant.map(|name| {
        Mutant::named(name)
            .unwrap_or_else(|| panic!("no mutant `{name}`, or built without the feature `mutants`"))
    }));
    // Odd seeds mend everything in the end, even ones never.
    let mode = if seed.is_multiple_of(2) { Mode::Safety } else { Mode::Liveness };
    serde_json::to_writer(std::io::stdout(), &play(seed, mode)).unwrap();
    ExitCode::SUCCESS
}

fn seeds(args: &Args, next: &AtomicU64, tally: &Mutex<Tally>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let found = args.mutant.is_some() && !tally.lock().unwrap().failed.is_empty();
        if seed >= args.from + args.seeds || found {
            return;
        }
        let mut outcome = played(seed, args);
        // Some are played twice, and have to go the same way.
        let again = seed.is_multiple_of(10).then(|| played(seed, args));
        if again.is_some_and(|again| again.course() != outcome.course()) {
            outcome.violations.push("the same seed went another way the second time".into());
        }
        judge(seed, &outcome, args.trace, tally);
    }
}

/// What a seed gives in a process of its own.
fn played(seed: u64, args: &Args) -> Outcome {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.arg("--only").arg(seed.to_string());
    child.args(args.log.then_some("--log"));
    if let Some(mutant) = &args.mutant {
        child.args(["--mutant", mutant]);
    }
    let output = child.stderr(Stdio::inherit()).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| Outcome::broken(format!("its process broke: {e}")))
}

fn judge(seed: u64, outcome: &Outcome, trace: bool, tally: &Mutex<Tally>) {
    let mut tally = tally.lock().unwrap();
    tally.faults += outcome.faults;
    tally.fewest = Some(tally.fewest.map_or(outcome.faults, |fewest| fewest.min(outcome.faults)));
    tally.simulated += outcome.simulated;
    tally.settled.extend(outcome.settled);
    if trace || !outcome.violations.is_empty() {
        println!("seed {seed}:");
        outcome.trace.iter().for_each(|line| println!("  {line}"));
    }
    for violation in &outcome.violations {
        println!("seed {seed} FAILED: {violation}");
        tally.failed.push((seed, violation.clone()));
    }
}

fn report(args: &Args, tally: &Tally, took: Duration) -> ExitCode {
    let mut settled = tally.settled.clone();
    settled.sort();
    let at = |share: f64| settled.get(((settled.len() as f64 - 1.0).max(0.0) * share) as usize).copied();
    let (half, most) = (at(0.5).unwrap_or_default(), at(1.0).unwrap_or_default());
    println!(
        "{} seeds, {} faults (at least {} each), {} simulated s in {:.1} s; settled after {:.2} s (p50), {:.2} s (most); {} violations",
        args.seeds,
        tally.faults,
        tally.fewest.unwrap_or_default(),
        tally.simulated.as_secs(),
        took.as_secs_f64(),
        half.as_secs_f64(),
        most.as_secs_f64(),
        tally.failed.len()
    );
    match (&args.mutant, tally.failed.first()) {
        (None, None) => ExitCode::SUCCESS,
        (None, Some((seed, _))) => {
            println!("again: cargo xtask simulate --from {seed} --seeds 1 --trace");
            ExitCode::FAILURE
        }
        (Some(mutant), Some((seed, violation))) => {
            println!("{mutant} is found by seed {seed}: {violation}");
            ExitCode::SUCCESS
        }
        (Some(mutant), None) => {
            println!("{mutant} is NOT found");
            ExitCode::FAILURE
        }
    }
}
