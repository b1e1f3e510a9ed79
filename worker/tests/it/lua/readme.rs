//! Every piece of Lua in mods/README.md runs: whole mods as they are, the rest inside a robot that is in the game.

use proto::data::{DataPolicy, DataSet};
use proto::message::Bundle;
use proto::series::Kind;

use super::{failed, one, play};
use crate::common::{Server, counts, plan};

const README: &str = include_str!("../../../../mods/README.md");

fn blocks() -> Vec<&'static str> {
    README.split("```lua\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The last column of the table.
fn cells() -> Vec<&'static str> {
    let rows = README.lines().filter(|line| line.starts_with("| ") && line.contains("` |"));
    rows.map(|row| row.rsplit('`').nth(1).unwrap()).collect()
}

/// A mod that logs in and runs each piece.
fn around(pieces: &[&str]) -> String {
    let list: String = pieces.iter().map(|piece| format!("[==[{piece}]==],\n")).collect();
    format!(
        r#"local m = {{}}
        function m:start(robot)
          local lobby = robot:connect("lobby", robot.host)
          local url = lobby:request("ServerListRequest").ServerList[1]
          for _, piece in ipairs {{ {list} }} do
            local game = robot:connect("game", url)
            if not piece:find("LoginReuest") then game:request("LoginReuest", nil, {{ reply = "LoginRespone" }}) end
            local env = setmetatable({{ robot = robot, game = game, self = self, url = url }}, {{ __index = _G }})
            local code = load("return " .. piece, piece, "t", env) or assert(load(piece, piece, "t", env))
            code()
            robot:count("ran")
          end
          robot:run_tasks()
        end
        return m"#
    )
}

async fn run(code: &str) -> Vec<proto::report::Report> {
    let server = Server::start();
    let mut files = one(code).files;
    files.push(("accounts.csv".into(), b"name\nann\n".to_vec()));
    let set = DataSet { name: "accounts".into(), path: "accounts.csv".into(), policy: DataPolicy::Cycle };
    let plan = proto::plan::Plan { data: vec![set], ..plan(&server.host, "m", 1, 1000.0, 0.8) };
    let reports = play(plan, Bundle::new(files)).await.unwrap();
    for class in proto_classes() {
        let (count, told) = crate::common::failures(&reports, Kind::Session, class);
        assert_eq!(count, 0, "{told}\n{code}");
    }
    assert_eq!(failed(&reports).0, 0);
    reports
}

fn proto_classes() -> [proto::series::FailureClass; 4] {
    use proto::series::FailureClass::{Closed, Decode, Refused, Timeout};
    [Closed, Decode, Refused, Timeout]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_whole_mod_of_the_readme_plays() {
    let mods: Vec<_> = blocks()
        .into_iter()
        .filter(|block| block.trim_end().lines().last().unwrap().starts_with("return "))
        .collect();
    assert_eq!(mods.len(), 2);
    for code in &mods {
        let reports = run(code).await;
        assert_eq!(counts(&reports, Kind::Session, "default"), (1, 0));
    }
    let reports = run(mods[0]).await;
    for task in ["say", "heartbeat", "there", "back", "left"] {
        assert!(counts(&reports, Kind::Task, task).0 > 0, "{task}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_of_the_readme_runs() {
    let pieces = blocks().into_iter().filter(|block| !block.contains("\nreturn "));
    let all: Vec<_> = pieces.chain(cells()).collect();
    assert!(all.len() > 30, "{all:?}");
    let (whole, count) = (run(&around(&all)).await, all.len() as u64);
    assert!(counts(&whole, Kind::Custom, "ran").0 >= count);
}
