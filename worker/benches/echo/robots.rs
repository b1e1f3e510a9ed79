//! The side that is measured: robots with sproto, matching and recording, one thread.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::{Context, Result};
use proto::class::{Class, Classes, Share};
use proto::message::Bundle;
use proto::plan::{LossPolicy, Plan, Timeouts};
use proto::profile::{Edge, Profile, Stage};
use worker::game::{EchoRequest, LoginReuest, ServerListRequest};
use worker::{Mod, Registry, Robot, Tasks, Wait};

/// Echoes as fast as it can.
#[derive(Default)]
struct Echo;

impl Mod for Echo {
    async fn start(&self, robot: &Robot) -> Result<()> {
        let lobby = robot.connect("lobby", robot.host()).await?;
        let list = lobby.request(&ServerListRequest {}).await?.server_list.unwrap_or_default();
        lobby.close().await;
        let game = robot.connect("game", list.first().context("no game server")?).await?;
        game.request(&LoginReuest {}).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("echo", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest { text: Some("hello".into()) }).await?;
            Ok(())
        })
    }
}

/// Round trips of `connections` robots in `seconds` seconds.
pub(crate) fn run(host: &str, connections: u64, seconds: u64) -> Result<u64> {
    let stage = Stage { duration: Duration::from_secs(seconds), robots: connections, edge: Edge::Step };
    let class =
        Class { name: "echo".into(), share: Share::Weight(NonZeroU32::MIN), mods: vec!["echo".into()] };
    let plan = Plan {
        profile: Profile::new(vec![stage])?,
        classes: Classes::new(vec![class])?,
        host: host.to_owned(),
        seed: 1,
        timeouts: Timeouts::default(),
        on_worker_loss: LossPolicy::default(),
    };
    let registry = Registry::default().with("echo", Echo::default);
    let mut round_trips = 0;
    let count = |report: proto::report::Report| {
        let echoes = report.series.iter().filter(|delta| delta.series.name == "EchoRequest");
        round_trips += echoes.map(|delta| delta.ok.count()).sum::<u64>();
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(worker::solo::play(plan, &Bundle::new(Vec::new()), registry, 1, count))?;
    Ok(round_trips)
}
