//! Robots of different workers that meet: groups over two workers, losses, foreign runs, and workers that speak for others.

use proto::plan::LossPolicy;
use proto::slots::slot_of;
use proto::talk::{Ask, Asks, Denial, Gather, Tell, Tells};

use super::*;

fn gather(robot: u64, key: &str, size: u32) -> Ask {
    Ask::Gather(Gather { robot, ticket: robot + 1, key: key.into(), size, timeout: 5 * S })
}

impl Scene {
    fn ask(&mut self, session: u64, list: Vec<Ask>) -> Vec<(u64, Tells)> {
        // Far enough apart that each is answered at once.
        self.now += S / 20;
        let asks = Asks { run: self.run.id, seen: u64::MAX, list, ..Asks::default() };
        told(self.say(session, Up::Groups(asks)))
    }
}

fn told(effects: Vec<Effect>) -> Vec<(u64, Tells)> {
    let tells = effects.into_iter().filter_map(|effect| match effect {
        Effect::Send(session, Down::Groups(tells)) => Some((session.0, tells)),
        _ => None,
    });
    tells.collect()
}

fn lists(told: Vec<(u64, Tells)>) -> Vec<(u64, Vec<Tell>)> {
    told.into_iter().map(|(session, tells)| (session, tells.list)).collect()
}

fn formed(group: u64, members: &[u64], yours: &[u64]) -> Tell {
    let yours = yours.iter().map(|robot| (*robot, robot + 1)).collect();
    Tell::Formed { group, members: members.into(), yours }
}

#[test]
fn a_group_spans_two_workers() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    assert!(scene.ask(1, vec![gather(0, "party", 2)]).is_empty());
    let heard = lists(scene.ask(2, vec![gather(1, "party", 2)]));
    let expected = [(1, vec![formed(1, &[0, 1], &[0])]), (2, vec![formed(1, &[0, 1], &[1])])];
    assert_eq!(heard, expected);
}

#[test]
fn answers_within_ten_milliseconds_travel_together() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    assert_eq!(scene.ask(1, vec![gather(0, "k", 1)]).len(), 1);
    let at_once = Asks { run: scene.run.id, list: vec![gather(1, "k", 1)], ..Asks::default() };
    assert!(told(scene.say(1, Up::Groups(at_once.clone()))).is_empty());
    let later = Asks { list: vec![gather(2, "k", 1)], ..at_once };
    assert!(told(scene.say(1, Up::Groups(later))).is_empty());
    scene.now += S / 100;
    let tick = lists(told(scene.handle(Event::Tick)));
    assert_eq!(tick, [(1, vec![formed(2, &[1], &[1]), formed(3, &[2], &[2])])]);
}

#[test]
fn nobody_is_grouped_with_robots_of_a_lost_worker() {
    let mut scene = Scene::running(3, LossPolicy::Rebalance);
    scene.ask(2, vec![gather(1, "party", 2)]);
    scene.lose(2, &[(1, 1), (3, 1)]);
    assert!(scene.ask(1, vec![gather(0, "party", 2)]).is_empty());
    let heard = lists(scene.ask(3, vec![gather(2, "party", 2)]));
    assert_eq!(heard[1], (3, vec![formed(1, &[0, 2], &[2])]));
    let before = scene.effects.len();
    scene.lose(3, &[(1, 1)]);
    let heard = lists(told(scene.effects.split_off(before)));
    assert_eq!(heard, [(1, vec![Tell::Left { group: 1, robot: 2 }])]);
}

#[test]
fn asks_of_another_run_do_not_count() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    let asks = Asks { run: Uuid::from_u128(99), list: vec![gather(0, "k", 1)], ..Asks::default() };
    let effects = scene.say(1, Up::Groups(asks));
    assert_eq!(effects, [Effect::Announce(Notice::Foreign("a".into()))]);
}

#[test]
fn a_worker_speaks_for_its_own_robots_only() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    let foreign = (0..4).find(|robot| scene.run.deal.owner_of(slot_of(*robot)) == Some(WorkerId(2))).unwrap();
    scene.ask(2, vec![gather(foreign, "party", 2)]);
    let beyond = 16_384 * 64; // its slot is the first worker's, but the plan has no such robot
    let heard =
        lists(scene.ask(
            1,
            vec![gather(foreign, "party", 2), gather(beyond, "party", 2), Ask::Gone { robot: foreign }],
        ));
    let denied = |robot: u64| {
        let why = Denial::NotYours;
        Tell::Denied { robot, ticket: robot + 1, about: "party".into(), why }
    };
    assert_eq!(heard, [(1, vec![denied(foreign), denied(beyond)])]);
    assert_eq!(lists(scene.ask(1, vec![gather(0, "party", 2)])).len(), 2, "it still waits");
}

#[test]
fn a_worker_whose_stream_begins_anew_says_again_who_waits() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.ask(2, vec![gather(1, "party", 2), gather(3, "match", 2)]);
    // Its new stream fences the old one before that was missed.
    scene.join(5, "b", 2);
    scene.ready(5);
    assert!(scene.ask(1, vec![gather(0, "party", 2), gather(2, "match", 2)]).is_empty());
    let list = vec![gather(1, "party", 2)];
    let asks = Asks { run: scene.run.id, restating: true, list, ..Asks::default() };
    let heard = lists(told(scene.say(5, Up::Groups(asks))));
    assert_eq!(heard, [(1, vec![formed(1, &[1, 0], &[0])]), (5, vec![formed(1, &[1, 0], &[1])])]);
    assert!(scene.ask(5, vec![]).is_empty());
    let heard = lists(scene.ask(1, vec![gather(4, "match", 2)]));
    assert_eq!(heard, [(1, vec![formed(2, &[2, 4], &[2, 4])])], "robot 3 did not wait any more");
}
