//! How late robots wake: from random waits of 1 to 5 s, 20,000 of them on one thread; from a schedule, as the difference of
//! response and service time at rest; and beside 10,000 robots in Lua, whose collectors hold the thread: how late that makes others,
//! and for how long each piece of their code holds it.
//! `cargo xtask bench timers`.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::io::Write;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use common::{Server, cpu_time, log_in, numbers, plan, serve};
use proto::class::{Class, Classes, Share};
use proto::histogram::{Histogram, Sparse};
use proto::message::Bundle;
use proto::plan::Plan;
use proto::report::Report;
use proto::series::Kind;
use worker::game::EchoRequest;
use worker::{Mod, Registry, Robot, Tasks, Wait};

mod common;

#[derive(Debug, Parser)]
struct Args {
    /// Robots that wait
    #[arg(long, default_value_t = 20_000)]
    robots: u64,
    /// Robots beside which a thread's lateness is measured, native ones and in Lua
    #[arg(long, default_value_t = 10_000)]
    beside: u64,
    /// How long each part lasts
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Shorter
    #[arg(long)]
    quick: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    side: Option<Side>,
}

/// What a child process does; each prints one line of numbers.
#[derive(Debug, Clone, Subcommand)]
enum Side {
    #[command(hide = true)]
    Server,
    /// Wake-ups, their p50, p99 and p99.9 lateness in microseconds, share of a core
    #[command(hide = true)]
    Waiting { robots: u64, seconds: u64 },
    /// Requests, p50 and p99 of service time, p50 and p99 of response time in microseconds
    #[command(hide = true)]
    Paced { host: String, seconds: u64 },
    /// Ticks, their p50, p99, p99.9 and greatest lateness in microseconds; pieces of Lua, and the same of how long each held the
    /// thread; share of a core
    #[command(hide = true)]
    Beside { mod_name: String, robots: u64, seconds: u64 },
}

fn main() -> Result<()> {
    let args = Args::parse();
    match args.side {
        None => measure(&args),
        Some(Side::Server) => serve(),
        Some(Side::Waiting { robots, seconds }) => waiting(robots, seconds),
        Some(Side::Paced { host, seconds }) => paced(&host, seconds),
        Some(Side::Beside { mod_name, robots, seconds }) => beside(&mod_name, robots, seconds),
    }
}

fn measure(args: &Args) -> Result<()> {
    let seconds = if args.quick { 8 } else { args.seconds.max(8) };
    let (robots, seconds) = (args.robots.to_string(), seconds.to_string());
    let mut out = std::io::stdout();
    let told = numbers("waiting", &[&robots, &seconds])?;
    let [wakes, p50, p99, p999, core] = told[..] else { bail!("five numbers") };
    writeln!(out, "{robots} robots with waits of 1 to 5 s: {wakes} wake-ups")?;
    writeln!(
        out,
        "  late by (us)        p50 {p50:>8.0}  p99 {p99:>8.0}  p99.9 {p999:>8.0}; {core:.3} of a core"
    )?;
    let server = Server::start()?;
    let told = numbers("paced", &[&server.host, &seconds])?;
    let [requests, service, service_p99, response, response_p99] = told[..] else { bail!("five numbers") };
    writeln!(out, "100 robots with a schedule of 10 requests per second each: {requests} requests")?;
    writeln!(out, "  service time (us)   p50 {service:>8.0}  p99 {service_p99:>8.0}")?;
    writeln!(out, "  response time (us)  p50 {response:>8.0}  p99 {response_p99:>8.0}")?;
    let excess = response - service;
    let (native, lua) = measure_beside(&args.beside.to_string(), &seconds, &mut out)?;
    let (native, lua, held) = (native.late.p999, lua.late.p999, lua.held);
    let Spread { count, p50: held_p50, p99: held_p99, p999: held_p999, most } = held;
    writeln!(
        out,
        r#"{{"name":"timers","value":{p99:.0},"unit":"us_late_p99","core":{core:.4},"paced_excess_p50_us":{excess:.0},"beside_native_p999_us":{native:.0},"beside_lua_p999_us":{lua:.0},"lua_held_count":{count:.0},"lua_held_p50_us":{held_p50:.0},"lua_held_p99_us":{held_p99:.0},"lua_held_p999_us":{held_p999:.0},"lua_held_max_us":{most:.0}}}"#
    )?;
    Ok(())
}

