//! Who meets whom: tables of single cases, and then everything in any order.

mod any_order;

use super::*;
use crate::talk::{Gather, MOST_IN_BATCH};

const S: Duration = Duration::from_secs(1);
const A: Peer = Peer(1);
const B: Peer = Peer(2);

/// A hub with two workers that have said all that is so.
fn hub() -> Hub {
    let mut hub = Hub::new(Uuid::nil());
    [A, B].into_iter().for_each(|peer| hub.joined(peer));
    say(&mut hub, A, vec![]);
    say(&mut hub, B, vec![]);
    hub
}

fn say(hub: &mut Hub, peer: Peer, list: Vec<Ask>) {
    hub.hear(Duration::ZERO, peer, Asks { list, ..Asks::default() }).unwrap();
}

fn restate(hub: &mut Hub, peer: Peer, list: Vec<Ask>) {
    hub.hear(Duration::ZERO, peer, Asks { restating: true, list, ..Asks::default() }).unwrap();
}

fn gather(robot: u64, ticket: u64, key: &str, size: u32) -> Ask {
    Ask::Gather(Gather { robot, ticket, key: key.into(), size, timeout: 5 * S })
}

fn told(hub: &mut Hub, peer: Peer) -> Vec<Tell> {
    hub.take(peer).map(|tells| tells.list).unwrap_or_default()
}

fn formed(group: u64, members: &[u64], yours: &[(u64, u64)]) -> Tell {
    Tell::Formed { group, members: members.into(), yours: yours.into() }
}

fn denied(robot: u64, ticket: u64, about: &str, why: Denial) -> Tell {
    Tell::Denied { robot, ticket, about: about.into(), why }
}

#[test]
fn the_first_who_come_are_the_group_and_the_next_ones_the_next() {
    let mut hub = hub();
    say(&mut hub, A, vec![gather(4, 1, "party", 3), gather(0, 2, "party", 3)]);
    assert!(told(&mut hub, A).is_empty());
    say(&mut hub, B, vec![gather(7, 1, "party", 3), gather(5, 2, "party", 3)]);
    assert_eq!(told(&mut hub, A), [formed(1, &[4, 0, 7], &[(4, 1), (0, 2)])]);
    assert_eq!(told(&mut hub, B), [formed(1, &[4, 0, 7], &[(7, 1)])]);
    say(&mut hub, A, vec![gather(2, 3, "other", 3), gather(4, 4, "party", 3), gather(0, 5, "party", 3)]);
    assert_eq!(told(&mut hub, B), [formed(2, &[5, 4, 0], &[(5, 2)])]);
    assert_eq!((hub.waiting(), hub.groups()), (1, 2));
}

#[test]
fn whoever_waits_too_long_is_out_of_the_line() {
    let mut hub = hub();
    hub.hear(S, A, Asks { list: vec![gather(1, 1, "k", 2)], ..Asks::default() }).unwrap();
    assert_eq!(hub.next_due(), Some(6 * S));
    hub.tick(6 * S - Duration::from_micros(1));
    assert!(told(&mut hub, A).is_empty());
    hub.tick(6 * S);
    assert_eq!(told(&mut hub, A), [Tell::Expired { robot: 1, ticket: 1 }]);
    say(&mut hub, B, vec![gather(2, 1, "k", 2)]);
    assert_eq!((told(&mut hub, B), hub.waiting(), hub.next_due()), (vec![], 1, Some(5 * S)));
}

#[test]
fn whoever_gave_up_before_it_heard_of_its_group_is_told_to_the_others() {
    let mut hub = hub();
    say(&mut hub, A, vec![gather(1, 9, "k", 2)]);
    say(&mut hub, B, vec![gather(2, 1, "k", 2)]);
    say(&mut hub, A, vec![Ask::Cancel { robot: 1, ticket: 9 }]);
    assert_eq!(told(&mut hub, B), [formed(1, &[1, 2], &[(2, 1)]), Tell::Left { group: 1, robot: 1 }]);
    say(&mut hub, A, vec![gather(1, 10, "k", 2), Ask::Cancel { robot: 1, ticket: 10 }]);
    assert_eq!(hub.waiting(), 0);
}

