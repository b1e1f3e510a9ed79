//! Generated structs: the same bytes as dynamic values, and as pleasant to write.
#![cfg(feature = "build")]

use std::collections::BTreeMap;

use sproto::{Message, MessageRef, Schema, Text, Value, value};

/// Written by `sproto::build` and kept in git, so that a change of the generator shows.
#[deny(missing_docs, unused)]
pub mod everything {
    include!("generated/everything.rs");
}
use everything::*;

const TEXT: &str = include_str!("generated/everything.sproto");

#[test]
fn the_file_in_git_is_what_the_generator_writes() {
    let code = sproto::build::Config::new().text("everything.sproto", TEXT).generate().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generated/everything.rs");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(file, &code).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(code == kept, "run this test once with UPDATE_GENERATED=1");
}

fn role() -> Role {
    Role {
        id: Some(-5),
        name: Some("Bob".into()),
        pos: Some(Pos::default().with_x(0.5).with_y(-2.0)),
        bag: Some(vec![Item { id: Some(7), count: Some(1) }, Item::default().with_id(9)]),
        rates: Some(vec![0.25, 1e9]),
        flags: Some(vec![true, false]),
        props: Some(BTreeMap::from([("hp".into(), 3), ("mp".into(), 70_000)])),
        blob: Some(b"\0\xff".to_vec()),
        self_: Some(Box::new(Role::default().with_id(1i64 << 40))),
        points: Some(vec![1.5]),
        online: Some(true),
        weight: Some(62.5),
        height: Some(1.75),
        numbers: Some(vec![]),
        names: Some(vec!["a".into(), Text::default()]),
        blobs: Some(vec![vec![1], vec![]]),
        friends: Some(vec![Role::default(), Role::default().with_name("Eve")]),
        places: Some(vec![(0.5, vec![Role::default()])]),
        r#type: Some(32_767),
    }
}

fn role_value() -> Value {
    let bag: sproto::Map = [(7, value!({ id: 7, count: 1 })), (9, value!({ id: 9 }))].into_iter().collect();
    let props: sproto::Map = [("hp", 3), ("mp", 70_000)].into_iter().collect();
    let places: sproto::Map = [(0.5, value!([{}]))].into_iter().collect();
    value!({
        id: -5, Name: "Bob", pos: { x: 0.5, y: -2.0 }, bag: bag, rates: [0.25, 1e9], flags: [true, false],
        props: props, blob: b"\0\xff", self: { id: 1i64 << 40 }, points: [1.5], online: true, weight: 62.5,
        height: 1.75, numbers: [], names: ["a", ""], blobs: [b"\x01", Vec::<u8>::new()],
        friends: [{}, { Name: "Eve" }], places: places, type: 32_767
    })
}

#[test]
fn generated_structs_and_values_make_the_same_bytes() {
    let ty = Schema::parse(TEXT).unwrap().require_type("Role").unwrap();
    let (mut generated, mut dynamic) = (Vec::new(), Vec::new());
    role().encode(&mut generated).unwrap();
    ty.encode(&role_value(), &mut dynamic).unwrap();
    assert_eq!(generated, dynamic);
    assert_eq!(Role::decode(&generated).unwrap(), role());
    assert_eq!(ty.decode(&generated).unwrap(), role_value());

    let borrowed = RoleRef::decode(&generated).unwrap();
    assert_eq!(borrowed.name, Some("Bob"));
    let mut again = Vec::new();
    borrowed.encode(&mut again).unwrap();
    assert_eq!(again, generated);
}

#[test]
fn absent_fields_stay_absent_and_read_as_defaults() {
    let mut bytes = Vec::new();
    Role::default().encode(&mut bytes).unwrap();
    assert_eq!(bytes, [0, 0]);
    let role = Role::decode(&bytes).unwrap();
    assert_eq!(role, Role::default());
    assert_eq!((role.id(), role.name(), role.names().len(), role.online()), (0, "", 0, false));
    Empty {}.encode(&mut bytes).unwrap();
    assert_eq!(Empty::decode(&bytes).unwrap(), Empty::default());
}

