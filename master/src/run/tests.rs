//! Events in, effects out: joins, losses, repeats, gaps, foreign runs and stops in every phase, and then at random.

mod any_order;
mod changes;
mod groups;
mod losses;
mod next;
mod open_model;
mod parts;
mod restart;
mod strain;

use std::num::NonZeroU32;

use proto::class::{Class, Classes, Share};
use proto::histogram::Histogram;
use proto::message::{PROTOCOL_MAJOR, PROTOCOL_MINOR};
use proto::plan::LossPolicy;
use proto::profile::Profile;
use proto::report::{Census, FailureDelta, SeriesDelta};
use proto::series::{FailureClass, Kind, RobotState, Series};

use proto::message::{Assignment, Beat};
use proto::report::Report;

use super::*;

const S: Duration = Duration::from_secs(1);

/// A run with its time line, and workers that do as they are told by the test.
struct Scene {
    run: Run,
    now: Duration,
    /// All that was ever ordered, in order.
    effects: Vec<Effect>,
}

fn plan(policy: LossPolicy) -> Plan {
    let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["role".into()]);
    let profile = Profile::ramp(100, 100.0, 20 * S).unwrap();
    let classes = Classes::new(vec![class]).unwrap();
    Plan { on_worker_loss: policy, ..Plan::new(profile, classes, "ws://127.0.0.1:8765") }
}

fn hello(name: &str, incarnation: u128) -> Hello {
    Hello {
        name: name.into(),
        incarnation: Uuid::from_u128(incarnation),
        session: Uuid::new_v4(),
        version: "0.1.0".into(),
        protocol_major: PROTOCOL_MAJOR,
        protocol_minor: PROTOCOL_MINOR,
        cores: 1,
        open_files: 1024,
        mods: vec!["role".into()],
        bundle: None,
    }
}

impl Scene {
    fn new(workers: usize, policy: LossPolicy) -> Self {
        Self::of(workers, plan(policy), Vec::new())
    }

    fn of(workers: usize, plan: Plan, files: Vec<(String, Vec<u8>)>) -> Self {
        let muster = Muster { workers, patience: Some(60 * S) };
        let bundle = Arc::new(Bundle::new(files));
        let run = Run::new(Duration::ZERO, Uuid::from_u128(7), muster, plan, bundle);
        Self { run, now: Duration::ZERO, effects: Vec::new() }
    }

    /// A run with so many ready workers a, b, c..., whose sessions are 1, 2, 3...
    fn running(workers: usize, policy: LossPolicy) -> Self {
        let mut scene = Self::new(workers, policy);
        for (i, name) in ["a", "b", "c", "d"].into_iter().take(workers).enumerate() {
            scene.join(i as u64 + 1, name, i as u128 + 1);
            scene.ready(i as u64 + 1);
        }
        assert_eq!(scene.run.phase(), Phase::Running);
        scene
    }

    fn handle(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.run.handle(self.now, event);
        self.effects.extend(effects.clone());
        effects
    }

    fn join(&mut self, session: u64, name: &str, incarnation: u128) -> Vec<Effect> {
        self.handle(Event::Joined(SessionId(session), hello(name, incarnation)))
    }

    fn say(&mut self, session: u64, up: Up) -> Vec<Effect> {
        self.handle(Event::Said(SessionId(session), up))
    }

    fn ready(&mut self, session: u64) -> Vec<Effect> {
        let hash = self.run.bundle.hash;
        self.say(session, Up::Ready(hash))
    }

    fn beat(&mut self, session: u64, epoch: u64) -> Vec<Effect> {
        self.say_beat(session, epoch, false)
    }

    /// A beat of a worker that was told to stop.
    fn leaves(&mut self, session: u64, epoch: u64) -> Vec<Effect> {
        self.say_beat(session, epoch, true)
    }

    fn say_beat(&mut self, session: u64, epoch: u64, leaving: bool) -> Vec<Effect> {
        let run = if epoch == 0 { Uuid::nil() } else { self.run.id };
        let beat = Beat {
            sent: self.now,
            run,
            epoch,
            robots: vec![],
            lag: Duration::ZERO,
            busy_permille: 0,
            settled: epoch,
            leaving,
            backlog: 0,
        };
        self.say(session, Up::Beat(beat))
    }