#[test]
fn what_can_t_be_is_denied_by_name() {
    let mut hub = hub();
    let lines = (0..16).map(|n| gather(9, 10 + n, &format!("line {n}"), 2));
    let asks = [gather(1, 1, "k", 3), gather(1, 2, "k", 3), gather(2, 3, "k", 4)].into_iter();
    say(&mut hub, A, asks.chain(lines).chain([gather(9, 30, "line 16", 2)]).collect());
    let set = Ask::Set { robot: 1, group: 1, key: "map".into(), value: "1".into() };
    say(&mut hub, A, vec![set]);
    let expected = [
        denied(1, 2, "k", Denial::Twice),
        denied(2, 3, "k", Denial::Size),
        denied(9, 30, "line 16", Denial::TooMany),
        denied(1, 0, "map", Denial::NoMember),
    ];
    assert_eq!(told(&mut hub, A), expected);
}

#[test]
fn a_lost_worker_s_robots_vanish_from_lines_groups_and_topics() {
    let mut hub = hub();
    say(&mut hub, A, vec![gather(1, 1, "k", 2), gather(3, 2, "line", 2), Ask::Subscribe("war".into())]);
    say(&mut hub, B, vec![gather(2, 1, "k", 2)]);
    hub.lost(A);
    assert_eq!(told(&mut hub, B), [formed(1, &[1, 2], &[(2, 1)]), Tell::Left { group: 1, robot: 1 }]);
    say(
        &mut hub,
        B,
        vec![gather(4, 2, "line", 2), Ask::Publish { robot: 4, topic: "war".into(), value: "1".into() }],
    );
    assert_eq!((told(&mut hub, B), hub.take(A), hub.waiting()), (vec![], None, 1));
}

#[test]
fn a_robot_that_now_lives_on_another_worker_is_nowhere_twice() {
    let mut hub = hub();
    say(&mut hub, A, vec![gather(1, 1, "k", 2)]);
    say(&mut hub, B, vec![gather(1, 1, "k", 2)]);
    assert_eq!((hub.waiting(), told(&mut hub, B)), (1, vec![]));
    say(&mut hub, A, vec![Ask::Gone { robot: 1 }]);
    assert_eq!(hub.waiting(), 1, "it is not A's any more");
}

#[test]
fn a_board_shows_what_was_written_last_in_the_hub_s_order() {
    let mut hub = hub();
    say(&mut hub, A, vec![gather(1, 1, "k", 2)]);
    say(&mut hub, B, vec![gather(2, 1, "k", 2)]);
    drop((told(&mut hub, A), told(&mut hub, B)));
    let set = |robot, value: &str| Ask::Set { robot, group: 1, key: "map".into(), value: value.into() };
    let seen = |value: &str| Tell::Set { group: 1, key: "map".into(), value: value.into() };
    say(&mut hub, A, vec![set(1, "1")]);
    say(&mut hub, B, vec![set(2, "2")]);
    assert_eq!(told(&mut hub, A), [seen("1"), seen("2")]);
    assert_eq!(told(&mut hub, B), [seen("1"), seen("2")]);
}

#[test]
fn a_board_is_bounded_in_entries_and_bytes() {
    let mut hub = hub();
    say(&mut hub, A, vec![gather(1, 1, "k", 1), gather(2, 2, "k", 1)]);
    drop(told(&mut hub, A));
    let set = |robot, group, key: String, bytes| Ask::Set {
        robot,
        group,
        key: key.into(),
        value: "7".repeat(bytes).into(),
    };
    say(&mut hub, A, (0..257).map(|n| set(1, 1, n.to_string(), 1)).collect());
    assert_eq!(told(&mut hub, A).last(), Some(&denied(1, 0, "256", Denial::BoardFull)));
    let write = |n: usize| {
        let list = vec![set(2, 2, n.to_string(), 65_536)];
        hub.hear(Duration::ZERO, A, Asks { seen: u64::MAX, list, ..Asks::default() }).unwrap();
        told(&mut hub, A)
    };
    let all: Vec<_> = (0..16).flat_map(write).collect();
    assert!(all.last() == Some(&denied(2, 0, "15", Denial::BoardFull)), "the last is denied");
}