#[test]
fn keyed_elements_are_found_by_their_key() {
    let role = role();
    assert_eq!(role.bag_by_id(9), Some(&Item::default().with_id(9)));
    assert_eq!(role.bag_by_id(8), None);
}

#[test]
fn an_envelope_borrows_what_it_holds() {
    let mut bytes = Vec::new();
    MsgRef { name: Some("EchoRequest"), bin: Some(b"\0\0") }.encode(&mut bytes).unwrap();
    let msg = MsgRef::decode(&bytes).unwrap();
    assert_eq!((msg.name(), msg.bin()), ("EchoRequest", &b"\0\0"[..]));
    assert!(bytes.as_ptr_range().contains(&msg.bin().as_ptr()));
}

#[test]
fn a_message_is_written_straight_into_its_envelope() {
    let item = Item::default().with_id(70_000);
    let (mut bin, mut twice, mut at_once) = (Vec::new(), vec![7], vec![7]);
    item.encode(&mut bin).unwrap();
    MsgRef { name: Some("Item"), bin: Some(&bin) }.encode(&mut twice).unwrap();
    let msg = MsgRef { name: Some("Item"), bin: Some(b"is not looked at") };
    msg.encode_with_bin(&mut at_once, |out| item.encode(out)).unwrap();
    assert_eq!(at_once, twice);

    let deep = (0..64).fold(Role::default().with_id(1), |inner, _| Role::default().with_self(inner));
    let error = Msg::default().encode_with_bin(&mut at_once, |out| deep.encode(out)).unwrap_err();
    assert_eq!(error.to_string(), "Role: nested deeper than 64 levels");
    assert_eq!(at_once, twice);
}

#[test]
fn errors_name_the_place_outermost_first() {
    let cut = b"\x02\0\x1f\0\0\0\x05\0\0\0\x09\0\0\0\0";
    assert_eq!(
        Role::decode(cut).unwrap_err().to_string(),
        "Role.friends: a length of 9 bytes is announced, 1 are left"
    );
    let mut bytes = Vec::new();
    let ty = Schema::parse(TEXT).unwrap().require_type("Role").unwrap();
    ty.encode(&value!({ friends: [{}, { names: ["a", b"\xff"] }] }), &mut bytes).unwrap();
    let wanted = "Role.friends[1].names[1]: invalid utf-8";
    assert_eq!(Role::decode(&bytes).unwrap_err().to_string(), wanted);
    let later = RoleRef::decode(&bytes).unwrap();
    assert_eq!(later.encode(&mut Vec::new()).unwrap_err().to_string(), wanted);
    let eve = later.friends().to_vec().unwrap().remove(1);
    let wanted = "Role.names[1]: invalid utf-8";
    assert_eq!(eve.names().to_vec().unwrap_err().to_string(), wanted);
    bytes.clear();
    ty.encode(&value!({ bag: [{ count: 1 }] }), &mut bytes).unwrap();
    let wanted = "Role.bag[0]: the key field `id` is missing";
    assert_eq!(Role::decode(&bytes).unwrap_err().to_string(), wanted);
    let later = RoleRef::decode(&bytes).unwrap();
    assert_eq!(later.bag_by_id(7).unwrap_err().to_string(), wanted);
}

#[test]
fn depth_ends_at_64_levels_both_ways() {
    let ty = Schema::parse(TEXT).unwrap().require_type("Role").unwrap();
    let nest = |levels: usize| {
        (0..levels).fold(Role::default().with_id(1), |inner, _| Role::default().with_self(inner))
    };
    let mut bytes = Vec::new();
    nest(63).encode(&mut bytes).unwrap();
    assert_eq!(Role::decode(&bytes).unwrap(), nest(63));
    assert!(ty.decode(&bytes).is_ok());
    let error = nest(64).encode(&mut bytes).unwrap_err();
    assert_eq!(error.to_string(), "Role: nested deeper than 64 levels");

    let mut outer = b"\x02\0\x0f\0\0\0".to_vec();
    outer.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    outer.extend_from_slice(&bytes);
    let error = Role::decode(&outer).unwrap_err().to_string();
    assert!(
        error.ends_with(".self.id: nested deeper than 64 levels") || error.ends_with("64 levels"),
        "{error}"
    );
    assert!(ty.decode(&outer).is_err());
}

