//! What the reference's Lua binding makes of values, right and wrong, beside what ours makes of them.

use mlua::{Lua, Value};
use serde_json::Value as Json;
use sproto::Schema;
use sproto::rpc::Content;

use super::sink::decode;
use super::source::{Names, Told};

/// What the reference writes and we refuse: numbers that are none (it writes a zero), and a string in the place of a struct
/// (it indexes the string, whose metatable has no such field). A length over 16 MiB is the one thing that we take and it does not.
const STRICTER: [&str; 12] = [
    "lua_d_{1}",
    "lua_d_{'x'}",
    "lua_d_{[1]='5'}",
    "lua_dec_'abc'",
    "lua_dec_{}",
    "lua_dec_{1}",
    "lua_dec_{true}",
    "lua_dec_{{}}",
    "lua_dec_{a=1}",
    "lua_dec_print",
    "lua_da_{true}",
    "lua_m_{[1]='5'}",
];

const LOOSER: [&str; 2] = ["size_16777209", "size_16777216"];

fn vectors() -> Vec<Json> {
    serde_json::from_str(include_str!("../../../sproto/tests/vectors/encode_lua.json")).unwrap()
}

/// The Lua value of a vector.
fn value(lua: &Lua, vector: &Json) -> Value {
    let field = vector["field"].as_str().unwrap_or("t");
    if let Some(levels) = vector["levels_below_root"].as_i64() {
        let nested = "local t = { v = 1 } for _ = 1, ... do t = { [field] = t } end return t";
        lua.globals().set("field", field).unwrap();
        return lua.load(nested).call(levels).unwrap();
    }
    if let Some(length) = vector["string_length"].as_i64() {
        return lua.load("return { [field] = ('x'):rep(...) }").call(length).unwrap();
    }
    lua.load(format!("return {{ {field} = {} }}", vector["lua_value"].as_str().unwrap())).eval().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn values_are_taken_as_the_reference_takes_them() {
    let lua = Lua::new();
    let (mut stricter, mut looser) = (Vec::new(), Vec::new());
    for vector in vectors() {
        let (name, text) = (vector["name"].as_str().unwrap(), vector["schema"].as_str().unwrap());
        let schema = Schema::parse(text).unwrap();
        let ty = schema.require_type(vector["type"].as_str().unwrap()).unwrap();
        let field = vector["field"].as_str().unwrap_or(ty.fields()[ty.fields().len() - 1].name());
        lua.globals().set("field", field).unwrap();
        let mut vector = vector.clone();
        vector["field"] = field.into();
        let (value, names, mut out) = (value(&lua, &vector), Names::default(), Vec::new());
        let put = Told { lua: &lua, names: &names, value: &value }.put(&ty, &mut out);
        match (put, vector["result"] == "ok") {
            (Ok(()), true) => match vector["encoded_hex"].as_str() {
                Some(encoded) => assert_eq!(hex(&out), encoded, "{name}"),
                None => assert_eq!(Some(out.len() as u64), vector["encoded_len"].as_u64(), "{name}"),
            },
            (Ok(()), false) => looser.push(name.to_owned()),
            (Err(error), false) => assert!(error.to_string().contains("got "), "{name}: {error}"),
            (Err(_), true) => stricter.push(name.to_owned()),
        }
    }
    assert_eq!((stricter, looser), (STRICTER.map(str::to_owned).into(), LOOSER.map(str::to_owned).into()));
}

#[test]
fn what_is_decoded_is_what_was_encoded() {
    let schema = ".P { i 0 : integer s 1 : string b 2 : boolean d 3 : double bin 4 : binary dec 5 : integer(2)\n\
        ia 6 : *integer ba 7 : *boolean st 8 : P sta 9 : *P m 10 : *P(i) kv 11 : *KV() sm 12 : *S(s) }\n\
        .KV { k 0 : string v 1 : integer }\n.S { s 0 : string }";
    let schema = Schema::parse(schema).unwrap();
    let (lua, names) = (Lua::new(), Names::default());
    let text = r#"{ i = math.mininteger, s = "\xff\0x", b = false, d = 0.1, bin = "\0\1", dec = 1.25, ia = { 1, math.maxinteger },
        ba = { true, false }, st = { i = -1 }, sta = { {}, { s = "" } }, m = { [7] = { i = 7 }, [-7] = { i = -7, s = "x" } },
        kv = { a = 1, b = 2 }, sm = { one = { s = "one" } } }"#;
    let value: Value = lua.load(text).eval().unwrap();
    let (ty, mut out) = (schema.require_type("P").unwrap(), Vec::new());
    Told { lua: &lua, names: &names, value: &value }.put(&ty, &mut out).unwrap();
    let back = decode(&lua, &names, Some(&ty), &out).unwrap();
    let same = r#"local function same(a, b)
        if type(a) ~= "table" then return a == b and math.type(a) == math.type(b) end
        for k in pairs(a) do if not same(a[k], b[k]) then return false end end
        for k in pairs(b) do if a[k] == nil then return false end end
        return true
      end return same(...)"#;
    assert!(lua.load(same).call::<bool>((value, back)).unwrap());
}

#[test]
fn a_value_that_does_not_fit_is_shown_with_its_place() {
    let schema = Schema::parse(".A { level 0 : integer list 1 : *A on 2 : boolean }").unwrap();
    let (lua, names, ty) = (Lua::new(), Names::default(), schema.require_type("A").unwrap());
    for (text, told) in [
        ("{ level = 'x' }", "A.level: expected an integer, got string \"x\""),
        ("{ level = 1.5 }", "A.level: expected an integer, got number 1.5"),
        ("{ list = { {}, { level = true } } }", "A.list[1].level: expected an integer, got boolean true"),
        ("{ list = 3 }", "A.list: expected a list, got integer 3"),
        ("{ on = 0 }", "A.on: expected a boolean, got integer 0"),
    ] {
        let value: Value = lua.load(format!("return {text}")).eval().unwrap();
        let told_by = Told { lua: &lua, names: &names, value: &value }.put(&ty, &mut Vec::new()).unwrap_err();
        assert_eq!(told_by.to_string(), told);
    }
}
