//! A mod that runs away fails its robot, with a line, and nothing else.

use proto::plan::Plan;
use proto::reconnect::Reconnect;
use proto::series::Kind;

use super::{alone, failed, one, play, start};
use crate::common::{counts, plan, seconds};

#[tokio::test]
async fn an_endless_loop_fails_with_its_line() {
    let code = "local m = {}\nfunction m:start(robot)\n  robot:run_tasks() if robot.number == 1 then robot:sleep(0.2) end\n  while robot.number == 1 do\n  end\nend\n\
        m.wait = horde.constant(0.02)\nm.tasks = { { name = 'rest', run = function() end } }\nreturn m";
    let reports = alone(3, code).await;
    let (count, told) = failed(&reports);
    assert_eq!(count, 1, "{told}");
    assert!(
        told.starts_with("mods/m/m_mod.lua:4: 10000000 instructions without a pause, an endless loop?"),
        "{told}"
    );
    assert_eq!(counts(&reports, Kind::Session, "default"), (2, 1));
    assert!(counts(&reports, Kind::Task, "rest").0 > 3);
}

#[tokio::test]
async fn no_pcall_and_no_coroutine_keeps_an_endless_loop_alive() {
    for code in [
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "while true do pcall(coroutine.wrap(function() pcall(function() while true do end end) end)) end",
        "table.sort({ 1, 2, 3 }, function() while true do end end)",
        "setmetatable({}, { __index = function() while true do end end }).x()",
        "local t <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
    ] {
        let told = start(code).await;
        assert!(told.contains("instructions without a pause"), "{code}: {told}");
    }
}

#[tokio::test]
async fn endless_recursion_fails_with_its_line() {
    let told = start("local function down(n) return 1 + down(n + 1) end down(1)").await;
    assert!(told.starts_with("mods/m/m_mod.lua:1: stack overflow"), "{told}");
    assert!(told.len() < 2000, "{told}");
    for code in [
        "local function f() return pcall(f) end f() error('end')",
        "local s = string.rep('(', 1000) load('return ' .. s .. '1')() ",
    ] {
        assert_ne!(start(code).await, "", "{code}");
    }
}

#[tokio::test]
async fn a_huge_string_fails_with_its_line_and_others_play_on() {
    let code = "local m = {}\nfunction m:start(robot)\n  robot:run_tasks()\n  if robot.number == 1 then\n    local s = ('x'):rep(10 << 30)\n  end\nend\n\
        m.wait = horde.constant(0.02)\nm.tasks = { { name = 'rest', run = function() end } }\nreturn m";
    let reports = alone(3, code).await;
    let (count, told) = failed(&reports);
    assert_eq!(count, 1);
    assert!(
        told.starts_with("mods/m/m_mod.lua:5: a string of 10737418240 bytes; 16777216 are allowed"),
        "{told}"
    );
    assert_eq!(counts(&reports, Kind::Session, "default"), (2, 1));
}

#[tokio::test]
async fn c_loops_that_no_limit_stops_are_refused() {
    for code in
        ["(''):rep(1 << 60)", "table.move({}, 1, 1 << 60, 2)", "setmetatable({}, { __gc = function() end })"]
    {
        let told = start(&format!("{code} error('came through')")).await;
        assert!(!told.is_empty(), "{code}: {told}");
        assert_eq!(told.contains("came through"), code.contains("rep"), "{code}: {told}");
    }
}

#[tokio::test]
async fn a_state_whose_memory_is_used_up_fails_its_robots_and_the_next_session_has_a_fresh_one() {
    let code = r#"
        local m, hoard = { wait = horde.constant(0.01) }, {}
        function m:start(robot)
          robot:count("started")
          robot:run_tasks()
        end
        m.tasks = { { name = "hoard", run = function(_, robot)
          if robot.number == 0 then
            robot:sleep(0.05)
            while true do hoard[#hoard + 1] = ("x"):rep(1000) .. #hoard end
          end
        end } }
        return m"#;
    let reconnect = Reconnect::Backoff { first: seconds(0.05), most: seconds(0.05) };
    let plan = Plan { reconnect, ..plan("ws://127.0.0.1:1", "m", 2, 1000.0, 2.0) };
    let reports = play(plan, one(code)).await.unwrap();
    let (count, told) = failed(&reports);
    assert!(count >= 2, "both robots of the state");
    assert!(counts(&reports, Kind::Custom, "started").0 > 2, "in a fresh state");
    assert!(told.contains("out of memory: the robots of one Lua state share 64 MiB"), "{told}");
    let (_, task) = crate::common::failures(&reports, Kind::Task, proto::series::FailureClass::Task);
    assert!(task.contains("out of memory"), "{task}");
}

#[tokio::test]
async fn memory_that_is_given_back_is_no_fault() {
    let code =
        "for _ = 1, 40 do local s = ('x'):rep(8 << 20) end for _ = 1, 100000 do local t = { 1, 2, 3 } end";
    assert_eq!(start(code).await, "");
}
