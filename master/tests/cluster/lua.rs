//! Mods in Lua and robots that meet, through real processes: the folder is shipped, checked before any robot starts, played.

use std::fs;

use crate::cluster::Cluster;

/// The folder of mods that ships.
const MODS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mods");

#[test]
fn the_shipped_mods_are_played_by_workers_that_never_saw_them() {
    let options = ["--users", "40", "--spawn-rate", "200", "--run-time", "4s", "--headless", "--mods", MODS];
    let cluster = Cluster::start(2, &[&options[..], &["--mod", "role"]].concat());
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    assert_eq!(outcome.shares(), [20; 2]);
    outcome.assert_equal_requests();
    assert_eq!(outcome.server["logins"], 40);
    assert_eq!(outcome.server["dropped_connections"], 0, "robots say goodbye");
}

/// Robots of both workers meet in fours, and one of each four writes what all read.
const PARTY: &str = r#"
local party = {}
function party:start(robot)
  local list = robot:connect("lobby", robot.host):request("ServerListRequest")
  local group = robot:gather("party:" .. robot.number // 4, 4, 10)
  assert(#group.members == 4)
  if group.place == 1 then group:set("map", "cave") end
  assert(group:wait_for("map", 10) == "cave")
  robot:run_tasks()
end
return party
"#;

#[test]
fn robots_of_different_workers_meet() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("party")).unwrap();
    fs::write(folder.path().join("party/party_mod.lua"), PARTY).unwrap();
    let mods = folder.path().to_str().unwrap();
    let options = ["--users", "16", "--spawn-rate", "100", "--run-time", "4s", "--headless", "--mods", mods];
    let outcome = Cluster::start(2, &options).end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    assert_eq!(outcome.samples("wait", "party"), (16, 0));
    assert_eq!(outcome.samples("login", "default"), (16, 0));
}

#[test]
fn a_broken_mod_ends_the_run_before_any_robot_starts() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("broken")).unwrap();
    fs::write(folder.path().join("broken/broken_mod.lua"), "local m = {}\nreturn m +").unwrap();
    let mods = folder.path().to_str().unwrap();
    let outcome =
        Cluster::start(2, &["--users", "4", "--run-time", "4s", "--headless", "--mods", mods]).end();
    assert_eq!(outcome.code, Some(2), "{}", outcome.reasons());
    assert!(outcome.reasons().contains("mods/broken/broken_mod.lua:2: "), "{}", outcome.reasons());
    assert_eq!(outcome.server["logins"], 0);
}
