//! How robots end, come back and take up a lost connection, as plan and mod say.

use std::cell::Cell;

use crate::common::{Peer, counts, drain, failures, misbehaving, plan, play, seconds};
use futures_util::{SinkExt, StreamExt};
use proto::ending::OnEnd;
use proto::plan::Plan;
use proto::reconnect::Reconnect;
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use sproto::{Message as _, MessageRef as _};
use tokio_tungstenite::tungstenite::Message;
use worker::game::{EchoRequest, EchoResponse, MsgRef};
use worker::{Handlers, Mod, Registry, Robot, Tasks, Wait};

/// Plays for a moment and leaves by itself.
#[derive(Default)]
struct Brief;

impl Mod for Brief {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("leave", 1, async |_: &Self, robot| {
            robot.leave();
            Ok(())
        })
    }
}

async fn brief(on_end: OnEnd) -> Vec<Report> {
    let mut plan = plan("ws://127.0.0.1:1", "brief", 3, 10_000.0, 1.2);
    (plan.on_end, plan.reconnect) = (on_end, Reconnect::Backoff { first: seconds(0.1), most: seconds(0.1) });
    play(plan, Registry::default().with("brief", Brief::default)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_that_leaves_is_replaced_or_not_as_the_plan_says() {
    let reports = brief(OnEnd::Leave).await;
    assert_eq!(counts(&reports, Kind::Session, "default"), (3, 0));
    assert_eq!(reports[0].robots[0].alive(), 0, "nobody is left after a second");
    let reports = brief(OnEnd::Replace).await;
    assert!(counts(&reports, Kind::Session, "default").0 >= 15, "each robot comes back after 0.1 s at most");
    assert_eq!(reports[0].robots[0].alive(), 3);
}

/// Hands out one echo per connection and hangs up on what comes after it.
async fn hanging_up(mut peer: Peer) {
    let _first = peer.next().await;
    let _answered = peer.send(echo("x")).await;
    let _second = peer.next().await;
}

fn echo(text: &str) -> Message {
    let (mut body, mut out) = (Vec::new(), Vec::new());
    EchoResponse { text: Some(text.into()) }.encode(&mut body).unwrap();
    MsgRef { name: Some("EchoResponse"), bin: Some(&body) }.encode(&mut out).unwrap();
    Message::Binary(out.into())
}

/// Echoes, and takes the connection up again when it is lost.
#[derive(Default)]
struct Stubborn {
    resumed: Cell<u32>,
}

impl Mod for Stubborn {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.connect("game", robot.host()).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Constant(seconds(0.02))).task("echo", 1, async |me: &Self, robot| {
            let game = robot.connection("game")?;
            game.request(&EchoRequest { text: Some("x".into()) }).await?;
            // State lives as long as the robot, not as its connection.
            (0..me.resumed.take()).for_each(|_| robot.count("resumed"));
            Ok(())
        })
    }

    async fn resume(&self, robot: &Robot, connection: &str) -> anyhow::Result<bool> {
        robot.connect(connection, robot.host()).await?;
        self.resumed.set(self.resumed.get() + 1);
        Ok(true)
    }
}

async fn stubborn(change: impl FnOnce(&mut Plan)) -> Vec<Report> {
    let host = misbehaving(hanging_up).await;
    let mut plan = plan(&host, "stubborn", 1, 10_000.0, 1.0);
    change(&mut plan);
    play(plan, Registry::default().with("stubborn", Stubborn::default)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mod_that_resumes_keeps_its_session() {
    let reports = stubborn(|_| {}).await;
    assert_eq!(counts(&reports, Kind::Session, "default"), (1, 0), "one session from birth to end");
    assert_eq!(counts(&reports, Kind::Login, "default"), (1, 0));
    let resumed = counts(&reports, Kind::Custom, "resumed").0;
    assert!(resumed > 3, "resumed {resumed} times");
    assert!(failures(&reports, Kind::Request, FailureClass::Closed).0 >= resumed);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_reconnecting_a_lost_connection_ends_the_robot() {
    let reports = stubborn(|plan| (plan.reconnect, plan.on_end) = (Reconnect::Off, OnEnd::Leave)).await;
    let (count, example) = failures(&reports, Kind::Session, FailureClass::Closed);
    assert_eq!(count, 1);
    assert!(example.starts_with("game: closed: "), "{example}");
    assert_eq!(counts(&reports, Kind::Connect, "game"), (1, 0));
}

/// Waits for a push before it lets its tasks begin, and lets another of its mods' states see what came.
#[derive(Default)]
struct Invited {
    heard: Cell<u32>,
}

impl Mod for Invited {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.connect("game", robot.host()).await?;
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Constant(seconds(0.05))).task("look", 1, async |me: &Self, _| {
            anyhow::ensure!(me.heard.get() > 0, "the task began before its push was handled");
            Ok(())
        })
    }

    fn handlers() -> Handlers<Self> {
        Handlers::new().on_timed(
            |said: &EchoResponse| said.text().parse().ok(),
            |me: &Self, robot, said| {
                anyhow::ensure!(said.text() != "bad", "a bad push");
                me.heard.set(me.heard.get() + 1);
                robot.spawn({
                    let robot = robot.clone();
                    async move { robot.count("spawned") }
                });
                robot.run_tasks();
                Ok(())
            },
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_are_handled_before_tasks_run_and_timed_by_their_marker() {
    let host = misbehaving(|mut peer: Peer| async move {
        for text in ["0", "bad"] {
            let _gone = peer.send(echo(text)).await;
        }
        drain(peer).await;
    })
    .await;
    let reports =
        play(plan(&host, "invited", 2, 10_000.0, 0.6), Registry::default().with("invited", Invited::default))
            .await;
    assert_eq!(counts(&reports, Kind::Push, "EchoResponse"), (2, 2));
    assert_eq!(counts(&reports, Kind::Custom, "spawned"), (2, 0));
    assert_eq!(counts(&reports, Kind::Login, "default"), (2, 0));
    let (_, example) = failures(&reports, Kind::Push, FailureClass::Task);
    assert_eq!(example, "handler of EchoResponse: a bad push");
    let looks = counts(&reports, Kind::Task, "look");
    assert!(looks.0 > 10 && looks.1 == 0, "{looks:?}");
    // Sent at 0, so on its way since the run began.
    let pushes = reports.iter().flat_map(|report| &report.series).find(|s| s.series.kind == Kind::Push);
    assert!(pushes.unwrap().ok.max_us > 0);
}
