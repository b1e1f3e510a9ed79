//! Values to bytes and back: what each fault is told as, and where.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use sproto::{Map, Schema, Type, Value, value};

const TEXT: &str = "
.Role { id 0 : integer  name 1 : string  pos 2 : Pos  bag 3 : *Item(id)  rates 4 : *integer(2)  flags 5 : *boolean
        props 6 : *Prop()  blob 7 : binary  self 8 : Role  points 9 : *double  gap 20 : integer }
.Pos { x 0 : double  y 1 : double }
.Item { id 0 : integer  count 1 : integer }
.Prop { key 0 : string  value 1 : integer }
.Login { roles 0 : *Role }
";

fn ty(name: &str) -> Type {
    Schema::parse(TEXT).unwrap().require_type(name).unwrap()
}

#[test]
fn encoding_tells_what_does_not_fit_and_where() {
    let cases = [
        (value!({ roles: 1 }), "Login.roles: expected an array, found an integer"),
        (value!({ roles: [1] }), "Login.roles[0]: expected a struct, found an integer"),
        (value!({ roles: [{}, { name: 7 }] }), "Login.roles[1].name: expected a string, found an integer"),
        (value!({ roles: [{ pos: { x: "1" } }] }), "Login.roles[0].pos.x: expected a number, found a string"),
        (
            value!({ roles: [{ flags: [true, 1] }] }),
            "Login.roles[0].flags[1]: expected a boolean, found an integer",
        ),
        (value!({ roles: [{ bag: 1 }] }), "Login.roles[0].bag: expected a map, found an integer"),
        (
            value!({ roles: [{ bag: [{}, { id: "x" }] }] }),
            "Login.roles[0].bag[1].id: expected an integer, found a string",
        ),
        (value!({ roles: [{ props: [] }] }), "Login.roles[0].props: expected a map, found an array"),
        (Value::from(3), "Login: expected a struct, found an integer"),
    ];
    for (value, wanted) in cases {
        let mut out = vec![1, 2, 3];
        assert_eq!(ty("Login").encode(&value, &mut out).unwrap_err().to_string(), wanted);
        assert_eq!(out, [1, 2, 3], "a failed encoding leaves the buffer as it was");
    }
}

#[test]
fn decoding_tells_what_is_wrong_and_where() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "Login: the header needs 2 bytes, 0 are left"),
        (b"\x02\0\0\0", "Login: the header needs 6 bytes, 4 are left"),
        (b"\x01\0\0\0\x09\0\0\0", "Login: a length of 9 bytes is announced, 0 are left"),
        (b"\x01\0\x02\0", "Login.roles: an inline value where an array is expected"),
        (b"\x01\0\0\0\x04\0\0\0\x09\0\0\0", "Login.roles: a length of 9 bytes is announced, 0 are left"),
        (b"\x01\0\0\0\x07\0\0\0\x03\0\0\0\0\0\xff", "Login.roles[0]: 1 bytes too many after the struct"),
        (
            b"\x01\0\0\0\x08\0\0\0\x04\0\0\0\x01\0\0\0",
            "Login.roles[0]: a length of 4 bytes is announced, 0 are left",
        ),
        (
            b"\x01\0\0\0\x0f\0\0\0\x0b\0\0\0\x01\0\0\0\x03\0\0\0abc",
            "Login.roles[0].id: an integer of 3 bytes, it takes 4 or 8",
        ),
        (
            b"\x01\0\0\0\x11\0\0\0\x0d\0\0\0\x02\0\x07\0\0\0\x03\0\0\0\x05zz",
            "Login.roles[0].rates: array elements of 5 bytes, they take 4 or 8",
        ),
        (
            b"\x01\0\0\0\x11\0\0\0\x0d\0\0\0\x02\0\x07\0\0\0\x03\0\0\0\x04zz",
            "Login.roles[0].rates: 2 bytes of array elements do not divide by 4",
        ),
        (
            b"\x01\0\0\0\x14\0\0\0\x10\0\0\0\x02\0\x05\0\0\0\x06\0\0\0\x02\0\0\0\0\0",
            "Login.roles[0].bag[0]: the key field `id` is missing",
        ),
        (b"\x01\0\0\0\xff\xff\xff\xff", "Login: a length of 4294967295 bytes is announced, 0 are left"),
    ];
    for (bytes, wanted) in cases {
        assert_eq!(ty("Login").decode(bytes).unwrap_err().to_string(), *wanted);
    }
}