    fn report(&mut self, session: u64, report: Report) -> Vec<Effect> {
        self.say(session, Up::Report(report))
    }

    fn leave(&mut self, session: u64) -> Vec<Effect> {
        self.handle(Event::Left(SessionId(session), "it closed its stream".into()))
    }

    /// A worker's process ends, and nothing of it comes back.
    fn lose(&mut self, session: u64, beating: &[(u64, u64)]) {
        self.leave(session);
        self.pass(proto::message::BREAK_GRACE + S / 10, beating);
    }

    /// Goes on by so much, with beats of those sessions.
    fn pass(&mut self, time: Duration, beating: &[(u64, u64)]) {
        let end = self.now + time;
        while self.now < end {
            self.now += S / 10;
            beating.iter().for_each(|(session, epoch)| drop(self.beat(*session, *epoch)));
            self.handle(Event::Tick);
        }
    }

    fn code(&self) -> u8 {
        assert_eq!(self.run.phase(), Phase::Over);
        self.run.verdict().exit_code
    }

    /// The last assignment that each session was sent.
    fn assignments(&self) -> std::collections::BTreeMap<u64, Assignment> {
        let sent = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send(session, Down::Assignment(order)) => Some((session.0, Assignment::clone(order))),
            _ => None,
        });
        sent.collect()
    }
}

/// A report of one second with one echo and one connection, of a worker with so many robots.
fn report(sequence: u64, second: u64, robots: u64) -> Report {
    let mut latency = Histogram::new();
    latency.record(Duration::from_micros(250));
    let delta = |kind, name: &str| SeriesDelta {
        series: Series::new(kind, name),
        ok: latency.to_sparse(),
        failed: Default::default(),
        response: Default::default(),
        bytes_sent: 10,
        bytes_received: 20,
    };
    let mut census = Census::of("default");
    census.add(RobotState::Playing, robots);
    let start = HEAD_START;
    Report {
        run: Uuid::from_u128(7),
        sequence,
        from: start + S * (second as u32 - 1),
        to: start + S * second as u32,
        robots: vec![census],
        series: vec![delta(Kind::Connect, "game"), delta(Kind::Request, "EchoRequest")],
        failures: vec![],
        messages: vec![],
        kept: vec![],
        last: false,
        more: false,
    }
}

fn last(sequence: u64, second: u64) -> Report {
    Report { last: true, ..report(sequence, second, 0) }
}

fn has(effects: &[Effect], is: impl Fn(&Effect) -> bool) -> bool {
    effects.iter().any(is)
}

fn acks(effects: &[Effect]) -> Vec<(u64, u64)> {
    let ack = |effect: &Effect| match effect {
        Effect::Send(session, Down::Ack(sequence)) => Some((session.0, *sequence)),
        _ => None,
    };
    effects.iter().filter_map(ack).collect()
}

fn refusals(effects: &[Effect]) -> Vec<(u64, Refusal)> {
    let refusal = |effect: &Effect| match effect {
        Effect::Refuse(session, refusal) => Some((session.0, refusal.clone())),
        _ => None,
    };
    effects.iter().filter_map(refusal).collect()
}

#[test]
fn the_run_begins_when_all_awaited_workers_are_ready_and_all_start_at_one_instant() {
    let mut scene = Scene::new(2, LossPolicy::Rebalance);
    let joined = scene.join(1, "a", 1);
    assert!(has(&joined, |e| matches!(e, Effect::Ship(SessionId(1)))));
    scene.ready(1);
    scene.join(2, "b", 2);
    assert!(scene.assignments().is_empty());
    scene.now = 5 * S;
    scene.ready(2);
    let orders = scene.assignments();
    let shares: Vec<_> = orders.values().map(|o| (o.epoch, o.start, o.slots.len())).collect();
    assert_eq!(shares, [(1, 5 * S + HEAD_START, 8192); 2]);
    assert_eq!(orders[&1].slots.iter().filter(|slot| orders[&2].slots.contains(*slot)).count(), 0);
}