#[test]
fn messages_go_to_workers_that_listen_and_keep_their_order() {
    let mut hub = hub();
    let publish = |value: &str| Ask::Publish { robot: 1, topic: "war".into(), value: value.into() };
    say(&mut hub, A, vec![publish("0"), Ask::Subscribe("war".into())]);
    say(&mut hub, A, vec![publish("1"), publish("2")]);
    say(&mut hub, B, vec![Ask::Subscribe("peace".into())]);
    let heard = |value: &str| Tell::Published { topic: "war".into(), robot: 1, value: value.into() };
    assert_eq!((told(&mut hub, A), told(&mut hub, B)), (vec![heard("1"), heard("2")], vec![]));
    say(&mut hub, A, vec![Ask::Unsubscribe("war".into()), publish("3")]);
    assert!(told(&mut hub, A).is_empty());
}

#[test]
fn a_listener_that_is_behind_gets_no_more_than_fits_and_the_speaker_is_told() {
    let mut hub = hub();
    say(&mut hub, B, vec![Ask::Subscribe("war".into())]);
    let publish = Ask::Publish { robot: 1, topic: "war".into(), value: "7".repeat(65_536).into() };
    for _ in 0..200 {
        say(&mut hub, A, vec![publish.clone()]);
    }
    assert!(told(&mut hub, A).contains(&denied(1, 0, "war", Denial::Behind)));
    let messages: Vec<_> = std::iter::from_fn(|| hub.take(B)).collect();
    assert_eq!(messages.len(), 15, "one for each value of 64 KiB, of which less than 1 MiB waits");
    for _ in 0..200 {
        say(&mut hub, A, vec![publish.clone()]);
    }
    assert!(hub.take(B).is_some() && hub.take(B).is_none(), "a worker that says nothing gets 16 messages");
    hub.hear(Duration::ZERO, B, Asks { seen: 99, ..Asks::default() }).unwrap();
    assert_eq!(hub.take(B).map(|tells| tells.number), Some(17));
}

#[test]
fn a_worker_that_asks_and_never_listens_is_left_out_and_nobody_else() {
    let mut hub = hub();
    say(&mut hub, B, vec![gather(2, 1, "k", 2)]);
    for _ in 0..300 {
        say(&mut hub, A, vec![gather(1, 1, "k", 3); MOST_IN_BATCH]);
    }
    assert_eq!((hub.take(A), hub.waiting()), (None, 1));
    hub.joined(A);
    say(&mut hub, A, vec![gather(1, 2, "k", 2)]);
    assert_eq!(told(&mut hub, B), [formed(1, &[2, 1], &[(2, 1)])]);
}

