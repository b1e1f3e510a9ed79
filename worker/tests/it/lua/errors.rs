//! How a mod's mistakes are told: message, file and line, and the calls that led there.

use proto::series::{FailureClass, Kind};

use super::{alone, failed, one, play, start};
use crate::common::{Server, counts, failures, plan};

#[tokio::test]
async fn a_runtime_error_is_told_with_line_and_calls() {
    let code = "local m = {}\nlocal function inner()\n  local t\n  return t.x\nend\nfunction m:start(robot)\n  inner()\n  robot:log('')\nend\nreturn m";
    let (count, told) = failed(&alone(1, code).await);
    assert_eq!(count, 1);
    assert!(told.starts_with("mods/m/m_mod.lua:4: attempt to index a nil value (local 't')"), "{told}");
    assert!(
        told.contains("[mods/m/m_mod.lua:4: in ") && told.contains(" <- mods/m/m_mod.lua:7: in "),
        "{told}"
    );
}

#[tokio::test]
async fn a_task_that_fails_leaves_the_session_alone() {
    let code = r#"local m = { wait = horde.constant(0.01) }
        function m:start(robot) robot:run_tasks() end
        m.tasks = { { name = "bad", run = function() error("no luck") end } }
        return m"#;
    let reports = alone(1, code).await;
    let (count, told) = failures(&reports, Kind::Task, FailureClass::Task);
    assert!(count > 5 && told.starts_with("mods/m/m_mod.lua:3: no luck ["), "{count} {told}");
    assert_eq!(failed(&reports).0, 0);
}

#[tokio::test]
async fn an_error_can_be_any_value() {
    for (raise, told) in [
        ("error()", "m_mod.lua:1: (an error that is a nil)"),
        ("error({})", "m_mod.lua:1: (an error that is a table)"),
        ("error({ message = 'mine' })", "m_mod.lua:1: mine"),
        ("error(42)", "m_mod.lua:1: (an error that is a integer)"),
    ] {
        let failure = start(raise).await;
        assert!(failure.starts_with(&format!("mods/m/{told}")), "{failure}");
    }
}

#[tokio::test]
async fn a_call_that_is_wrong_says_what_is_expected() {
    let table = [
        ("robot:connection('game')", "game: no such connection is open"),
        ("robot:sleep('long')", "robot:sleep: expected seconds, got string \"long\""),
        ("robot:random(5, 1)", "random: nothing is between 5 and 1"),
        ("robot:random(1)", "robot:random: expected two integers, the least and the most"),
        ("robot:log(1)", "robot:log: expected a string, got number 1"),
        ("robot.log('x')", "call: it has no object; write `robot:log(..)` with a colon"),
        ("robot.sleep(1)", "call: it has no object; write `robot:log(..)` with a colon"),
        ("robot.connection('game')", "call: it has no object; write `robot:log(..)` with a colon"),
        ("robot:spawn(1)", "robot:spawn: expected a function"),
        (
            "robot:connect('a', 'ws://x', { dilect = 'rpc' })",
            "robot:connect: there is no option `dilect`; there are: dialect, packed, text, headers, subprotocol, timeout",
        ),
        (
            "robot:connect('a', 'ws://x', { dialect = 'http' })",
            "robot:connect: there is no dialect `http`; there are: msg, rpc",
        ),
        ("robot:connect('a')", "robot:connect: the url: expected a string, got nil"),
        ("coroutine.yield(1)", "a coroutine.yield outside of a coroutine of your own"),
    ];
    for (call, told) in table {
        let failure = start(call).await;
        assert!(failure.contains(told), "{call}: {failure}");
        assert!(failure.starts_with("mods/m/m_mod.lua:1: ") || call.contains("yield"), "{call}: {failure}");
    }
}

#[tokio::test]
async fn a_failed_connect_can_be_caught_and_keeps_its_class() {
    let code = r#"
        local ok, failure = pcall(robot.connect, robot, "game", "ws://127.0.0.1:1")
        assert(not ok and failure.class == "refused", failure.class)
        assert(failure.message:find("game: ws://127.0.0.1:1 can't be reached", 1, true) and tostring(failure) == failure.message)
        assert(not pcall(robot.connection, robot, "game"))"#;
    assert_eq!(start(code).await, "");
    let code = "local m = {} function m:start(robot) robot:connect('game', robot.host) end return m";
    let reports = alone(1, code).await;
    let (count, told) = failures(&reports, Kind::Session, FailureClass::Refused);
    assert!(count == 1 && told.starts_with("mods/m/m_mod.lua:1: game: ws://127.0.0.1:1 can't"), "{told}");
}

/// Logs in, so that a task has a connection to go wrong on.
const GAME: &str = r#"
    local list = robot:connect("lobby", robot.host):request("ServerListRequest")
    robot:close("lobby")
    local game = robot:connect("game", list.ServerList[1])
    assert(game.name == "game" and not game.closed)
"#;

async fn in_game(code: &str) -> (Vec<proto::report::Report>, game_server::Totals) {
    let server = Server::start();
    let code = format!("local m = {{}} function m:start(robot) {GAME} {code} robot:run_tasks() end return m");
    let reports = play(plan(&server.host, "m", 1, 1000.0, 0.6), one(&code)).await.unwrap();
    (reports, server.totals().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_do_not_fit_the_schema_are_told_by_field() {
    for (call, told) in [
        ("game:request('EchoReqest', {})", "game: the schema has no message `EchoReqest`"),
        (
            "game:request('EchoRequest', { Text = 7 })",
            "game: EchoRequest.Text: expected a string, got integer 7",
        ),
        (
            "game:request('EchoRequest', { Text = {} })",
            "game: EchoRequest.Text: expected a string, got a table",
        ),
        ("game:request('EchoRequest', 'hi')", "game: EchoRequest: expected a table, got string \"hi\""),
        (
            "game:request('LoginReuest')",
            "the schema has no `LoginReuestResponse` to answer `LoginReuest`; say what does",
        ),
        ("game:send('Nothing')", "game: the schema has no message `Nothing`"),
        (
            "game:request('EchoRequest', {}, { wait = 1 })",
            "there is no option `wait`; there are: reply, timeout",
        ),
    ] {
        let (reports, _) = in_game(call).await;
        let (count, failure) = failed(&reports);
        assert!(count == 1 && failure.contains(told), "{call}: {failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_request_can_be_caught_and_the_session_goes_on() {
    let code = r#"
        game:request("LoginReuest", nil, { reply = "LoginRespone" })
        local ok, failure = pcall(game.request, game, "EchoRequest", { Text = "x" }, { reply = "LoginRespone", timeout = 0.05 })
        assert(not ok and failure.class == "timeout" and failure.message:find("no LoginRespone within 50ms"), failure.message)
        assert(game:request("EchoRequest", { Text = "hi" }).Text == "hi from server")
        game:close(4000, "enough")
        assert(game.closed and not pcall(game.request, game, "EchoRequest", {}))"#;
    let (reports, _) = in_game(code).await;
    assert_eq!(failed(&reports), (0, String::new()));
    assert_eq!(counts(&reports, Kind::Request, "EchoRequest"), (1, 1));
}