#[test]
fn who_is_there_is_said_and_when_too_few_come_in_time_the_run_could_not_be_made() {
    let mut scene = Scene::new(2, LossPolicy::Rebalance);
    scene.join(1, "ann", 1);
    scene.ready(1);
    scene.pass(61 * S, &[(1, 0)]);
    assert!(has(
        &scene.effects,
        |e| matches!(e, Effect::Announce(n) if n.to_string() == "1 of 2 workers: ann")
    ));
    assert_eq!(scene.code(), 1);
    assert_eq!(scene.run.verdict().reasons, ["not enough workers within 1m: 1 of 2 workers: ann"]);
}

#[test]
fn a_rejected_bundle_ends_it_as_a_fault_of_the_configuration_before_any_robot() {
    let mut scene = Scene::new(2, LossPolicy::Rebalance);
    scene.join(1, "a", 1);
    let hash = scene.run.bundle.hash;
    let effects = scene.say(1, Up::Rejected(hash, vec!["login.sproto:3: no type Foo".into()]));
    assert!(has(&effects, |e| *e == Effect::Finish));
    assert_eq!((scene.code(), scene.assignments().len()), (2, 0));
    assert_eq!(scene.run.verdict().reasons, ["worker a can't use the bundle: login.sproto:3: no type Foo"]);
}

#[test]
fn a_mod_that_neither_bundle_nor_worker_has_ends_it_before_any_robot() {
    let hero = |mods: &[&str], files| {
        let class = Class::new("all", Share::Weight(NonZeroU32::MIN), vec!["role".into(), "hero".into()]);
        let plan = Plan { classes: Classes::new(vec![class]).unwrap(), ..plan(LossPolicy::Rebalance) };
        let mut scene = Scene::of(2, plan, files);
        let mods = mods.iter().map(|name| name.to_string()).collect();
        scene.handle(Event::Joined(SessionId(1), Hello { mods, ..hello("a", 1) }));
        scene
    };
    let scene = hero(&["role"], vec![]);
    let reason = "worker a can't play mod `hero`: the bundle has no mods/hero/hero_mod.lua, and the worker has only \
                  role; ship it with --mods DIR, or start a worker that has it";
    assert_eq!((scene.code(), scene.run.verdict().reasons), (2, vec![reason.into()]));
    let shipped = vec![("mods/hero/hero_mod.lua".into(), Vec::new())];
    for (mods, files) in [(&["hero", "role"][..], vec![]), (&["role"], shipped), (&[], vec![])] {
        assert!(matches!(hero(mods, files).run.phase(), Phase::Waiting { .. }), "{mods:?}");
    }
}

#[test]
fn peers_that_may_not_take_part_are_refused_with_a_reason_and_touch_nobody() {
    let mut scene = Scene::new(1, LossPolicy::Rebalance);
    scene.join(1, "a", 1);
    let other = Hello { protocol_major: 9, ..hello("b", 2) };
    let effects = scene.handle(Event::Joined(SessionId(2), other));
    assert_eq!(refusals(&effects), [(2, Refusal::Protocol { theirs: 9 })]);
    let effects = scene.join(3, "a", 99);
    assert_eq!(refusals(&effects), [(3, Refusal::NameTaken("a".into()))]);
    let effects = scene.say(1, Up::Ready([9; 32]));
    assert_eq!(refusals(&effects), [(1, Refusal::Bundle)]);
    // Its name is free again.
    assert!(refusals(&scene.join(4, "a", 99)).is_empty());
    scene.ready(4);
    assert_eq!(scene.run.phase(), Phase::Running);
    let effects = scene.say(4, Up::Hello(hello("a", 99)));
    assert_eq!(refusals(&effects), [(4, Refusal::SecondHello)]);
}

#[test]
fn a_worker_that_loads_for_ever_is_sent_away() {
    let mut scene = Scene::new(1, LossPolicy::Rebalance);
    scene.run.muster.patience = None;
    scene.run.phase = Phase::Waiting { until: None, remind: S };
    scene.join(1, "a", 1);
    scene.pass(301 * S, &[(1, 0)]);
    assert_eq!(refusals(&scene.effects), [(1, Refusal::Loading)]);
}

#[test]
fn each_report_counts_once_however_often_it_comes() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.now = 3 * S;
    let first = scene.report(1, report(1, 1, 100));
    let again = scene.report(1, report(1, 1, 100));
    let zero = scene.report(1, report(0, 1, 100));
    let second = scene.report(1, report(2, 2, 100));
    assert_eq!(
        [first, again, zero, second].map(|effects| acks(&effects)),
        [[(1, 1)], [(1, 1)], [(1, 1)], [(1, 2)]]
    );
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (2, 0));
}

