//! The file for editors: as it was agreed on, and Lua that compiles.

use proto::message::Bundle;

use super::{bundle, shipped};

const SCHEMA: &str = "# A player.\n.Player {\n  # How far\n  # it has come.\n  level 0 : integer\n  bag 1 : *Item(id)\n  \
    counts 2 : *Count()\n  rate 3 : integer(2)\n  icon 4 : binary\n  friends 5 : *string\n  ok 6 : boolean\n  pet 7 : Player\n}\n\
    .Item { id 0 : integer name 1 : string }\n.Count { key 0 : string value 1 : *Item }\n";

/// The part that follows from the schema.
fn of_schema(bundle: &Bundle) -> String {
    let text = worker::lua::annotations(bundle).unwrap();
    text[text.find("---@class msg.").unwrap()..].to_owned()
}

#[test]
fn each_kind_of_field_has_its_lua_type() {
    let text = of_schema(&bundle(&[("x.sproto", SCHEMA)]));
    for line in [
        "---A player.\n---@class msg.Player\n---@field level? integer How far it has come.\n---@field bag? table<integer, msg.Item>",
        "---@field counts? table<string, msg.Item[]>\n---@field rate? number\n---@field icon? string\n---@field friends? string[]",
        "---@field ok? boolean\n---@field pet? msg.Player\n",
    ] {
        assert!(text.contains(line), "{line}\nin {text}");
    }
}

#[test]
fn the_annotations_of_the_shipped_mods_are_the_golden_ones() {
    let bundle = Bundle::new([shipped("role").files, shipped("skynet_example").files].concat());
    let text = of_schema(&bundle);
    let made = concat!(env!("CARGO_TARGET_TMPDIR"), "/annotations.lua");
    std::fs::write(made, &text).unwrap();
    assert_eq!(text, include_str!("annotations.golden.lua"), "made: {made}");
}

#[tokio::test]
async fn the_file_is_lua_and_can_be_required() {
    let whole = worker::lua::annotations(&shipped("role")).unwrap();
    let files = bundle(&[
        ("m/m_mod.lua", "require 'annotations' return { start = print }"),
        ("annotations.lua", &whole),
    ]);
    let run = super::play(crate::common::plan("ws://127.0.0.1:1", "m", 1, 1000.0, 0.1), files).await;
    assert!(run.is_ok(), "{run:?}");
}
