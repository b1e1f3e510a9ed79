//! serde types: the same bytes as dynamic values, borrowed where they can be, told where they cannot.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sproto::{Map, Schema, Type, Value, from_bytes, to_bytes, value};

const TEXT: &str = "
.Role { id 0 : integer  name 1 : string  pos 2 : Pos  bag 3 : *Item(id)  rates 4 : *integer(2)  flags 5 : *boolean
        props 6 : *Prop()  blob 7 : binary  self 8 : Role  points 9 : *double  job 10 : string  mood 11 : integer
        names 12 : *string  marks 13 : *integer  gap 20 : integer(1) }
.Pos { x 0 : double  y 1 : double }
.Item { id 0 : integer  count 1 : integer }
.Prop { key 0 : string  value 1 : integer }
";

fn ty(name: &str) -> Type {
    Schema::parse(TEXT).unwrap().require_type(name).unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Role<'a> {
    id: i64,
    name: &'a str,
    pos: Option<Pos>,
    #[serde(default)]
    bag: BTreeMap<i64, Item>,
    rates: Vec<f64>,
    flags: [bool; 2],
    props: HashMap<String, u32>,
    #[serde(borrow)]
    blob: &'a [u8],
    #[serde(rename = "self")]
    me: Option<Box<Role<'a>>>,
    points: Vec<f32>,
    job: Job,
    mood: Mood,
    names: Vec<&'a str>,
    marks: Vec<i32>,
    gap: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pos {
    x: f64,
    y: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    id: i64,
    count: Option<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Job {
    Mage,
    Thief,
}

/// Integers on the wire by a plain enum's number.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Mood {
    Calm,
    Angry,
}

fn role() -> Role<'static> {
    Role {
        id: -5,
        name: "Bob",
        pos: Some(Pos { x: 0.5, y: -0.0 }),
        bag: BTreeMap::from([(7, Item { id: 7, count: Some(1) }), (9, Item { id: 9, count: None })]),
        rates: vec![0.25, 1e9],
        flags: [true, false],
        props: HashMap::from([("hp".into(), 3)]),
        blob: b"\0\xff",
        me: None,
        points: vec![1.5],
        job: Job::Thief,
        mood: Mood::Angry,
        names: vec!["a", ""],
        marks: vec![],
        gap: 0.5,
    }
}

fn role_value() -> Value {
    let bag: Map = [(7, value!({ id: 7, count: 1 })), (9, value!({ id: 9 }))].into_iter().collect();
    let props: Map = [("hp", 3)].into_iter().collect();
    value!({
        id: -5, name: "Bob", pos: { x: 0.5, y: -0.0 }, bag: bag, rates: [0.25, 1e9], flags: [true, false],
        props: props, blob: b"\0\xff", points: [1.5], job: "thief", mood: 1, names: ["a", ""], marks: [], gap: 0.5
    })
}

#[test]
fn serde_types_and_values_make_the_same_bytes() {
    let bytes = to_bytes(&ty("Role"), &role()).unwrap();
    let mut dynamic = Vec::new();
    ty("Role").encode(&role_value(), &mut dynamic).unwrap();
    assert_eq!(bytes, dynamic);
    let back: Role<'_> = from_bytes(&ty("Role"), &bytes).unwrap();
    assert_eq!(back, role());
    assert!(bytes.as_ptr_range().contains(&back.blob.as_ptr()), "binaries borrow from the input");
}

#[test]
fn fields_in_another_order_than_their_tags_are_put_in_order() {
    #[derive(Serialize)]
    struct Backwards {
        gap: f64,
        names: Vec<&'static str>,
        unknown: u8,
        mood: u8,
        blob: Vec<u8>,
        flags: Vec<bool>,
        pos: Pos,
        name: &'static str,
        id: Option<i64>,
    }
    let backwards = Backwards {
        gap: 1.5,
        names: vec!["x"],
        unknown: 1,
        mood: 7,
        blob: vec![1, 2],
        flags: vec![true],
        pos: Pos { x: 1.0, y: 2.0 },
        name: "Bob",
        id: Some(1 << 40),
    };
    let wanted = value!({
        id: 1i64 << 40, name: "Bob", pos: { x: 1.0, y: 2.0 }, flags: [true], blob: b"\x01\x02", mood: 7, names: ["x"],
        gap: 1.5
    });
    let mut dynamic = Vec::new();
    ty("Role").encode(&wanted, &mut dynamic).unwrap();
    let role = ty("Role");
    for _ in 0..2 {
        assert_eq!(
            to_bytes(&role, &backwards).unwrap(),
            dynamic,
            "the second time the header's size is known"
        );
    }
}