#[test]
fn one_worker_s_robots_have_so_much_in_lines_groups_and_on_boards_and_not_more() {
    let mut hub = hub();
    // 80 robots, each in as many groups of its own as it may.
    let alone = |robot, ticket| gather(robot, ticket, &format!("alone {robot} {ticket}"), 1);
    let mut denied = 0;
    for robot in 0..80 {
        for ticket in 1..=64 {
            say(&mut hub, A, vec![alone(robot, ticket)]);
            hub.hear(Duration::ZERO, A, Asks { seen: u64::MAX, ..Asks::default() }).unwrap();
            let all = std::iter::from_fn(|| hub.take(A)).flat_map(|tells| tells.list);
            denied += all.filter(|tell| matches!(tell, Tell::Denied { why: Denial::TooMany, .. })).count();
        }
    }
    assert!((0..80).all(|robot| hub.robots.contains_key(&robot)), "each has a group");
    assert!(PLACE * hub.groups() <= MOST_OF_WORKER + OF_ROBOT * 80 && denied > 100, "{denied}");
    // Boards: what a group's end frees can be had again.
    let set = |group, bytes| Ask::Set { robot: 90, group, key: "k".into(), value: "7".repeat(bytes).into() };
    let mut written = Vec::new();
    for round in 0..3 {
        say(&mut hub, B, (0..64).map(|n| alone(90, 64 * round + n + 1)).collect());
        hub.hear(Duration::ZERO, B, Asks { seen: u64::MAX, ..Asks::default() }).unwrap();
        let formed = std::iter::from_fn(|| hub.take(B)).flat_map(|tells| tells.list);
        let groups: Vec<_> = formed
            .filter_map(|tell| if let Tell::Formed { group, .. } = tell { Some(group) } else { None })
            .collect();
        for group in groups {
            say(&mut hub, B, vec![set(group, 60_000), set(group, 60_000)]);
            hub.hear(Duration::ZERO, B, Asks { seen: u64::MAX, ..Asks::default() }).unwrap();
            drop(hub.take(B));
        }
        written.push(hub.parties.written_by(B));
        say(&mut hub, B, vec![Ask::Gone { robot: 90 }]);
        assert_eq!(hub.parties.written_by(B), 0);
    }
    assert!(written[0] > 1 << 20 && written.iter().all(|bytes| *bytes == written[0]), "{written:?}");
    assert!(written[0] <= MOST_OF_WORKER, "{written:?}");
}

#[test]
fn another_run_s_asks_are_refused() {
    let mut hub = hub();
    let run = Uuid::from_u128(9);
    let asks = Asks { run, list: vec![gather(1, 1, "k", 1)], ..Asks::default() };
    assert_eq!(hub.hear(Duration::ZERO, A, asks), Err(Foreign(run)));
    assert_eq!((hub.take(A), hub.groups()), (None, 0));
}

#[test]
fn a_worker_that_comes_back_says_what_is_so_and_gets_the_same_answers() {
    let mut hub = hub();
    let set = Ask::Set { robot: 2, group: 1, key: "map".into(), value: "1".into() };
    say(&mut hub, A, vec![gather(1, 1, "k", 2), gather(3, 2, "old", 2), gather(5, 3, "line", 2)]);
    say(&mut hub, A, vec![Ask::Subscribe("war".into()), Ask::Subscribe("peace".into())]);
    say(&mut hub, B, vec![gather(2, 1, "k", 2), set]);
    // What A was told is lost with its stream.
    hub.joined(A);
    say(&mut hub, B, vec![gather(4, 2, "old", 2)]);
    assert_eq!(hub.waiting(), 3, "nobody meets one who may be gone");
    restate(&mut hub, A, vec![gather(1, 1, "k", 2), gather(5, 3, "line", 2), Ask::Subscribe("war".into())]);
    let map = Tell::Set { group: 1, key: "map".into(), value: "1".into() };
    assert_eq!(told(&mut hub, A), [formed(1, &[1, 2], &[(1, 1)]), map]);
    say(&mut hub, A, vec![]);
    assert_eq!((hub.waiting(), hub.topics.len(), hub.groups()), (2, 1, 1), "robot 3 waits no more");
    // A second time it does not say that it is in the group.
    hub.joined(A);
    drop(told(&mut hub, B));
    say(&mut hub, A, vec![]);
    assert_eq!(told(&mut hub, B), [Tell::Left { group: 1, robot: 1 }]);
    say(&mut hub, A, vec![Ask::Hold { robot: 1, group: 1 }]);
    assert_eq!(told(&mut hub, A), [Tell::Left { group: 1, robot: 1 }]);
}
