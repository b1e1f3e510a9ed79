//! The side that is measured: robots with sproto, matching and recording, one thread.

use std::time::Duration;

use anyhow::{Context, Result};
use proto::report::Report;
use worker::game::EchoRequest;
use worker::{Mod, Registry, Robot, Tasks, Wait};

use crate::Share;
use crate::common::{cpu_time, log_in, lua_mods, plan};

/// Echoes as fast as it can.
#[derive(Default)]
struct Echo;

impl Mod for Echo {
    async fn start(&self, robot: &Robot) -> Result<()> {
        log_in(robot).await
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("echo", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest { text: Some("hello".into()) }).await?;
            Ok(())
        })
    }
}

/// How long the robots have to get in before the measuring begins.
const WARM_UP: u64 = 2;

/// Round trips of `connections` robots in `seconds` seconds, after all are in.
pub(crate) fn run(host: &str, name: &str, connections: u64, seconds: u64) -> Result<Share> {
    let registry = Registry::default().with("echo", Echo::default);
    let mut window =
        Window { begin: WARM_UP, end: WARM_UP + seconds, before: Duration::ZERO, round_trips: 0, cpu: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let plan = plan(host, name, connections, connections as f64 * 1000.0, WARM_UP + seconds + 1)?;
    let bundle = lua_mods();
    let play = worker::solo::play(plan, bundle, registry, 1, |report| window.take(&report));
    runtime.block_on(play)?;
    Ok(Share { round_trips: window.round_trips, cpu: window.cpu.context("the run was too short")? })
}

/// The seconds of a run that count.
struct Window {
    begin: u64,
    end: u64,
    /// CPU time at its begin.
    before: Duration,
    round_trips: u64,
    /// CPU time in it, once it is over.
    cpu: Option<Duration>,
}

impl Window {
    fn take(&mut self, report: &Report) {
        let second = report.to.as_secs();
        if second > self.begin && second <= self.end {
            let echoes = report.series.iter().filter(|delta| delta.series.name == "EchoRequest");
            self.round_trips += echoes.map(|delta| delta.ok.count()).sum::<u64>();
        }
        if second == self.begin {
            self.before = cpu_time();
        }
        if second == self.end {
            self.cpu.get_or_insert(cpu_time() - self.before);
        }
    }
}