fn measure_beside(robots: &str, seconds: &str, out: &mut impl Write) -> Result<(Beside, Beside)> {
    writeln!(
        out,
        "a schedule of 1,000 ticks per second beside {robots} robots with waits of 1 to 5 s, late by (us)"
    )?;
    let native = Beside::robots("waiting", robots, seconds)?;
    native.print(out, "native")?;
    let lua = Beside::robots("lua_waiting", robots, seconds)?;
    lua.print(out, "in Lua")?;
    let held = Beside::robots("lua_timed", robots, seconds)?.held;
    let pieces = held.count;
    writeln!(out, "how long each of {pieces} pieces of their Lua held the thread, collecting included (us)")?;
    writeln!(out, "  {:<18}  {held}", "held")?;
    Ok((native, Beside { held, ..lua }))
}

/// Some times, in microseconds.
struct Spread {
    count: f64,
    p50: f64,
    p99: f64,
    p999: f64,
    most: f64,
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { p50, p99, p999, most, .. } = self;
        write!(f, "p50 {p50:>8.0}  p99 {p99:>8.0}  p99.9 {p999:>8.0}  max {most:>8.0}")
    }
}

/// A thread with other robots on it.
struct Beside {
    /// How late it was.
    late: Spread,
    /// How long each piece of Lua held it; nothing where no mod times that.
    held: Spread,
    core: f64,
}

impl Beside {
    fn robots(mod_name: &str, robots: &str, seconds: &str) -> Result<Self> {
        let told = numbers("beside", &[mod_name, robots, seconds])?;
        let (spreads, rest) = told.as_chunks::<5>();
        let (&[late, held], &[core]) = (spreads, rest) else { bail!("eleven numbers") };
        let [late, held] =
            [late, held].map(|[count, p50, p99, p999, most]| Spread { count, p50, p99, p999, most });
        Ok(Self { late, held, core })
    }

    fn print(&self, out: &mut impl Write, name: &str) -> Result<()> {
        writeln!(out, "  {name:<18}  {}; {:.3} of a core", self.late, self.core)?;
        Ok(())
    }
}

/// As [`Spread`] is told by a child process.
fn told(times: &Histogram) -> String {
    let of = [50.0, 99.0, 99.9, 100.0].map(|p| times.percentile(p).as_micros().to_string()).join(" ");
    format!("{} {of}", times.count())
}

/// Measures by how much its own waits are late.
#[derive(Default)]
struct Waiting;

impl Mod for Waiting {
    async fn start(&self, robot: &Robot) -> Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("wait", 1, async |_: &Self, robot| {
            let wait = Duration::from_micros(robot.random(1_000_000..=5_000_000) as u64);
            let due = Instant::now() + wait;
            robot.sleep(wait).await;
            if !robot.is_retired() {
                robot.time("late", Instant::now().saturating_duration_since(due));
            }
            Ok(())
        })
    }
}

fn waiting(robots: u64, seconds: u64) -> Result<()> {
    let registry = Registry::default().with("waiting", Waiting::default);
    let mut late = Histogram::new();
    // Of the seconds in the middle: neither while robots are born nor while they leave.
    let (mut begun, mut cpu) = (Instant::now(), Duration::ZERO);
    let plan = plan("ws://127.0.0.1:1", "waiting", robots, robots as f64, seconds)?;
    play(plan, Bundle::new(Vec::new()), registry, |report| {
        let second = report.to.as_secs();
        if second == 3 {
            (begun, cpu) = (Instant::now(), cpu_time());
        }
        if (4..seconds).contains(&second) {
            samples(report, Kind::Custom, "late", |ok, _| late.add(ok).is_ok());
        }
        if second == seconds - 1 {
            let core = (cpu_time() - cpu).as_secs_f64() / begun.elapsed().as_secs_f64();
            let us = |p| late.percentile(p).as_micros();
            let (p50, p99, p999) = (us(50.0), us(99.0), us(99.9));
            let _closed = writeln!(std::io::stdout(), "{} {p50} {p99} {p999} {core}", late.count());
        }
    })
}

/// Logs in and echoes 10 times a second.
#[derive(Default)]
struct Paced;

impl Mod for Paced {
    async fn start(&self, robot: &Robot) -> Result<()> {
        log_in(robot).await
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Rate(10.0)).task("echo", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest { text: Some("hello".into()) }).await?;
            Ok(())
        })
    }
}

