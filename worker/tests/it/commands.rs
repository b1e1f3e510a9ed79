//! Storms: robots that all come back at once because people tell them to, in Rust and in Lua, against a real game-server.

use proto::message::Bundle;
use proto::plan::Plan;
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use proto::slots::SlotSet;
use worker::game::{EchoRequest, LoginReuest, ServerListRequest};
use worker::{Handlers, Mod, Registry, Robot, Tasks, Wait};

use crate::common::{Server, counts, drain, failures, misbehaving, plan, seconds};
use crate::control::{Joined, Pair, start_with};

/// Logs in, echoes now and then, and comes back when it is told to.
#[derive(Default)]
struct Player;

impl Player {
    async fn enter(robot: &Robot) -> anyhow::Result<()> {
        let lobby = robot.connect("lobby", robot.host()).await?;
        let list = lobby.request(&ServerListRequest {}).await?.server_list.unwrap_or_default();
        lobby.close().await;
        robot.connect("game", &list[0]).await?.request(&LoginReuest {}).await?;
        Ok(())
    }
}

impl Mod for Player {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        Self::enter(robot).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Constant(seconds(60.0))).task("echo", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest { text: Some("hi".into()) }).await?;
            Ok(())
        })
    }

    fn handlers() -> Handlers<Self> {
        Handlers::new().on_command("storm", async |_: &Self, robot, _| {
            robot.connection("game")?.close().await;
            Self::enter(robot).await
        })
    }
}

/// A worker whose twenty robots are all in.
async fn playing(host: &str, name: &str, registry: Registry, bundle: &Bundle) -> (Pair, Joined) {
    let mut pair = start_with(registry).await;
    let mut master = pair.joins.recv().await.unwrap();
    master.ready_with(bundle).await;
    let mut plan = Plan { seed: 5, ..plan(host, name, 20, 1000.0, 60.0) };
    plan.timeouts.request = seconds(60.0);
    master.assign(1, 1, &plan, SlotSet::all()).await;
    let in_the_game = |all: &[Report]| counts(all, Kind::Login, "default").0 == 20;
    master.reports(in_the_game).await;
    (pair, master)
}

/// Half of the robots come back at once.
async fn storm(name: &str, registry: Registry, bundle: Bundle) {
    let server = Server::start();
    let (pair, mut master) = playing(&server.host, name, registry, &bundle).await;
    master.command(1, "storm", 500, r#"{"pause": 0.01}"#).await;
    let reports = master.reports(|all| counts(all, Kind::Task, "command storm").0 == 10).await;
    assert_eq!(counts(&reports, Kind::Task, "command storm"), (10, 0));
    assert_eq!(counts(&reports, Kind::Connect, "game"), (10, 0));
    for class in [FailureClass::Closed, FailureClass::Protocol] {
        assert_eq!(failures(&reports, Kind::Session, class), (0, String::new()));
    }
    drop((master, pair));
    let totals = server.totals().await;
    assert_eq!((totals.logins, totals.peak_sessions), (30, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_robots_come_back_at_once_in_rust() {
    storm("player", Registry::default().with("player", Player::default), Bundle::new(Vec::new())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_robots_come_back_at_once_in_lua_as_the_readme_has_it() {
    let readme = include_str!("../../../mods/README.md");
    let chat = readme.split("```lua\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let files = vec![("mods/chat/chat_mod.lua".to_owned(), chat.as_bytes().to_vec())];
    storm("chat", Registry::shipped(), Bundle::new(files)).await;
}

/// Asks what is never answered, and opens its connection anew when it is told to.
#[derive(Default)]
struct Patient;

impl Mod for Patient {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.connect("game", robot.host()).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("ask", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest { text: Some("well?".into()) }).await?;
            Ok(())
        })
    }

    fn handlers() -> Handlers<Self> {
        Handlers::new().on_command("storm", async |_: &Self, robot, _| {
            robot.connect("game", robot.host()).await?;
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_waits_on_a_connection_is_told_when_another_takes_its_place() {
    let host = misbehaving(drain).await;
    let registry = Registry::default().with("patient", Patient::default);
    let (_pair, mut master) = playing(&host, "patient", registry, &Bundle::new(Vec::new())).await;
    master.command(1, "storm", 250, "null").await;
    let reports = master.reports(|all| counts(all, Kind::Task, "ask").1 == 5).await;
    assert_eq!(counts(&reports, Kind::Task, "command storm"), (5, 0));
    let (count, example) = failures(&reports, Kind::Request, FailureClass::Closed);
    assert_eq!((count, example.as_str()), (5, "game: closed: another was opened in its place"));
}

/// What a command to one robot in Lua comes to: how often it succeeded and failed, with an example.
async fn told(commands: &str, args: &str) -> ((u64, u64), String) {
    let code = format!(
        "local m = {{}} function m:start(robot) robot:run_tasks() end m.commands = {{ {commands} }} return m"
    );
    let files = vec![("mods/m/m_mod.lua".to_owned(), code.into_bytes())];
    let bundle = Bundle::new(files);
    let (_pair, mut master) = playing("ws://127.0.0.1:1", "m", Registry::default(), &bundle).await;
    master.command(1, "test", 50, args).await;
    let one = |all: &[Report]| counts(all, Kind::Task, "command test") != (0, 0);
    let reports = master.reports(one).await;
    let (_, example) = failures(&reports, Kind::Task, FailureClass::Task);
    (counts(&reports, Kind::Task, "command test"), example)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_with_a_command_is_a_lua_value_and_an_error_is_told_by_its_line() {
    let code = r#"test = function(self, robot, args)
        assert(args.map == 7 and args.list[2] == "b" and args.deep.yes == true, "as it was given")
        assert(self.commands and robot.number >= 0)
        robot:sleep(0.01)
    end"#;
    let args = r#"{"map": 7, "list": ["a", "b"], "deep": {"yes": true}}"#;
    assert_eq!(told(code, args).await, ((1, 0), String::new()));
    let (counted, example) = told("test = function(_, _, args) error('got ' .. args) end", "\"x\"").await;
    assert_eq!(counted, (0, 1));
    assert!(example.starts_with("mods/m/m_mod.lua:1: got x"), "{example}");
}