#[test]
fn a_report_of_another_run_is_left_out_and_counted() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.now = 3 * S;
    let foreign = Report { run: Uuid::from_u128(8), ..report(1, 1, 100) };
    let effects = scene.report(1, foreign);
    assert!(acks(&effects).is_empty() && refusals(&effects).is_empty());
    assert_eq!(acks(&scene.report(1, report(1, 1, 100))), [(1, 1)]);
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (1, 0));
    assert_eq!(scene.run.verdict().warnings, ["1 reports of other runs came and were left out"]);
}

#[test]
fn a_report_that_can_t_be_true_costs_its_worker_its_place_and_counts_nothing() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.now = 3 * S;
    let effects = scene.report(1, Report { to: Duration::MAX, ..report(1, 1, 50) });
    assert!(matches!(&refusals(&effects)[..], [(1, Refusal::Impossible(_))]));
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (0, 0));
    assert_eq!(scene.run.phase(), Phase::Running);
}

/// A run of 20 s with two workers that report every second, from start to verdict.
fn to_the_end(scene: &mut Scene, sessions: &[u64], epoch: u64, from: u64) {
    let beating: Vec<_> = sessions.iter().map(|session| (*session, epoch)).collect();
    for second in from..=20 {
        let due = HEAD_START + S * second as u32;
        scene.pass(due.saturating_sub(scene.now), &beating);
        for session in sessions {
            let robots = 100 / sessions.len() as u64;
            let report = if second == 20 { last(second, second) } else { report(second, second, robots) };
            scene.report(*session, report);
        }
    }
}

#[test]
fn a_run_ends_with_its_plan_when_every_last_report_is_merged() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    to_the_end(&mut scene, &[1, 2], 1, 1);
    assert_eq!(scene.run.verdict().reasons, Vec::<String>::new());
    assert_eq!((scene.code(), scene.run.ran()), (0, 20 * S));
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (40, 0));
    let seconds = scene.run.totals().timeline.seconds();
    assert_eq!(seconds.len(), 20);
    assert!(seconds.iter().all(|s| s.requests.latency.count == 2));
    assert_eq!((seconds[10].users, seconds[19].users), ([0, 0, 0, 100, 0], [0; 5]));
    let told: Vec<_> = scene.effects.iter().filter(|e| matches!(e, Effect::Second(_))).collect();
    assert_eq!(told.len(), 20);
}

#[test]
fn a_stop_cuts_the_plan_for_all_and_drains() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(5 * S, &[(1, 1), (2, 1)]);
    (1..=4).for_each(|s| [1, 2].iter().for_each(|session| drop(scene.report(*session, report(s, s, 50)))));
    scene.handle(Event::Stop);
    let orders = scene.assignments();
    assert!(orders.values().all(|order| order.epoch == 2 && order.plan.profile.end() == S * 45 / 10));
    scene.report(1, last(5, 5));
    assert!(matches!(scene.run.phase(), Phase::Draining { .. }));
    scene.report(2, last(5, 5));
    assert_eq!((scene.code(), scene.run.ran()), (0, S * 45 / 10));
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (10, 0));
}

#[test]
fn a_stop_in_the_head_start_ends_a_run_without_robots() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.handle(Event::Stop);
    assert_eq!(scene.assignments()[&1].plan.profile.end(), Duration::ZERO);
    scene.report(1, Report { series: vec![], ..last(1, 1) });
    assert_eq!(scene.code(), 1);
    assert_eq!(
        scene.run.verdict().reasons,
        ["nothing was measured: the run ended before any robot connected"]
    );
}

#[test]
fn a_stop_while_waiting_and_a_second_one_while_draining_end_it_at_once() {
    let mut scene = Scene::new(2, LossPolicy::Rebalance);
    scene.handle(Event::Stop);
    assert_eq!(scene.code(), 1);
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    scene.report(1, report(1, 1, 50));
    scene.handle(Event::Stop);
    scene.report(2, last(1, 3));
    scene.handle(Event::Stop);
    assert_eq!(scene.code(), 0);
    let names: Vec<_> = scene.run.losses().iter().map(|loss| loss.worker.as_str()).collect();
    assert_eq!(names, ["a"]);
}