fn paced(host: &str, seconds: u64) -> Result<()> {
    let registry = Registry::default().with("paced", Paced::default);
    let (mut service, mut response) = (Histogram::new(), Histogram::new());
    play(plan(host, "paced", 100, 1000.0, seconds)?, Bundle::new(Vec::new()), registry, |report| {
        if report.to.as_secs() > 1 && !report.last {
            samples(report, Kind::Request, "EchoRequest", |ok, late| {
                service.add(ok).is_ok() && response.add(late).is_ok()
            });
        }
    })?;
    let us = |times: &Histogram, p| times.percentile(p).as_micros();
    let told = [us(&service, 50.0), us(&service, 99.0), us(&response, 50.0), us(&response, 99.0)];
    writeln!(std::io::stdout(), "{} {} {} {} {}", service.count(), told[0], told[1], told[2], told[3])?;
    Ok(())
}

/// Begins a task each millisecond and does nothing in it: the response time of its tasks is how late its thread was.
#[derive(Default)]
struct Ticking;

impl Mod for Ticking {
    async fn start(&self, robot: &Robot) -> Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Rate(1000.0)).task("tick", 1, async |_: &Self, _| Ok(()))
    }
}

/// Robots that see some objects come and go, so that there is something to collect and something that stays.
const LUA_WAITING: &str = r#"
local waiting = { wait = horde.between(1, 5) }
function waiting:start(robot)
  self.seen, self.next = {}, 1
  robot:run_tasks()
end
function waiting:look(robot)
  for i = 1, 8 do
    self.seen[self.next] = { id = i, name = "object " .. robot:random(1, 1000000), place = { x = i, y = self.next } }
    self.next = self.next % 64 + 1
  end
end
waiting.tasks = { { name = "look", weight = 1, run = waiting.look } }
return waiting"#;

/// The same with how long each look takes: it is nearly all that a resume does and allocates, so nearly all collecting is in it. A mod of
/// its own, for the calls that time it are a tenth of its work and make others late.
const LUA_TIMED: &str = r#"
local timed = require("lua_waiting.lua_waiting_mod")
timed.tasks[1].run = function(self, robot)
  local began = robot:now_us()
  self:look(robot)
  robot:time("held", (robot:now_us() - began) / 1e6)
end
return timed"#;

/// One robot that ticks, and others on its thread.
fn beside(mod_name: &str, robots: u64, seconds: u64) -> Result<()> {
    let registry = Registry::default().with("waiting", Waiting::default).with("ticking", Ticking::default);
    let lua = [("lua_waiting", LUA_WAITING), ("lua_timed", LUA_TIMED)]
        .map(|(name, text)| (format!("mods/{name}/{name}_mod.lua"), text.as_bytes().to_vec()));
    let mut plan = plan("ws://127.0.0.1:1", mod_name, robots + 1, robots as f64, seconds)?;
    plan.classes = Classes::new(vec![
        Class::new("ticking", Share::Fixed(1), vec!["ticking".into()]),
        Class::new("others", Share::Weight(NonZeroU32::MIN), vec![mod_name.into()]),
    ])?;
    let (mut late, mut held) = (Histogram::new(), Histogram::new());
    let (mut begun, mut cpu) = (Instant::now(), Duration::ZERO);
    play(plan, Bundle::new(lua.into()), registry, |report| {
        let second = report.to.as_secs();
        if second == 3 {
            (begun, cpu) = (Instant::now(), cpu_time());
        }
        if (4..seconds).contains(&second) {
            samples(report, Kind::Task, "tick", |_, response| late.add(response).is_ok());
            samples(report, Kind::Custom, "held", |ok, _| held.add(ok).is_ok());
        }
        if second == seconds - 1 {
            let core = (cpu_time() - cpu).as_secs_f64() / begun.elapsed().as_secs_f64();
            let _closed = writeln!(std::io::stdout(), "{} {} {core}", told(&late), told(&held));
        }
    })
}

fn play(plan: Plan, bundle: Bundle, registry: Registry, mut take: impl FnMut(&Report)) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(worker::solo::play(plan, bundle, registry, 1, |report| take(&report)))?)
}

/// Hands on the service and response times of a series.
fn samples(report: &Report, kind: Kind, name: &str, mut take: impl FnMut(&Sparse, &Sparse) -> bool) {
    let wanted = report.series.iter().filter(|delta| delta.series.kind == kind && delta.series.name == name);
    wanted.for_each(|delta| assert!(take(&delta.ok, &delta.response), "our own histograms add up"));
}
