//! How true a ramp is over several workers: 100,000 robots born at 10,000 per second on 8 workers, each of which computes alone
//! whom it bears when. Robots open no connections. `cargo xtask bench ramp`.

use std::io::Write;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use master::config::{Config, Life, Muster, Sources};
use master::{Ground, door};
use proto::class::{Class, Classes, Share};
use proto::message::Bundle;
use proto::plan::Plan;
use proto::profile::Profile;
use tokio::sync::mpsc;
use tokio::time::Instant;
use worker::{Mod, Registry, Robot, Tasks, Wait};

#[derive(Debug, Parser)]
struct Args {
    /// Robots in the end
    #[arg(long, default_value_t = 100_000)]
    robots: u64,
    /// Born per second
    #[arg(long, default_value_t = 10_000)]
    rate: u64,
    /// Workers
    #[arg(long, default_value_t = 8)]
    workers: usize,
    /// Fewer robots
    #[arg(long)]
    quick: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// When each robot of a worker was born.
type Births = Arc<Mutex<Vec<Instant>>>;

fn locked(births: &Mutex<Vec<Instant>>) -> MutexGuard<'_, Vec<Instant>> {
    births.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says when it was born, and stays.
struct Born(Births);

impl Mod for Born {
    async fn start(&self, robot: &Robot) -> Result<()> {
        let now = Instant::now();
        locked(&self.0).push(now);
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none())
    }
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if args.quick {
        (args.robots, args.rate) = (args.robots.min(10_000), args.rate.min(2_000));
    }
    let seconds = args.robots / args.rate + 2;
    let births = run(&args, seconds)?;
    let mut births: Vec<_> = births.iter().flat_map(|births| locked(births).clone()).collect();
    births.sort_unstable();
    let first = *births.first().context("nobody was born")?;
    // Robot i is born when the plan has more than i: the first one an i-th of a second after the start.
    let start = first.checked_sub(Duration::from_secs_f64(1.0 / args.rate as f64)).unwrap_or(first);
    let at: Vec<_> = births.iter().map(|birth| birth.duration_since(start).as_secs_f64()).collect();
    print(&args, &at)
}

/// The run: a master on this thread, workers on theirs.
fn run(args: &Args, seconds: u64) -> Result<Vec<Births>> {
    let births: Vec<Births> = (0..args.workers).map(|_| Births::default()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = master::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let workers: Vec<_> =
            births.iter().cloned().enumerate().map(|(i, births)| start(i, port, births)).collect();
        let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["born".into()]);
        let profile = Profile::ramp(args.robots, args.rate as f64, Duration::from_secs(seconds))?;
        let config = Config {
            bind: String::new(),
            log: String::new(),
            journal: None,
            muster: Muster { workers: args.workers, patience: Some(Duration::from_secs(60)) },
            plan: Plan::new(profile, Classes::new(vec![class])?, "ws://127.0.0.1:1"),
            bundle: Arc::new(Bundle::new(Vec::new())),
            thresholds: Vec::new(),
            outputs: Vec::new(),
            sources: Sources::default(),
            life: Life::default(),
        };
        let (_commands, orders) = mpsc::channel(1);
        master::serve::<tokio::net::TcpStream>(config, door::accept(listener), Ground::fresh(), orders)
            .await?;
        for worker in workers {
            worker.join().ok().context("a worker panicked")??;
        }
        Ok(births)
    })
}

fn start(index: usize, port: u16, births: Births) -> std::thread::JoinHandle<Result<()>> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let config = worker::config::Config {
            master: format!("127.0.0.1:{port}"),
            name: format!("w{index}"),
            threads: 1,
            master_max_wait: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(15),
        };
        let registry = Registry::default().with("born", move || Born(births.clone()));
        runtime.block_on(worker::serve(config, registry, std::future::pending()))?;
        Ok(())
    })
}

/// Compares births with the plan, second by second, and looks for bursts.
fn print(args: &Args, at: &[f64]) -> Result<()> {
    let mut out = std::io::stdout();
    let Args { robots, rate, workers, .. } = args;
    writeln!(out, "{robots} robots at {rate} per second on {workers} workers: {} were born", at.len())?;
    let mut worst: f64 = 0.0;
    for second in 1..=robots / rate {
        let alive = at.partition_point(|birth| *birth <= second as f64) as f64;
        let planned = (second * rate) as f64;
        worst = worst.max((alive - planned).abs() / planned);
    }
    let burst =
        (0..at.len()).map(|i| at.partition_point(|birth| *birth < at[i] + 0.010) - i).max().unwrap_or(0);
    let share = burst as f64 / *rate as f64;
    writeln!(out, "  alive beside plan   at most {:.3} % off at the end of a second", worst * 100.0)?;
    writeln!(out, "  most in 10 ms       {burst} births, {:.2} % of the rate", share * 100.0)?;
    writeln!(
        out,
        r#"{{"name":"ramp","value":{worst:.5},"unit":"share_off_plan","burst_10ms_share":{share:.4},"born":{}}}"#,
        at.len()
    )?;
    Ok(())
}
