//! The whole control plane, with the real code of master and worker, in a network that is simulated: random faults from a
//! seed, and an oracle outside that sees each robot live and die and each sample being made. A seed that fails is printed,
//! and the same seed does the same again.
//!
//! `cargo test` runs a few seeds; `cargo xtask simulate --seeds 300` runs many, `--mutant NAME` with a fault planted on
//! purpose, which has to be found.

mod disk;
mod faults;
mod oracle;
mod player;
mod world;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;

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
    /// Whatever else a test runner gives, such as names of tests
    #[arg(hide = true, allow_hyphen_values = true, trailing_var_arg = true)]
    rest: Vec<String>,
}

/// What all seeds gave together.
#[derive(Default)]
struct Tally {
    faults: u64,
    failed: Vec<(u64, String)>,
    /// How long after the last fault was mended all was as it should be.
    settled: Vec<Duration>,
    simulated: Duration,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mutant = args.mutant.as_deref().map(mutants::named);
    let began = Instant::now();
    let tally = Arc::new(Mutex::new(Tally::default()));
    let next = Arc::new(AtomicU64::new(args.from));
    let end = args.from + args.seeds;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                mutants::plant(mutant);
                while let Some(seed) = take(&next, end) {
                    judge(seed, &play_twice_at_times(seed), args.trace, &tally);
                    if mutant.is_some() && !tally.lock().unwrap().failed.is_empty() {
                        return;
                    }
                }
            });
        }
    });
    let tally = tally.lock().unwrap();
    report(&args, &tally, began.elapsed())
}

fn take(next: &AtomicU64, end: u64) -> Option<u64> {
    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < end)
}

/// Odd seeds mend everything in the end, even ones never. Each tenth is played twice, and has to go the same way.
fn play_twice_at_times(seed: u64) -> Outcome {
    let mode = if seed.is_multiple_of(2) { Mode::Safety } else { Mode::Liveness };
    let mut outcome = play(seed, mode);
    if seed.is_multiple_of(10) && outcome.trace != play(seed, mode).trace {
        outcome.violations.push("the same seed went another way the second time".into());
    }
    outcome
}

fn judge(seed: u64, outcome: &Outcome, trace: bool, tally: &Mutex<Tally>) {
    let mut tally = tally.lock().unwrap();
    tally.faults += outcome.faults;
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
        "{} seeds, {} faults, {} simulated s in {:.1} s; settled after {:.2} s (p50), {:.2} s (most); {} violations",
        args.seeds,
        tally.faults,
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

/// Faults planted on purpose.
mod mutants {
    pub(crate) use proto::mutant::{Mutant, plant};

    pub(crate) fn named(name: &str) -> Mutant {
        Mutant::named(name)
            .unwrap_or_else(|| panic!("no mutant `{name}`, or built without the feature `mutants`"))
    }
}