#[test]
fn all_kinds_of_fields_come_back() {
    let bag: Map = [(7, value!({ id: 7, count: 1 })), (9, value!({ id: 9 }))].into_iter().collect();
    let props: Map = [("hp", 3), ("mp", 70_000)].into_iter().collect();
    let role = value!({
        id: -5, name: "Bob", pos: { x: 0.5, y: -0.0 }, bag: bag, rates: [0.25, 1e9], flags: [true, false],
        props: props, blob: b"\0\xff", self: { id: 1i64 << 40 }, points: [1.5], gap: 1
    });
    let mut bytes = Vec::new();
    ty("Role").encode(&role, &mut bytes).unwrap();
    let back = ty("Role").decode(&bytes).unwrap();
    assert_eq!(back, role);
    assert_eq!(back["bag"].as_map().unwrap().get(9).unwrap()["id"].as_i64(), Some(9));
    assert_eq!(back["props"].as_map().unwrap().get("mp").unwrap().as_i64(), Some(70_000));
    let mut again = Vec::new();
    ty("Role").encode(&back, &mut again).unwrap();
    assert_eq!(again, bytes);
}

#[test]
fn of_two_entries_with_one_key_the_last_stays() {
    let role = value!({ bag: [{ id: 2, count: 1 }, { id: 1 }, { id: 2, count: 2 }] });
    let mut bytes = Vec::new();
    ty("Role").encode(&role, &mut bytes).unwrap();
    let back = ty("Role").decode(&bytes).unwrap();
    let bag = back["bag"].as_map().unwrap();
    assert_eq!((bag.len(), bag.get(2).unwrap()["count"].as_i64()), (2, Some(2)));
}

#[test]
fn depth_ends_at_64_levels_both_ways() {
    let nest = |levels: usize| (0..levels).fold(value!({ id: 1 }), |inner, _| value!({ self: inner }));
    let mut bytes = Vec::new();
    ty("Role").encode(&nest(63), &mut bytes).unwrap();
    assert_eq!(ty("Role").decode(&bytes).unwrap(), nest(63));
    let error = ty("Role").encode(&nest(64), &mut bytes).unwrap_err().to_string();
    assert!(error.ends_with(".self: nested deeper than 64 levels"), "{error}");

    let deeper = (0..10_000).fold(b"\x01\0\x04\0".to_vec(), |inner, _| {
        let mut outer = b"\x02\0\x0f\0\0\0".to_vec();
        outer.extend_from_slice(&(inner.len() as u32).to_le_bytes());
        outer.extend_from_slice(&inner);
        outer
    });
    let error = ty("Role").decode(&deeper).unwrap_err().to_string();
    assert!(error.ends_with(".self: nested deeper than 64 levels"), "{error}");
}

#[test]
fn a_string_that_is_no_utf8_stays_as_bytes() {
    let mut bytes = Vec::new();
    ty("Role").encode(&value!({ name: b"\xff\xfe" }), &mut bytes).unwrap();
    assert_eq!(ty("Role").decode(&bytes).unwrap()["name"].as_bytes(), Some(&b"\xff\xfe"[..]));
}

#[test]
fn a_message_does_not_depend_on_those_before_it() {
    let bag: Map = [(7, value!({ id: 7, count: 1 }))].into_iter().collect();
    let small = value!({ gap: 1 });
    let large = value!({
        id: 1, name: "Bob", pos: { x: 0.5, y: 1.5 }, bag: bag, rates: [0.25], flags: [true], blob: b"\x01",
        self: { id: 1 }, points: [1.5], gap: 70_000
    });
    // Headers are made as large as those before: too small at first, then right, then too large.
    let warm = ty("Role");
    for value in [&small, &large, &large, &small, &Value::from(sproto::Struct::new()), &large] {
        let (mut fresh, mut again) = (Vec::new(), b"before".to_vec());
        ty("Role").encode(value, &mut fresh).unwrap();
        warm.encode(value, &mut again).unwrap();
        assert_eq!(again.strip_prefix(b"before"), Some(&*fresh));
        assert_eq!(warm.decode(&fresh).unwrap(), *value);
    }
}

/// A text cannot declare them, a bundle can; the reference looks each field up by its name.
#[test]
fn two_fields_of_one_name_take_the_same_value() {
    let text = ".T { a 0 : integer  b 1 : integer  c 2 : integer }";
    let mut bundle = Schema::parse(text).unwrap().to_bundle();
    let name = bundle.iter().rposition(|&byte| byte == b'c').unwrap();
    bundle[name] = b'a';
    let ty = Schema::from_bundle(&bundle).unwrap().require_type("T").unwrap();
    let mut bytes = Vec::new();
    ty.encode(&value!({ a: 1, b: 2 }), &mut bytes).unwrap();
    assert_eq!(bytes, b"\x03\0\x04\0\x06\0\x04\0");
    let mut again = Vec::new();
    ty.encode(&ty.decode(b"\x03\0\x04\0\x06\0\x08\0").unwrap(), &mut again).unwrap();
    assert_eq!(again, b"\x03\0\x04\0\x06\0\x08\0", "a decoded struct keeps each by its place");
}
