//! The messages that are measured, in every form.
#![allow(clippy::unwrap_used, reason = "samples are right")]

use serde::{Deserialize, Serialize};
use sproto::{Message, MessageRef, Schema, Type, Value, value};

#[allow(dead_code, reason = "no bench takes all of a generated file")]
mod everything {
    include!("../../tests/generated/everything.rs");
}
pub(crate) use everything::{AddressBook, AddressBookRef, Msg, MsgRef, Person, PersonPhoneNumber};

pub(crate) fn schema(name: &str) -> Type {
    let text = include_str!("../../tests/generated/everything.sproto");
    Schema::parse(text).unwrap().require_type(name).unwrap()
}

pub(crate) fn book() -> AddressBook {
    let phone = |number: &str, kind: i64| PersonPhoneNumber::default().with_number(number).with_type(kind);
    let person = |name: &str, id: i64| Person::default().with_name(name).with_id(id);
    AddressBook::default().with_person(vec![
        person("Alice", 10000).with_phone(vec![phone("123456789", 1), phone("87654321", 2)]),
        person("Bob", 20000).with_phone(vec![phone("01234567890", 3)]),
    ])
}

pub(crate) fn bytes() -> Vec<u8> {
    let mut out = Vec::new();
    book().encode(&mut out).unwrap();
    assert_eq!(out.len(), 130);
    out
}

pub(crate) fn value() -> Value {
    value!({ person: [
        { name: "Alice", id: 10000, phone: [{ number: "123456789", type: 1 }, { number: "87654321", type: 2 }] },
        { name: "Bob", id: 20000, phone: [{ number: "01234567890", type: 3 }] }
    ] })
}

/// The number of digits in the book: looks at everything.
pub(crate) fn read_all(book: &Value) -> usize {
    let people = book["person"].as_map().into_iter().flat_map(sproto::Map::iter);
    let phones = people.flat_map(|(_, person)| person["phone"].as_array().unwrap().iter());
    phones.filter_map(|phone| phone["number"].as_str()).map(str::len).sum()
}

/// A sum over every field of every person and phone: looks at everything, as the C core's decoder does.
#[inline]
pub(crate) fn sum(book: &AddressBookRef<'_>) -> sproto::Result<usize> {
    let mut sum = 0;
    for person in book.person() {
        let person = person?;
        sum += person.name().len() + person.id() as usize + person.email().len() + person.data().len();
        sum += (person.height() + person.weight()) as usize;
        for phone in person.phone() {
            let phone = phone?;
            sum += phone.number().len() + phone.r#type() as usize;
        }
    }
    Ok(sum)
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Book<'a> {
    #[serde(borrow)]
    person: Vec<BookPerson<'a>>,
}

#[derive(Serialize, Deserialize)]
struct BookPerson<'a> {
    name: &'a str,
    id: i64,
    #[serde(borrow)]
    phone: Vec<BookPhone<'a>>,
}

#[derive(Serialize, Deserialize)]
struct BookPhone<'a> {
    number: &'a str,
    r#type: i64,
}

pub(crate) fn serde_book() -> Book<'static> {
    let phone = |number: &'static str, kind: i64| BookPhone { number, r#type: kind };
    Book {
        person: vec![
            BookPerson { name: "Alice", id: 10000, phone: vec![phone("123456789", 1), phone("87654321", 2)] },
            BookPerson { name: "Bob", id: 20000, phone: vec![phone("01234567890", 3)] },
        ],
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ProstBook {
    #[prost(message, repeated, tag = "1")]
    person: Vec<ProstPerson>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ProstPerson {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(int64, optional, tag = "2")]
    id: Option<i64>,
    #[prost(message, repeated, tag = "3")]
    phone: Vec<ProstPhone>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ProstPhone {
    #[prost(string, optional, tag = "1")]
    number: Option<String>,
    #[prost(int64, optional, tag = "2")]
    kind: Option<i64>,
}

pub(crate) fn prost_book() -> ProstBook {
    let phone = |number: &str, kind| ProstPhone { number: Some(number.into()), kind: Some(kind) };
    let person = |name: &str, id, phone| ProstPerson { name: Some(name.into()), id: Some(id), phone };
    ProstBook {
        person: vec![
            person("Alice", 10000, vec![phone("123456789", 1), phone("87654321", 2)]),
            person("Bob", 20000, vec![phone("01234567890", 3)]),
        ],
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ProstMsg {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(bytes = "vec", optional, tag = "2")]
    bin: Option<Vec<u8>>,
}

/// `EchoRequest { Text 0 : string }` has the shape of `Msg` with only its name.
pub(crate) fn echo() -> MsgRef<'static> {
    MsgRef { name: Some("hello world"), bin: None }
}

pub(crate) fn envelope() -> Vec<u8> {
    let (mut bin, mut out) = (Vec::new(), Vec::new());
    echo().encode(&mut bin).unwrap();
    MsgRef { name: Some("EchoRequest"), bin: Some(&bin) }.encode(&mut out).unwrap();
    out
}

pub(crate) fn msg_value() -> Value {
    schema("Msg").decode(&envelope()).unwrap()
}

pub(crate) fn prost_msg() -> ProstMsg {
    let msg = MsgRef::decode(&envelope()).map(|msg| msg.bin().to_vec()).unwrap();
    ProstMsg { name: Some("EchoRequest".into()), bin: Some(msg) }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SerdeMsg<'a> {
    name: &'a str,
    #[serde(borrow, with = "as_bytes")]
    bin: &'a [u8],
}

impl SerdeMsg<'_> {
    pub(crate) fn len(&self) -> usize {
        self.name.len() + self.bin.len()
    }
}

/// serde takes a `&[u8]` for a sequence of numbers when it writes; this writes bytes at once, as `serde_bytes` does.
mod as_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'de [u8], D::Error> {
        <&[u8]>::deserialize(from)
    }
}

pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    sproto::pack(bytes, &mut out);
    out
}

/// 64 KiB, every byte non-zero with a chance of 80 %, always the same.
pub(crate) fn dense() -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..64 * 1024).map(|_| if next() % 100 < 80 { (next() % 255 + 1) as u8 } else { 0 }).collect()
}
