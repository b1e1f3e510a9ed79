//! One run after the other with the same workers.

use super::*;
use crate::start::Start;

const AGAIN: Uuid = Uuid::from_u128(8);

impl Scene {
    /// A run that nobody has started yet.
    fn held(workers: usize) -> Self {
        let mut scene = Self::new(workers, LossPolicy::Rebalance);
        scene.run = scene.run.held();
        scene
    }

    /// The run is over, and another is held.
    fn renew(&mut self) -> Vec<Effect> {
        assert_eq!(self.run.phase(), Phase::Over);
        self.run.renew(self.now, AGAIN, plan(LossPolicy::Rebalance))
    }
}

/// Two workers whose first run is over, and all their last reports are there.
fn after_one() -> Scene {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    [1, 2].iter().for_each(|session| drop(scene.report(*session, report(1, 1, 50))));
    scene.handle(Event::Stop);
    [1, 2].iter().for_each(|session| drop(scene.report(*session, last(2, 3))));
    scene
}

#[test]
fn a_held_run_waits_for_its_start_however_many_workers_are_there() {
    let mut scene = Scene::held(1);
    scene.join(1, "a", 1);
    scene.ready(1);
    scene.pass(600 * S, &[(1, 0)]);
    assert!(scene.run.is_held() && scene.assignments().is_empty());
    assert_eq!(scene.wish(Wish::Stop), Err(Declined::Now("no run goes on; start one first".into())));
    let start = Start { users: Some(10), ..Start::default() };
    let told = scene.wish(Wish::Start(start)).unwrap();
    assert_eq!(
        (told.told.as_str(), scene.run.phase()),
        ("a run is started: 1 of 1 workers: a", Phase::Running)
    );
    assert_eq!(scene.assignments()[&1].plan.profile.peak(), 10);
    let again = scene.wish(Wish::Start(Start::default()));
    assert_eq!(again, Err(Declined::Now("a run goes on already; stop it first".into())));
}

#[test]
fn a_start_that_can_t_be_run_leaves_the_run_held() {
    let mut scene = Scene::held(1);
    let start = Start { users: Some(1 << 63), ..Start::default() };
    assert!(matches!(scene.wish(Wish::Start(start)), Err(Declined::Never(_))));
    assert!(scene.run.is_held());
}

#[test]
fn patience_begins_with_the_start() {
    let mut scene = Scene::held(1);
    scene.pass(100 * S, &[]);
    scene.wish(Wish::Start(Start::default())).unwrap();
    scene.pass(59 * S, &[]);
    assert!(matches!(scene.run.phase(), Phase::Waiting { .. }));
    scene.pass(2 * S, &[]);
    assert_eq!(scene.code(), 1);
}

#[test]
fn the_next_run_has_the_same_workers_and_none_of_the_figures() {
    let mut scene = after_one();
    let welcome = |effect: &Effect| match effect {
        Effect::Send(session, Down::Welcome(welcome)) => Some((session.0, welcome.run)),
        _ => None,
    };
    let effects = scene.renew();
    assert_eq!(effects.iter().map(welcome).collect::<Vec<_>>(), [Some((1, AGAIN)), Some((2, AGAIN))]);
    scene.effects.clear();
    scene.wish(Wish::Start(Start::default())).unwrap();
    let orders = scene.assignments();
    assert_eq!(orders.values().map(|order| (order.run, order.epoch)).collect::<Vec<_>>(), [(AGAIN, 1); 2]);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    // What still comes of the run before does not count.
    assert!(acks(&scene.report(1, report(3, 3, 50))).is_empty());
    let mine = Report { run: AGAIN, ..report(1, 1, 50) };
    assert_eq!(acks(&scene.report(1, mine)), [(1, 1)]);
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (1, 0));
    assert_eq!((scene.run.changes().len(), scene.run.losses().len(), scene.run.revision()), (0, 0, 1));
}

#[test]
fn a_run_waits_for_the_leases_of_robots_that_nobody_saw_end() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    scene.report(2, last(1, 3));
    scene.handle(Event::Stop);
    scene.handle(Event::Stop);
    scene.renew();
    scene.effects.clear();
    scene.wish(Wish::Start(Start::default())).unwrap();
    scene.pass(S * 29 / 10, &[(1, 0), (2, 0)]);
    assert!(scene.assignments().is_empty());
    scene.pass(S / 10, &[(1, 0), (2, 0)]);
    assert_eq!(scene.assignments().len(), 2);
}

#[test]
fn a_worker_that_can_t_take_part_is_sent_away_and_a_held_run_goes_on() {
    let mut scene = Scene::held(1);
    let effects =
        scene.handle(Event::Joined(SessionId(1), Hello { mods: vec!["hero".into()], ..hello("a", 1) }));
    assert!(matches!(&refusals(&effects)[..], [(1, Refusal::Unfit(_))]));
    scene.join(2, "b", 2);
    let hash = scene.run.bundle.hash;
    let effects = scene.say(2, Up::Rejected(hash, vec!["a.sproto:1: no".into()]));
    assert_eq!(refusals(&effects), [(2, Refusal::Unfit("a.sproto:1: no".into()))]);
    assert!(scene.run.is_held());
    scene.join(3, "a", 3);
    scene.ready(3);
    assert!(scene.wish(Wish::Start(Start::default())).is_ok());
}

#[test]
fn a_granted_start_is_known_to_a_master_that_is_started_again_before_the_run_begins() {
    let mut scene = Scene::held(2);
    scene.join(1, "a", 1);
    scene.ready(1);
    scene.wish(Wish::Start(Start { users: Some(10), ..Start::default() })).unwrap();
    let run = scene.run.id();
    scene.pass(5 * S, &[(1, 0)]);
    scene.restart(S);
    assert!(!scene.run.is_held() && matches!(scene.run.phase(), Phase::Waiting { .. }));
    // Once it has begun, that is what is gone on with.
    for (session, name) in [(11, "a"), (12, "b")] {
        scene.join(session, name, session.into());
        scene.ready(session);
    }
    assert_eq!(
        (scene.run.id(), scene.run.phase(), scene.run.plan().profile.peak()),
        (run, Phase::Running, 10)
    );
    scene.restart(S);
    assert_eq!(
        (scene.run.id(), scene.run.phase(), scene.run.plan().profile.peak()),
        (run, Phase::Running, 10)
    );
    assert_eq!(scene.run.revision(), 1);
}
