//! Closed-loop echo: what a round trip costs a robot, beside a bare WebSocket loop without codec and statistics.
//!
//! One process each for the game-server, the robots and the yardstick, so that each one's CPU time is its own. The two are
//! run in turn, several rounds, and medians compared: machines are noisy, ratios of one run less so.
//! `cargo xtask bench echo --connections 100 --seconds 5`.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::{Parser, Subcommand};
use common::{Server, numbers, serve};

#[path = "echo/bare.rs"]
mod bare;
mod common;
#[path = "echo/robots.rs"]
mod robots;

#[derive(Debug, Parser)]
struct Args {
    /// Connections, each with one request on its way at any time
    #[arg(long, default_value_t = 100)]
    connections: u64,
    /// How long each round lasts
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds of each side; the medians count
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Fewer and shorter rounds
    #[arg(long)]
    quick: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    side: Option<Side>,
}

/// What a child process does. All but the server print one line: round trips, CPU microseconds.
#[derive(Debug, Clone, Subcommand)]
enum Side {
    #[command(hide = true)]
    Server,
    #[command(hide = true)]
    Robots { host: String, connections: u64, seconds: u64 },
    #[command(hide = true)]
    Lua { host: String, connections: u64, seconds: u64 },
    #[command(hide = true)]
    Bare { host: String, connections: u64, seconds: u64 },
}

/// What one round gave.
#[derive(Debug, Clone, Copy)]
struct Round {
    per_second: f64,
    cpu_us: f64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    match args.side {
        None => compare(&args),
        Some(Side::Server) => serve(),
        Some(Side::Robots { host, connections, seconds }) => {
            tell(|| robots::run(&host, "echo", connections, seconds))
        }
        Some(Side::Lua { host, connections, seconds }) => {
            tell(|| robots::run(&host, "lua_echo", connections, seconds))
        }
        Some(Side::Bare { host, connections, seconds }) => tell(|| bare::run(&host, connections, seconds)),
    }
}

/// What a side did while all its connections were in, and what that cost its process.
struct Share {
    round_trips: u64,
    cpu: Duration,
}

/// Runs a side and prints what it did and what it cost.
fn tell(side: impl FnOnce() -> Result<Share>) -> Result<()> {
    let share = side()?;
    writeln!(std::io::stdout(), "{} {}", share.round_trips, share.cpu.as_micros())?;
    Ok(())
}

fn compare(args: &Args) -> Result<()> {
    let (rounds, seconds) = if args.quick { (3, 1) } else { (args.rounds.max(1), args.seconds.max(1)) };
    let server = Server::start()?;
    let mut out = std::io::stdout();
    writeln!(out, "{} connections, {rounds} rounds of {seconds} s each, in turn\n", args.connections)?;
    writeln!(out, "{:<28} {:>14} {:>20}", "", "round trips/s", "CPU us/round trip")?;
    let sides = ["robots", "lua", "bare"];
    let mut told: [Vec<Round>; 3] = Default::default();
    for _ in 0..rounds {
        for (side, told) in sides.iter().zip(&mut told) {
            told.push(round(side, &server.host, args.connections, seconds)?);
        }
    }
    let [ours, lua, bare] = told.map(Medians::of);
    ours.print(&mut out, "robots, sproto, recording")?;
    lua.print(&mut out, "the same in Lua")?;
    bare.print(&mut out, "bare tokio-tungstenite")?;
    let (ratio, lua_ratio) = (ours.cpu_us / bare.cpu_us, lua.cpu_us / bare.cpu_us);
    writeln!(out, "\nratio of CPU per round trip to the bare loop's: {ratio:.2}, in Lua {lua_ratio:.2}")?;
    writeln!(
        out,
        r#"{{"name":"echo","value":{:.3},"unit":"cpu_us/round_trip","yardstick":{:.3},"ratio":{ratio:.3},"lua":{:.3},"lua_ratio":{lua_ratio:.3},"connections":{},"per_second":{:.0},"noise":{:.3}}}"#,
        ours.cpu_us,
        bare.cpu_us,
        lua.cpu_us,
        args.connections,
        ours.per_second,
        ours.noise.max(bare.noise)
    )?;
    Ok(())
}

/// The medians of some rounds, and how far apart the rounds were.
struct Medians {
    per_second: f64,
    cpu_us: f64,
    /// (greatest - least) / median of the CPU time per round trip.
    noise: f64,
}

impl Medians {
    fn of(rounds: Vec<Round>) -> Self {
        let sorted = |get: fn(&Round) -> f64| {
            let mut values: Vec<_> = rounds.iter().map(get).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (per_second, cpu) = (sorted(|round| round.per_second), sorted(|round| round.cpu_us));
        let median = |values: &[f64]| values[values.len() / 2];
        let noise = (cpu[cpu.len() - 1] - cpu[0]) / median(&cpu);
        Self { per_second: median(&per_second), cpu_us: median(&cpu), noise }
    }

    fn print(&self, out: &mut impl Write, name: &str) -> Result<()> {
        let noise = self.noise * 100.0;
        writeln!(
            out,
            "{name:<28} {:>14.0} {:>20.2}  (rounds differ by {noise:.0} %)",
            self.per_second, self.cpu_us
        )?;
        Ok(())
    }
}

/// Runs one side in a process of its own.
fn round(side: &str, host: &str, connections: u64, seconds: u64) -> Result<Round> {
    let told = numbers(side, &[host, &connections.to_string(), &seconds.to_string()])?;
    let [round_trips, cpu_us] = told[..] else { bail!("one line of two numbers") };
    ensure!(round_trips > 0.0, "the side `{side}` made no round trip");
    Ok(Round { per_second: round_trips / seconds as f64, cpu_us: cpu_us / round_trips })
}
