//! What a mod can't reach, and what it can require.

use super::{alone, bundle, failed, play, start};
use crate::common::plan;

#[tokio::test]
async fn nothing_leads_out_of_the_sandbox() {
    let code = r#"
        for _, name in ipairs { "io", "debug", "package", "dofile", "loadfile", "collectgarbage" } do
          assert(_G[name] == nil, name)
        end
        for name in pairs(os) do assert(name == "time" or name == "clock" or name == "date", name) end
        assert(string.dump == nil and math.randomseed == nil)
        assert(load("return 1 + 1")() == 2 and load("x =") == nil)
        assert(load("\27Lua") == nil and not pcall(load, print))
        assert(load("return number", "=x", "t", { number = 7 })() == 7)"#;
    assert_eq!(start(code).await, "");
}

#[tokio::test]
async fn modules_come_from_the_mods_folder_then_from_all_mods() {
    let main = r#"
        local own, shared, deep = require("own"), require("shared"), require("lib.deep")
        assert(own == require("own") and require("nothing") == true)
        local m = {}
        function m:start(robot) robot:count(own.name .. shared.name .. deep.name .. require("late").name) end
        return m"#;
    let files = bundle(&[
        ("m/m_mod.lua", main),
        ("m/own.lua", "return { name = 'o' }"),
        ("m/late.lua", "return { name = 'l' }"),
        ("m/nothing.lua", ""),
        ("shared.lua", "return { name = 's' }"),
        ("own.lua", "error('the shared one')"),
        ("lib/deep.lua", "return { name = 'd' }"),
    ]);
    let reports = play(plan("ws://127.0.0.1:1", "m", 1, 1000.0, 0.3), files).await.unwrap();
    assert_eq!(failed(&reports), (0, String::new()));
    assert_eq!(crate::common::counts(&reports, proto::series::Kind::Custom, "osdl"), (1, 0));
}

#[tokio::test]
async fn nothing_outside_of_the_bundle_can_be_required() {
    for name in ["../../etc/passwd", "/etc/passwd", "socket", "m_mod.lua"] {
        let told = start(&format!("require('{name}')")).await;
        assert!(
            told.contains("no module `") && told.contains("the bundle has neither mods/m/"),
            "{name}: {told}"
        );
    }
    let code = "local m = {} function m:start(robot) pcall(require, 'x') local ok, e = pcall(require, 'm_mod') assert(not ok or true) end return m";
    assert_eq!(failed(&alone(1, code).await).0, 0);
}
