//! Every ask and tell there and back, and what a peer must not send.

use proptest::prelude::*;
use prost::Message;
use uuid::Uuid;

use super::*;
use crate::message::{Down, Up};

fn roundtrip<T: Wire + Clone + PartialEq + std::fmt::Debug>(value: T) {
    let bytes = value.clone().into_wire().encode_to_vec();
    assert_eq!(T::from_wire(T::Pb::decode(bytes.as_slice()).unwrap()).unwrap(), value);
}

fn asks() -> Asks {
    let timeout = Duration::from_millis(1_500);
    let list = vec![
        Ask::Gather(Gather { robot: 7, ticket: 1, key: "match:17".into(), size: 4, timeout }),
        Ask::Cancel { robot: 7, ticket: 1 },
        Ask::Hold { robot: 7, group: 3 },
        Ask::Quit { robot: 7, group: 3 },
        Ask::Gone { robot: 7 },
        Ask::Publish { robot: 7, topic: "war".into(), value: "{\"at\":1}".into() },
        Ask::Subscribe("war".into()),
        Ask::Unsubscribe("war".into()),
        Ask::Set { robot: 7, group: 3, key: "map".into(), value: "\"ice\"".into() },
    ];
    Asks { run: Uuid::from_u128(5), seen: 9, restating: true, list }
}

fn tells() -> Tells {
    let denied = |why| Tell::Denied { robot: 7, ticket: 1, about: "match".into(), why };
    let mut list = vec![
        Tell::Formed { group: 3, members: [9, 7].into(), yours: vec![(7, 1)] },
        Tell::Expired { robot: 7, ticket: 1 },
        Tell::Published { topic: "war".into(), robot: 9, value: "1".into() },
        Tell::Set { group: 3, key: "map".into(), value: "\"ice\"".into() },
        Tell::Left { group: 3, robot: 9 },
    ];
    list.extend([Denial::Size, Denial::Twice, Denial::TooMany, Denial::NoMember].map(denied));
    list.extend([Denial::BoardFull, Denial::Behind, Denial::NotYours].map(denied));
    Tells { run: Uuid::from_u128(5), number: 4, list }
}

#[test]
fn what_robots_say_comes_back_as_it_went() {
    roundtrip(Up::Groups(asks()));
    roundtrip(Down::Groups(tells()));
    roundtrip(Up::Groups(Asks::default()));
}

#[test]
fn what_is_out_of_bounds_is_named() {
    let ask = |kind| {
        let list = vec![pb::Ask { kind: Some(kind) }];
        let run = Uuid::nil().as_bytes().to_vec();
        Asks::from_wire(pb::Asks { run, list, ..Default::default() }).unwrap_err().to_string()
    };
    let many = |count: usize, one: &Ask| Asks { list: vec![one.clone(); count], ..asks() }.into_wire();
    let told = |pb| Asks::from_wire(pb).unwrap_err().to_string();
    let gather = |key: &str, size| {
        use pb::ask::Kind;
        ask(Kind::Gather(pb::Gather { key: key.into(), size, ..Default::default() }))
    };
    let heavy = Ask::Set { robot: 0, group: 0, key: "k".into(), value: "x".repeat(LARGEST_VALUE).into() };
    let publish = |topic: &str, value: String| {
        use pb::ask::Kind;
        ask(Kind::Publish(pb::TopicMessage { robot: 0, topic: topic.into(), value }))
    };
    let members = Tell::Formed { group: 1, members: vec![0; 10_001].into(), yours: vec![] }.into_wire();
    let more_than_all =
        Tell::Formed { group: 1, members: [1].into(), yours: vec![(1, 1), (2, 2)] }.into_wire();
    let tell = |pb| Tell::from_wire(pb).unwrap_err().to_string();
    let table: [(String, &str); 11] = [
        (told(pb::Asks { run: vec![1; 3], ..Default::default() }), "run: a uuid has 16 bytes, not 3"),
        (gather("", 2), "ask: key: empty"),
        (gather(&"k".repeat(257), 2), "ask: key: 257 bytes long; at most 256 are taken"),
        (gather("k", 0), "ask: size: 0 robots; give 1 to 10000"),
        (gather("k", 10_001), "ask: size: 10001 robots; give 1 to 10000"),
        (publish("t", "x".repeat(65_537)), "ask: message: 65537 bytes long; at most 65536 are taken"),
        (publish("", "1".into()), "ask: topic: empty"),
        (told(many(1_025, &Ask::Gone { robot: 1 })), "asks: 1025 entries; at most 1024 are taken"),
        (told(many(20, &heavy)), "asks: 1311700 bytes; at most 557056 are taken"),
        (tell(members), "tell: members: 10001 entries; at most 10000 are taken"),
        (tell(more_than_all), "tell: members here: 2 entries; at most 1 are taken"),
    ];
    for (told, sentence) in table {
        assert_eq!(told, sentence);
    }
    assert!(Ask::from_wire(pb::Ask::default()).is_err() && Tell::from_wire(pb::Tell::default()).is_err());
}

proptest! {
    #[test]
    fn bytes_that_are_nearly_asks_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = asks().into_wire().encode_to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(Ok(asks)) = pb::Asks::decode(bytes.as_slice()).map(Asks::from_wire) {
            prop_assert!(asks.list.iter().all(|ask| ask.check().is_ok()));
        }
    }
}
