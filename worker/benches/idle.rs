//! What a robot costs that is connected, logged in and does nothing: resident memory of the worker's process, and how quickly
//! robots get in. `cargo xtask bench idle --robots 19500`.
//!
//! Descriptors are the limit: one per robot in the worker, and one in the server. Where the hard limit can't be raised
//! (`ulimit -Hn`), as many robots as it allows are taken, and it is said.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::{Parser, Subcommand};
use common::{Server, cpu_time, log_in, lua_mods, numbers, plan, resident, serve};
use proto::series::RobotState;
use worker::{Mod, Registry, Robot, Tasks, Wait};

mod common;

#[derive(Debug, Parser)]
struct Args {
    /// Robots
    #[arg(long, default_value_t = 19_500)]
    robots: u64,
    /// Rounds; the medians count
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Fewer robots, one round
    #[arg(long)]
    quick: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    side: Option<Side>,
}

/// What a child process does. The robots print one line: bytes each, robots in, seconds until all were, CPU seconds for that.
#[derive(Debug, Clone, Subcommand)]
enum Side {
    #[command(hide = true)]
    Server,
    #[command(hide = true)]
    Robots { host: String, robots: u64, mod_name: String },
}

/// Descriptors that a process needs for itself.
const SPARE: u64 = 100;

/// How long robots have to get in.
const PATIENCE: u64 = 60;

fn main() -> Result<()> {
    let args = Args::parse();
    let _kept_if_refused = rlimit::increase_nofile_limit(u64::MAX);
    match args.side {
        None => measure(&args),
        Some(Side::Server) => serve(),
        Some(Side::Robots { host, robots, mod_name }) => run(&host, robots, &mod_name),
    }
}

fn measure(args: &Args) -> Result<()> {
    let limit = rlimit::Resource::NOFILE.get_soft()?.saturating_sub(SPARE);
    let wanted = if args.quick { args.robots.min(2_000) } else { args.robots };
    let robots = wanted.min(limit);
    let mut out = std::io::stdout();
    if robots < wanted {
        writeln!(out, "the limit of open files allows {robots} robots of {wanted}")?;
    }
    writeln!(
        out,
        "{:<10} {:>8} {:>12} {:>10} {:>14}",
        "", "robots", "KiB/robot", "robots/s", "CPU us/robot"
    )?;
    let rounds = if args.quick { 1 } else { args.rounds.max(1) };
    let [native, lua] = ["idle", "lua_idle"].map(|mod_name| median(mod_name, robots, rounds));
    let (native, lua) = (native?, lua?);
    native.print(&mut out, "native")?;
    lua.print(&mut out, "Lua")?;
    writeln!(
        out,
        r#"{{"name":"idle","value":{:.3},"unit":"KiB/robot","lua":{:.3},"robots":{},"per_second":{:.0},"cpu_us_per_robot":{:.1}}}"#,
        native.kib, lua.kib, native.robots, native.rate, native.cpu_us
    )?;
    Ok(())
}

/// What one kind of robot costs.
#[derive(Debug, Clone, Copy)]
struct Cost {
    kib: f64,
    robots: f64,
    rate: f64,
    cpu_us: f64,
}

impl Cost {
    fn print(&self, out: &mut impl Write, name: &str) -> Result<()> {
        let Self { kib, robots, rate, cpu_us } = self;
        writeln!(out, "{name:<10} {robots:>8} {kib:>12.2} {rate:>10.0} {cpu_us:>14.1}")?;
        Ok(())
    }
}

/// The median of some rounds, each with a server and a worker of its own.
fn median(mod_name: &str, robots: u64, rounds: usize) -> Result<Cost> {
    let mut costs = Vec::new();
    for _ in 0..rounds {
        let server = Server::start()?;
        let told = numbers("robots", &[&server.host, &robots.to_string(), mod_name])?;
        let [bytes, robots, seconds, cpu] = told[..] else { bail!("one line of four numbers") };
        costs.push(Cost { kib: bytes / 1024.0, robots, rate: robots / seconds, cpu_us: cpu * 1e6 / robots });
    }
    costs.sort_by(|a, b| f64::total_cmp(&a.kib, &b.kib));
    Ok(costs[costs.len() / 2])
}

/// Logs in and stays.
#[derive(Default)]
struct Idle;

impl Mod for Idle {
    async fn start(&self, robot: &Robot) -> Result<()> {
        log_in(robot).await
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Constant(Duration::from_secs(3600)))
    }
}

/// Brings robots in, at 5,000 a second, and looks at the process when they are.
fn run(host: &str, robots: u64, mod_name: &str) -> Result<()> {
    let registry = Registry::default().with("idle", Idle::default);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = resident()?;
    let (begun, cpu) = (Instant::now(), cpu_time());
    let all_in = tokio::sync::Notify::new();
    let plan = plan(host, mod_name, robots, 5_000.0, PATIENCE)?;
    let play = worker::solo::play(plan, lua_mods(), registry, 1, |report| {
        let there: u64 = report.robots.iter().map(|census| census.get(RobotState::Playing)).sum();
        if there < robots {
            return;
        }
        all_in.notify_one();
        let bytes = resident().unwrap_or(0).saturating_sub(before) / there;
        let (seconds, cpu) = (begun.elapsed().as_secs_f64(), (cpu_time() - cpu).as_secs_f64());
        let _closed = writeln!(std::io::stdout(), "{bytes} {there} {seconds} {cpu}");
    });
    // What was to be measured is told long before the plan ends; the process ends then, and its robots with it.
    runtime.block_on(async {
        tokio::select! {
            ended = play => Err(ended.err().map_or_else(|| anyhow!("not all robots got in"), Into::into)),
            () = all_in.notified() => Ok(()),
        }
    })
}