#[test]
fn a_last_report_that_never_comes_is_written_off_at_the_deadline() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    scene.handle(Event::Stop);
    scene.report(2, last(1, 3));
    scene.pass(10 * S, &[(1, 2), (2, 2)]);
    assert_eq!((scene.code(), scene.run.losses().len()), (0, 1));
    let warning = &scene.run.verdict().warnings[0];
    assert!(
        warning.contains("worker a with") && warning.contains("its last report did not come in time"),
        "{warning}"
    );
}

#[test]
fn a_worker_that_tells_of_more_robots_than_its_own_is_named() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.now = 3 * S;
    scene.report(1, report(1, 1, 50));
    assert!(scene.run.verdict().warnings.is_empty());
    scene.report(1, report(2, 2, 51));
    assert_eq!(scene.run.verdict().warnings, ["worker a told of 51 robots, but at most 50 were its"]);
}

#[test]
fn a_worker_that_runs_something_else_is_told_again_after_a_second() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    let orders = |scene: &Scene| {
        scene.effects.iter().filter(|e| matches!(e, Effect::Send(_, Down::Assignment(_)))).count()
    };
    scene.pass(S * 9 / 10, &[(1, 0)]);
    assert_eq!(orders(&scene), 1);
    scene.pass(S / 10, &[(1, 0)]);
    assert_eq!(orders(&scene), 2);
    scene.pass(2 * S, &[(1, 1)]);
    assert_eq!(orders(&scene), 2);
}

fn no_connection(sequence: u64, second: u64) -> Report {
    let mut report = report(sequence, second, 100);
    let series = Series::new(Kind::Connect, "lobby");
    report.series.truncate(1);
    report.series[0].failed = std::mem::take(&mut report.series[0].ok);
    let (count, first) = (1, report.from);
    let example = "connection refused".into();
    report.failures =
        vec![FailureDelta { series, class: FailureClass::Refused, count, first, last: first, example }];
    report
}

#[test]
fn a_target_that_nobody_reaches_ends_the_run_after_ten_seconds() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(4 * S, &[(1, 1)]);
    scene.report(1, no_connection(1, 3));
    scene.pass(S * 64 / 10, &[(1, 1)]);
    assert_eq!(scene.run.phase(), Phase::Running);
    scene.pass(S / 5, &[(1, 1)]);
    assert!(matches!(scene.run.phase(), Phase::Draining { .. }));
    scene.report(1, Report { last: true, ..no_connection(2, 10) });
    assert_eq!(scene.code(), 1);
    assert_eq!(
        scene.run.verdict().reasons,
        ["no robot could connect to ws://127.0.0.1:8765: connection refused"]
    );
}

#[test]
fn passwords_of_the_target_are_told_nobody() {
    let host = "wss://ann:hush@game:1/?token=hush".to_owned();
    let mut scene = Scene::of(1, Plan { host, ..plan(LossPolicy::Rebalance) }, Vec::new());
    scene.join(1, "a", 1);
    scene.ready(1);
    scene.pass(4 * S, &[(1, 1)]);
    scene.report(1, no_connection(1, 3));
    scene.pass(7 * S, &[(1, 1)]);
    assert_eq!(scene.run.verdict().reasons, ["no robot could connect to wss://game:1/: connection refused"]);
    let summary = crate::summary::Summary::of(&scene.run, &crate::clock::Clock::start());
    assert_eq!(summary.plan.host, "wss://game:1/");
}

#[test]
fn a_shorter_run_against_no_target_gets_the_same_verdict() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(4 * S, &[(1, 1)]);
    scene.handle(Event::Stop);
    scene.report(1, Report { last: true, ..no_connection(1, 3) });
    assert_eq!(scene.code(), 1);
    assert_eq!(scene.run.verdict().reasons.len(), 1);
}

#[test]
fn whoever_comes_after_the_verdict_is_sent_away() {
    let mut scene = Scene::new(1, LossPolicy::Rebalance);
    scene.handle(Event::Stop);
    assert_eq!(scene.join(1, "a", 1), [Effect::Refuse(SessionId(1), Refusal::Over)]);
    assert!(scene.handle(Event::Stop).is_empty() && scene.ready(1).is_empty());
}