#[test]
fn maps_stand_for_structs_and_sequences_for_maps() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Lists {
        bag: Vec<Item>,
        props: Vec<Prop>,
        #[serde(rename = "self")]
        me: HashMap<String, i64>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Prop {
        key: String,
        value: i64,
    }
    let lists = Lists {
        bag: vec![Item { id: 1, count: None }],
        props: vec![Prop { key: "hp".into(), value: 9 }],
        me: HashMap::from([("mood".into(), 3), ("id".into(), 4)]),
    };
    let bytes = to_bytes(&ty("Role"), &lists).unwrap();
    assert_eq!(from_bytes::<Lists>(&ty("Role"), &bytes).unwrap(), lists);
    let json: serde_json::Value = from_bytes(&ty("Role"), &bytes).unwrap();
    assert_eq!(json.to_string(), r#"{"bag":[{"id":1}],"props":{"hp":9},"self":{"id":4,"mood":3}}"#);
    assert_eq!(to_bytes(&ty("Role"), &json).unwrap(), bytes);
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    #[derive(Serialize)]
    struct Bad<T> {
        pos: T,
    }
    #[derive(Serialize, Deserialize, Debug)]
    struct Deep {
        bag: Vec<HashMap<String, String>>,
    }
    let role = ty("Role");
    assert_eq!(to_bytes(&role, &7).unwrap_err().to_string(), "Role: expected a struct, found an integer");
    assert_eq!(
        to_bytes(&role, &Bad { pos: 7 }).unwrap_err().to_string(),
        "Role.pos: expected a struct, found an integer"
    );
    assert_eq!(
        to_bytes(&role, &Bad { pos: vec![7] }).unwrap_err().to_string(),
        "Role.pos: expected a struct, found an array"
    );
    let deep = Deep { bag: vec![HashMap::new(), HashMap::from([("id".into(), "x".into())])] };
    assert_eq!(
        to_bytes(&role, &deep).unwrap_err().to_string(),
        "Role.bag[1].id: expected an integer, found a string"
    );

    let mut bytes = Vec::new();
    role.encode(&value!({ bag: [{ id: 1 }, { id: 2 }] }), &mut bytes).unwrap();
    assert_eq!(
        from_bytes::<Deep>(&role, &bytes).unwrap_err().to_string(),
        "Role.bag[0].id: invalid type: integer `1`, expected a string"
    );
    bytes.clear();
    role.encode(&value!({ name: b"\xff" }), &mut bytes).unwrap();
    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only decoded")]
    struct Named {
        name: String,
    }
    assert_eq!(from_bytes::<Named>(&role, &bytes).unwrap_err().to_string(), "Role.name: invalid utf-8");
    bytes.clear();
    role.encode(&value!({ bag: [{ count: 1 }] }), &mut bytes).unwrap();
    assert_eq!(
        from_bytes::<serde_json::Value>(&role, &bytes).unwrap_err().to_string(),
        "Role.bag[0]: the key field `id` is missing"
    );
}

#[test]
fn depth_ends_at_64_levels_both_ways() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nest {
        id: i64,
        #[serde(rename = "self")]
        me: Option<Box<Nest>>,
    }
    let nest = |levels: usize| {
        (0..levels).fold(Nest { id: 1, me: None }, |inner, _| Nest { id: 1, me: Some(Box::new(inner)) })
    };
    let bytes = to_bytes(&ty("Role"), &nest(63)).unwrap();
    assert_eq!(from_bytes::<Nest>(&ty("Role"), &bytes).unwrap(), nest(63));
    let error = to_bytes(&ty("Role"), &nest(64)).unwrap_err().to_string();
    assert!(error.ends_with(".self: nested deeper than 64 levels"), "{error}");
}
