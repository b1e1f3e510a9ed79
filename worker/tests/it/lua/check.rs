//! What is wrong with a mod is found before its robots start, all of it, with file and line.

use super::{bundle, one, play};
use crate::common::plan;

async fn faults(code: &str) -> String {
    play(plan("ws://127.0.0.1:1", "m", 1, 1000.0, 0.1), one(code)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_file_that_is_no_mod_is_told_with_its_line() {
    for (code, told) in [
        ("local m = {\nreturn m", "mods/m/m_mod.lua:2: "),
        ("\nlocal m = nil + 1", "mods/m/m_mod.lua:2: attempt to perform arithmetic on a nil value"),
        ("local m = {}", "mods/m/m_mod.lua: it returned no table but a nil; end the file with `return"),
        ("while true do end", "mods/m/m_mod.lua:1: 10000000 instructions without a pause, an endless loop?"),
        (
            "local s = 'x' while true do s = s .. s end",
            "out of memory: the robots of one Lua state share 64 MiB",
        ),
        (
            "require('other')",
            "mods/m/m_mod.lua:1: no module `other`: the bundle has neither mods/m/other.lua nor mods/other.lua",
        ),
        ("return {}", "mods/m/m_mod.lua: there is no `start`; write `function role:start(robot) .. end`"),
        ("\x1bLua", "mods/m/m_mod.lua"),
    ] {
        let fault = faults(code).await;
        assert!(fault.contains(told), "{code}: {fault}");
    }
}

#[tokio::test]
async fn all_faults_of_all_files_are_told_at_once() {
    let files = bundle(&[
        ("a/a_mod.lua", "x ="),
        ("b/b_mod.lua", "return {"),
        ("helper.lua", "local 1"),
        ("a/a.sproto", ".A {"),
    ]);
    let error = play(plan("ws://127.0.0.1:1", "role", 1, 1000.0, 0.1), files).await.unwrap_err().to_string();
    for told in ["mods/a/a_mod.lua:1:", "mods/b/b_mod.lua:1:", "mods/helper.lua:1:", "mods/a/a.sproto:1:"] {
        assert!(error.contains(told), "{told} in {error}");
    }
}

#[tokio::test]
async fn keys_that_mean_nothing_are_named_with_those_that_are_known() {
    let code = r#"
        local m = { strat = function() end, own_helper = function() end, task = {}, wait = 3, resume = true }
        m.tasks = { { name = "a", wieght = 2, run = print }, { run = print }, { name = "b" }, { name = "c", weight = -1, run = print } }
        m.background = { { name = "d", wait = horde.constant(-1), run = print } }
        m.handlers = { Chat = "say" }
        return m"#;
    let fault = faults(code).await;
    for told in [
        "there is no `strat`; is `start` meant?",
        "there is no `start`; write",
        "there is no `task`; there are: start, resume, stop, wait, tasks, background, handlers, markers, commands; what is your own goes into a local",
        "wait: expected horde.between(1, 5)",
        "resume: expected a function, got a boolean",
        "tasks[1]: there is no `wieght`; there are: name, tags, weight, run, sequence, choice",
        "tasks[2]: it has no name; its runs are counted under it",
        "tasks[3]: expected one of run = function, sequence = list, choice = list",
        "tasks[4].weight: expected an integer from 0 on",
        "background[1].wait: expected horde.between(1, 5)",
        "handlers.Chat: expected a function, got a string",
    ] {
        assert!(fault.contains(&format!("mods/m/m_mod.lua: {told}")), "{told} in {fault}");
    }
    assert!(!fault.contains("own_helper"), "{fault}");
}

#[tokio::test]
async fn a_plan_that_wants_what_no_mod_has_is_refused() {
    let unknown = "return { start = print, handlers = { Chatt = print }, markers = { Chatt = 'at' } }";
    let fault = faults(unknown).await;
    assert!(fault.contains("mods/m/m_mod.lua: handlers.Chatt: the schema has no such message"), "{fault}");
    assert!(fault.contains("markers.Chatt"), "{fault}");
    let error = play(plan("ws://127.0.0.1:1", "n", 1, 1000.0, 0.1), one("return { start = print }")).await;
    assert_eq!(error.unwrap_err().to_string(), "this worker has no mod `n`; it has: m, role");
}
