//! Tasks with a schedule, tasks in the background, sequences in sequences: what begins when, and what is told of it.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::time::{Duration, Instant};

use crate::common::{Peer, counts, misbehaving, plan, play, seconds};
use futures_util::{SinkExt, StreamExt};
use proto::histogram::Histogram;
use proto::report::Report;
use proto::series::Kind;
use sproto::{Message as _, MessageRef as _};
use tokio_tungstenite::tungstenite::Message;
use worker::game::{EchoRequest, EchoResponse, MsgRef};
use worker::{Mod, Registry, Robot, Tasks, Wait, choice, sequence, step};

/// The server stalls for `STALL` at the end of each `PERIOD`.
const PERIOD: Duration = Duration::from_millis(2_000);
const STALL: Duration = Duration::from_millis(400);

/// Echoes, but not while it stalls.
async fn stalling(mut peer: Peer, start: Instant) {
    let mut out = Vec::new();
    let mut body = Vec::new();
    EchoResponse { text: Some("x".into()) }.encode(&mut body).unwrap();
    MsgRef { name: Some("EchoResponse"), bin: Some(&body) }.encode(&mut out).unwrap();
    let reply = Message::Binary(out.into());
    while let Some(Ok(Message::Binary(_))) = peer.next().await {
        let into = Duration::from_nanos((start.elapsed().as_nanos() % PERIOD.as_nanos()) as u64);
        if into > PERIOD - STALL {
            tokio::time::sleep(PERIOD - into).await;
        }
        if peer.send(reply.clone()).await.is_err() {
            return;
        }
    }
}

/// Echoes 50 times a second.
#[derive(Default)]
struct Paced;

impl Mod for Paced {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.connect("game", robot.host()).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Rate(50.0)).task("echo", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest { text: Some("x".into()) }).await?;
            Ok(())
        })
    }
}

/// All samples of a series: service and response times.
fn times(reports: &[Report], kind: Kind, name: &str) -> [Histogram; 2] {
    let mut both = [Histogram::new(), Histogram::new()];
    let series = reports.iter().flat_map(|report| &report.series);
    for delta in series.filter(|delta| delta.series.kind == kind && delta.series.name == name) {
        both[0].add(&delta.ok).unwrap();
        both[1].add(&delta.response).unwrap();
    }
    both
}

#[tokio::test(flavor = "multi_thread")]
async fn response_times_tell_of_a_stall_that_service_times_hide() {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let host = misbehaving(|peer| stalling(peer, *START.get_or_init(Instant::now))).await;
    let mut plan = plan(&host, "paced", 10, 10_000.0, 8.1);
    plan.timeouts.request = seconds(5.0);
    let reports = play(plan, Registry::default().with("paced", Paced::default)).await;
    let [service, response] = times(&reports, Kind::Request, "EchoRequest");
    assert_eq!(service.count(), response.count());
    // 50 a second of 10 robots for 8 s; what a stall holds back is caught up with.
    assert!((3_700..=4_050).contains(&service.count()), "{} requests", service.count());
    // A fifth of all is meant for a stall, evenly spread over it, so the slowest hundredth waited for 95 % of it or more.
    let truth = STALL.mul_f64(0.95).as_secs_f64();
    let p99 = response.percentile(99.0).as_secs_f64();
    assert!((p99 / truth - 1.0).abs() < 0.08, "p99 of response times is {p99} s, {truth} s is right");
    // On the wire each robot has only one request in a stall: 40 of 4,000.
    assert!(service.percentile(98.0) < STALL / 4, "{:?}", service.percentile(98.0));
    // The task was late as much as its request.
    let [_, late] = times(&reports, Kind::Task, "echo");
    assert!(late.percentile(99.0).as_secs_f64() > truth * 0.9);
}

/// A heartbeat beside a walk of two steps in a sequence, of which the second is one of two.
#[derive(Default)]
struct Busy;

impl Mod for Busy {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        let rest = || async |_: &Self, _: &Robot| Ok(());
        let second = choice("second", [(1, step("left", rest())), (3, step("right", rest()))]);
        let pause = Wait::Constant(Duration::from_millis(2));
        Tasks::new(pause)
            .add(
                1,
                sequence("walk", [sequence("inner", [step("first", rest()), second]), step("last", rest())]),
            )
            .background("heartbeat", Wait::Constant(Duration::from_millis(100)), rest())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sequences_nest_and_a_background_loop_runs_beside_them() {
    let registry = Registry::default().with("busy", Busy::default);
    let reports = play(plan("ws://127.0.0.1:1", "busy", 2, 10_000.0, 1.5), registry).await;
    let ran = |name: &str| counts(&reports, Kind::Task, name).0;
    let walks = ran("last");
    assert!(walks > 50, "{walks} walks");
    // Two robots may be in the middle of a walk when they leave.
    assert!(ran("first") - walks <= 2 && (ran("left") + ran("right")) - walks <= 2);
    assert!(ran("right") > 2 * ran("left"), "{} right, {} left", ran("right"), ran("left"));
    let beats = ran("heartbeat");
    assert!((10..=28).contains(&beats), "{beats} beats of two robots in 1.5 s");
    assert_eq!(ran("walk") + ran("inner") + ran("second"), 0, "only pieces of work are told");
}

#[tokio::test(flavor = "multi_thread")]
async fn excluded_tags_take_steps_out() {
    let registry = Registry::default().with("tagged", Tagged::default);
    let mut plan = plan("ws://127.0.0.1:1", "tagged", 1, 10_000.0, 0.4);
    plan.tags.without = vec!["slow".into()];
    let reports = play(plan, registry).await;
    assert!(counts(&reports, Kind::Task, "quick").0 > 10);
    assert_eq!(counts(&reports, Kind::Task, "slow").0, 0);
}

#[derive(Default)]
struct Tagged;

impl Mod for Tagged {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        let rest = || async |_: &Self, _: &Robot| Ok(());
        Tasks::new(Wait::Constant(Duration::from_millis(2)))
            .add(1, step("quick", rest()))
            .add(9, step("slow", rest()).tags(["slow"]))
    }
}
