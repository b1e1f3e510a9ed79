//! Robots against a real game-server: what they count, when they live, how they leave.

use std::time::Duration;

use crate::common::{Server, counts, failures, plan, play, seconds};
use proto::reconnect::Reconnect;
use proto::series::{FailureClass, Kind, RobotState};
use worker::game::{EchoRequest, LoginReuest, ServerListRequest};
use worker::{Mod, Registry, Robot, Tasks, Wait};

/// Logs in and echoes every 20 ms.
#[derive(Default)]
struct Echo;

impl Mod for Echo {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        let lobby = robot.connect("lobby", robot.host()).await?;
        let list = lobby.request(&ServerListRequest {}).await?.server_list.unwrap_or_default();
        lobby.close().await;
        let game = robot.connect("game", &list[0]).await?;
        game.request(&LoginReuest {}).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Constant(Duration::from_millis(20))).task("echo", 1, async |_: &Self, robot| {
            let text = format!("robot {}", robot.number());
            let reply = robot.connection("game")?.request(&EchoRequest::default().with_text(&text)).await?;
            anyhow::ensure!(
                reply.text() == format!("{text} from server"),
                "a foreign reply: {:?}",
                reply.text
            );
            Ok(())
        })
    }
}

fn registry() -> Registry {
    Registry::default().with("echo", Echo::default)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_robots_counted_is_what_the_server_counted() {
    let server = Server::start();
    let reports = play(plan(&server.host, "echo", 50, 50.0, 2.5), registry()).await;
    let totals = server.totals().await;
    for name in ["ServerListRequest", "LoginReuest", "EchoRequest"] {
        assert_eq!(counts(&reports, Kind::Request, name), (totals.requests[name], 0), "{name}");
    }
    assert_eq!(counts(&reports, Kind::Connect, "game"), (50, 0));
    assert_eq!(counts(&reports, Kind::Login, "default"), (50, 0));
    assert_eq!(counts(&reports, Kind::Session, "default"), (50, 0));
    assert_eq!(counts(&reports, Kind::Task, "echo"), (totals.requests["EchoRequest"], 0));
    assert_eq!((totals.logins, totals.peak_sessions, totals.live_sessions), (50, 50, 0));
    assert_eq!(totals.dropped_connections, 0, "robots say goodbye");
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_alive_follow_the_plan_at_each_second() {
    let server = Server::start();
    let plan = plan(&server.host, "echo", 100, 40.0, 3.5);
    let reports = play(plan.clone(), registry()).await;
    let (last, seconds) = reports.split_last().unwrap();
    assert_eq!(seconds.len(), 3);
    for report in seconds {
        let alive: u64 = report.robots.iter().map(|census| census.alive()).sum();
        assert!(alive.abs_diff(plan.profile.alive(report.to)) <= 1, "{alive} alive at {:?}", report.to);
    }
    let left: u64 = RobotState::ALL.iter().map(|state| last.robots[0].get(*state)).sum();
    assert_eq!((last.last, left), (true, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_mod_plays_until_the_end() {
    let server = Server::start();
    let reports = play(plan(&server.host, "role", 20, 100.0, 2.0), Registry::shipped()).await;
    let totals = server.totals().await;
    assert_eq!((totals.logins, totals.peak_sessions), (20, 20));
    let walks = counts(&reports, Kind::Task, "walk there").0;
    let echoes = counts(&reports, Kind::Task, "echo").0;
    assert!(walks > 0 && echoes > 0 && walks + echoes >= 20, "{walks} walks, {echoes} echoes");
    assert_eq!(counts(&reports, Kind::Request, "EchoRequest"), (totals.requests["EchoRequest"], 0));
}

/// Plays, but never finds an end.
#[derive(Default)]
struct Clingy;

impl Mod for Clingy {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("cling", 1, async |_: &Self, _| std::future::pending().await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_that_does_not_leave_is_dropped_after_the_stop_timeout() {
    let registry = Registry::default().with("clingy", Clingy::default);
    let reports = play(plan("ws://127.0.0.1:1", "clingy", 3, 100.0, 0.5), registry).await;
    let (count, example) = failures(&reports, Kind::Session, FailureClass::Timeout);
    assert_eq!((count, example.as_str()), (3, "did not leave within 1s: dropped"));
    assert!(reports.last().unwrap().to < seconds(2.5), "{:?}", reports.last().unwrap().to);
}

/// One robot panics, the others play on.
#[derive(Default)]
struct Jumpy;

impl Mod for Jumpy {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        assert!(robot.number() != 1, "number 1 jumps");
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Constant(Duration::from_millis(20))).task("rest", 1, async |_: &Self, _| Ok(()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mod_that_panics_fails_its_robot_and_nobody_else() {
    let registry = Registry::default().with("jumpy", Jumpy::default);
    // Long beside what the backtrace of a panic takes to print, which holds up the whole thread.
    let mut plan = plan("ws://127.0.0.1:1", "jumpy", 4, 100.0, 4.0);
    plan.reconnect = Reconnect::Backoff { first: seconds(10.0), most: seconds(10.0) };
    let reports = play(plan, registry).await;
    let (count, example) = failures(&reports, Kind::Session, FailureClass::Task);
    assert_eq!((count, example.as_str()), (1, "the mod panicked"));
    assert_eq!(counts(&reports, Kind::Session, "default"), (3, 1));
    assert!(counts(&reports, Kind::Task, "rest").0 > 30);
}