#[test]
fn lists_are_read_when_looked_at_and_written_again() {
    let (mut bytes, mut again) = (Vec::new(), Vec::new());
    role().encode(&mut bytes).unwrap();
    let read = RoleRef::decode(&bytes).unwrap();
    assert_eq!(read.bag_by_id(9).unwrap(), Some(Item::default().with_id(9)));
    assert_eq!(read.names().iter().map(sproto::Result::unwrap).collect::<Vec<_>>(), ["a", ""]);
    assert_eq!(format!("{:?}", read.names()), r#"["a", ""]"#);
    assert_eq!(read, RoleRef::decode(&bytes).unwrap());

    let (names, friends) = (["a", ""], [RoleRef::default(), RoleRef::default().with_name("Eve")]);
    let built = RoleRef { names: Some((&names).into()), friends: Some((&friends).into()), ..read };
    assert_eq!(built, RoleRef::decode(&bytes).unwrap());
    built.encode(&mut again).unwrap();
    assert_eq!(again, bytes);
}

/// Whatever is done to the bytes, both variants take the same ones for right, and read the same in them.
#[test]
fn read_later_is_read_as_strictly() {
    let mut bytes = Vec::new();
    role().with_friends(vec![role(), role()]).encode(&mut bytes).unwrap();
    for at in 0..bytes.len() {
        for change in [1, 2, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            let (mut kept, mut later) = (Vec::new(), Vec::new());
            let kept_is = Role::decode(&bytes).and_then(|role| role.encode(&mut kept));
            let later_is = RoleRef::decode(&bytes).and_then(|role| role.encode(&mut later));
            assert_eq!(kept_is.is_ok(), later_is.is_ok(), "{at} {change}");
            assert_eq!(kept, later, "{at} {change}");
        }
    }
}

#[test]
fn depth_is_kept_by_what_is_read_later() {
    let field = |inner: &[u8], tag: u16| {
        let mut out = [[2, 0], (tag * 2 - 1).to_le_bytes(), [0, 0]].concat();
        out.extend_from_slice(&(inner.len() as u32).to_le_bytes());
        out.extend_from_slice(inner);
        out
    };
    let nest = |levels: usize| {
        (0..levels).fold(b"\x01\0\x04\0".to_vec(), |inner, _| {
            field(&[&(inner.len() as u32).to_le_bytes()[..], &inner].concat(), 16)
        })
    };
    let read = |bytes: &[u8]| RoleRef::decode(bytes).and_then(|role| role.encode(&mut Vec::new()));
    assert!(read(&nest(63)).is_ok());
    let error = read(&nest(64)).unwrap_err().to_string();
    assert!(error.starts_with("Role.friends[0].friends[0].friends[0]."), "{error}");
    assert!(error.ends_with("nested deeper than 64 levels"), "{error}");
}

#[test]
fn names_that_become_one_in_rust_are_told() {
    let error = sproto::build::Config::new().text("a", ".a_b {} .AB {}").generate().unwrap_err();
    assert_eq!(error.to_string(), "types AB and a_b both need the Rust name AB; rename one");
    let error =
        sproto::build::Config::new().text("a", ".A { x 0 : string }\n.ARef {}").generate().unwrap_err();
    assert_eq!(error.to_string(), "types A and ARef both need the Rust name ARef; rename one");
}

#[test]
fn a_directory_compiles_to_a_file_and_tells_its_inputs() {
    let root = tempfile::tempdir().unwrap();
    let schema = root.path().join("a.sproto");
    std::fs::write(&schema, ".A {}").unwrap();
    let out = root.path().join("a.rs");
    let inputs = sproto::build::Config::new().directory(root.path()).compile(&out).unwrap();
    assert_eq!(inputs, [root.path().to_owned(), schema]);
    assert!(std::fs::read_to_string(&out).unwrap().contains("pub struct A {"));
}
