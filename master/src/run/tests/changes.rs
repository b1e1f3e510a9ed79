//! People change a run: what is granted, what is not, and that nothing of it is forgotten.

use proto::arrivals::Arrivals;
use proto::command::Command;
use proto::talk::{Ask, Asks, Gather};

use super::*;
use crate::change::MOST_CHANGES;
use crate::start::Start;

impl Scene {
    pub(super) fn wish(&mut self, wish: Wish) -> Result<Told, Declined> {
        let effects = self.handle(Event::Wish(wish, "ann".into()));
        let answer = effects.into_iter().find_map(|effect| match effect {
            Effect::Answer(answer) => Some(answer),
            _ => None,
        });
        answer.expect("an answer")
    }

    fn declined(&mut self, wish: Wish) -> String {
        let declined = self.wish(wish).unwrap_err();
        format!("{}{declined}", if matches!(declined, Declined::Now(_)) { "" } else { "never: " })
    }

    /// Commands that went out: to which session, which.
    fn commands(&self) -> Vec<(u64, Command)> {
        let sent = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send(session, Down::Command(command)) => Some((session.0, command.clone())),
            _ => None,
        });
        sent.collect()
    }
}

fn users(users: u64, rate: f64) -> Wish {
    Wish::Users { users, rate: Some(rate) }
}

fn storm(share_permille: u32, args: &str) -> Wish {
    Wish::Command { name: "storm".into(), share_permille, args: args.into() }
}

#[test]
fn another_number_of_robots_is_a_revision_that_every_worker_gets_and_the_timeline_tells() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(HEAD_START + 5 * S, &[(1, 1), (2, 1)]);
    let told = scene.wish(users(200, 50.0)).unwrap();
    assert_eq!((told.revision, told.told.as_str()), (2, "200 robots at 50 per second"));
    let orders = scene.assignments();
    assert_eq!(orders.len(), 2);
    for order in orders.values() {
        let alive = [4, 6, 7, 10, 19, 20].map(|t| order.plan.profile.alive(S * t));
        assert_eq!((order.epoch, alive), (2, [100, 150, 200, 200, 200, 0]));
    }
    let [change] = scene.run.changes() else { panic!("{:?}", scene.run.changes()) };
    assert_eq!(change.to_string(), "5.0 s: 200 robots at 50 per second (ann)");
}

#[test]
fn without_a_rate_robots_come_and_go_as_fast_as_in_the_beginning() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(HEAD_START + 5 * S, &[(1, 1)]);
    let told = scene.wish(Wish::Users { users: 50, rate: None }).unwrap();
    assert_eq!(told.told, "50 robots at 100 per second");
    assert_eq!(scene.run.plan().profile.alive(S * 55 / 10), 50);
}

#[test]
fn an_arrival_rate_can_be_changed_and_the_verdict_counts_by_it() {
    let profile = Profile::arrivals(10.0, Arrivals::Constant, 20 * S, 0).unwrap();
    let mut scene = Scene::of(1, Plan { profile, ..plan(LossPolicy::Rebalance) }, Vec::new());
    scene.join(1, "a", 1);
    scene.ready(1);
    scene.pass(HEAD_START + 10 * S, &[(1, 1)]);
    assert_eq!(
        scene.declined(users(5, 1.0)),
        "never: robots arrive at a rate in this run; change that rate, not the number of robots"
    );
    scene.wish(Wish::Arrivals { rate: 1.0 }).unwrap();
    assert_eq!(scene.assignments()[&1].plan.profile.arrived(20 * S), 109);
}

#[test]
fn a_pause_is_part_of_the_plan_and_robots_stay() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(2 * S, &[(1, 1), (2, 1)]);
    assert_eq!(scene.declined(Wish::Resume), "the run is not paused");
    scene.wish(Wish::Pause).unwrap();
    assert!(
        scene
            .assignments()
            .values()
            .all(|order| order.plan.paused && order.plan.profile.alive(10 * S) == 100)
    );
    assert_eq!(scene.declined(Wish::Pause), "the run is paused already");
    scene.wish(Wish::Resume).unwrap();
    assert!(scene.assignments().values().all(|order| !order.plan.paused && order.epoch == 3));
    assert_eq!(scene.run.revision(), 3);
}

#[test]
fn a_command_goes_to_each_worker_that_is_there_and_only_once() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.join(3, "late", 9);
    scene.pass(S, &[(1, 1), (2, 1), (3, 0)]);
    let args = format!("\"{}\"", "x".repeat(1_000));
    scene.wish(storm(300, &args)).unwrap();
    scene.wish(storm(1_000, "null")).unwrap();
    scene.ready(3);
    scene.pass(5 * S, &[(1, 1), (2, 1), (3, 0)]);
    let sent: Vec<_> = scene
        .commands()
        .into_iter()
        .map(|(session, command)| (session, command.id, command.args.to_string()))
        .collect();
    let all = [(1, 1, args.clone()), (2, 1, args), (1, 2, "null".into()), (2, 2, "null".into())];
    assert_eq!(sent, all);
    let told: Vec<_> = scene.run.changes().iter().map(|change| change.what.to_string()).collect();
    assert!(
        told[0].starts_with("command storm to 30 % of the robots with \"xxx") && told[0].len() < 120,
        "{}",
        told[0]
    );
    assert_eq!((told[1].as_str(), scene.run.revision()), ("command storm", 1));
}

#[test]
fn what_can_t_be_done_now_is_declined_with_a_sentence() {
    let all = || [users(5, 1.0), Wish::Arrivals { rate: 1.0 }, Wish::Pause, Wish::Resume, storm(1_000, "{}")];
    let mut scene = Scene::new(2, LossPolicy::Rebalance);
    for wish in all() {
        assert_eq!(scene.declined(wish), "the run has not begun: 0 of 2 workers");
    }
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(2 * S, &[(1, 1)]);
    assert_eq!(scene.declined(Wish::Start(Start::default())), "a run goes on already; stop it first");
    assert_eq!(scene.wish(Wish::Stop).unwrap().told, "stopping: last reports are awaited");
    for wish in all() {
        assert_eq!(scene.declined(wish), "the run is stopping");
    }
    assert_eq!(scene.wish(Wish::Stop).unwrap().told, "stopped at once");
    assert_eq!(scene.run.phase(), Phase::Over);
    for wish in all().into_iter().chain([Wish::Stop]) {
        assert_eq!(scene.declined(wish), "the run is over");
    }
    assert_eq!(scene.run.changes().len(), 2);
}

#[test]
fn what_can_never_be_done_is_declined_with_a_sentence() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(2 * S, &[(1, 1)]);
    let spawn = |rate| {
        format!("never: a spawn rate of {rate} robots per second is not possible; give a number above 0")
    };
    let table = [
        (
            users(1 << 63, 1.0),
            "never: 9223372036854775808 robots are more than a plan can hold (1000000000)".into(),
        ),
        (users(5, f64::NAN), spawn("NaN")),
        (users(5, 0.0), spawn("0")),
        (users(5, -1.0), spawn("-1")),
        (
            users(100_000, 1.0),
            "never: 99900 robots at 1 per second take longer than 24 h; give a rate of at least 1.15625"
                .into(),
        ),
        (
            Wish::Arrivals { rate: 1.0 },
            "never: no robots arrive at a rate in this run; change the number of robots".into(),
        ),
        (storm(0, "{}"), "never: share: 0 thousandths; give 1 to 1000".into()),
        (storm(1_000, "{"), "never: args: no JSON: EOF while parsing an object at line 1 column 1".into()),
    ];
    for (wish, sentence) in table {
        assert_eq!(scene.declined(wish), sentence);
    }
    assert!(scene.run.changes().is_empty() && scene.commands().is_empty());
}

#[test]
fn more_robots_than_classes_or_rows_give_are_declined() {
    use proto::data::{DataPolicy, DataSet};
    let rows = (0..120).fold("name\n".to_owned(), |rows, i| format!("{rows}r{i}\n"));
    let set = DataSet { name: "accounts".into(), path: "data/a.csv".into(), policy: DataPolicy::Unique };
    let plan = Plan { data: vec![set], ..plan(LossPolicy::Rebalance) };
    let mut scene = Scene::of(1, plan, vec![("data/a.csv".into(), rows.into_bytes())]);
    scene.join(1, "a", 1);
    scene.ready(1);
    scene.pass(2 * S, &[(1, 1)]);
    scene.wish(users(120, 10.0)).unwrap();
    let sentence = "never: data set `accounts` is unique, but has 120 rows for 121 robots";
    assert_eq!(scene.declined(users(121, 10.0)), sentence);
    // The file is not read again.
    scene.run.bundle = Arc::new(Bundle::new(Vec::new()));
    assert_eq!(scene.declined(users(121, 10.0)), sentence);
    scene.handle(Event::Stop);
    scene.report(1, last(1, 2));
    scene.run.renew(scene.now, Uuid::from_u128(8), scene.run.plan().clone());
    let start = Start { users: Some(121), spawn_rate: Some(100.0), ..Start::default() };
    assert_eq!(scene.declined(Wish::Start(start)), sentence);
}

#[test]
fn more_robots_than_the_workers_have_ports_are_declined() {
    let most = 2 * proto::ports::EPHEMERAL_PORTS;
    let start = |users| Wish::Start(Start { users: Some(users), spawn_rate: Some(1e6), ..Start::default() });
    let sentence = "never: 56465 robots with one connection each to ws://127.0.0.1:8765 need as many ports, but 2 x 1 x \
                    28232 (workers x source addresses x ports) are 56464; give 2 source addresses to each worker, or 3 \
                    workers";
    // Two workers are there where one was awaited: both have ports.
    let mut scene = Scene::new(1, LossPolicy::Rebalance);
    scene.run = scene.run.held();
    for (session, name) in [(1, "a"), (2, "b")] {
        scene.join(session, name, session.into());
        scene.ready(session);
    }
    assert_eq!(scene.declined(start(most + 1)), sentence);
    scene.wish(start(most)).unwrap();
    scene.pass(2 * S, &[(1, 1), (2, 1)]);
    assert_eq!(scene.declined(users(most + 1, 1e6)), sentence);
    scene.wish(users(most, 1e6)).unwrap();
    // A worker that was awaited and is away is one that may come back.
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(2 * S, &[(1, 1), (2, 1)]);
    scene.lose(2, &[(1, 1)]);
    assert_eq!(scene.declined(users(most + 1, 1e6)), sentence);
    scene.wish(users(most, 1e6)).unwrap();
}

#[test]
fn a_run_takes_so_many_changes_and_always_an_end() {
    let profile = Profile::ramp(100, 100.0, 200 * S).unwrap();
    let mut scene = Scene::of(1, Plan { profile, ..plan(LossPolicy::Rebalance) }, Vec::new());
    scene.join(1, "a", 1);
    scene.ready(1);
    scene.pass(2 * S, &[(1, 1)]);
    for _ in 0..MOST_CHANGES {
        scene.pass(S / 10, &[(1, 1)]);
        scene.wish(storm(1_000, "null")).unwrap();
    }
    scene.pass(S, &[(1, 1)]);
    let sentence = "the run was changed 1000 times; it takes no more than its end";
    assert_eq!(scene.declined(Wish::Pause), sentence);
    assert!(scene.wish(Wish::Stop).is_ok());
}

#[test]
fn changes_come_no_faster_than_workers_can_read_them_and_an_end_always() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(2 * S, &[(1, 1), (2, 1)]);
    let args = format!("\"{}\"", "x".repeat(60_000));
    let granted = (0..61).filter(|_| scene.wish(storm(1_000, &args)).is_ok()).count();
    assert_eq!((granted, scene.commands().len()), (10, 20));
    let sentence = "the run was changed 10 times within a second; ask again a little later";
    assert_eq!(scene.declined(Wish::Pause), sentence);
    // However many workers hear of it, it is there once.
    let commands = scene.commands();
    assert!(std::sync::Arc::ptr_eq(&commands[0].1.args, &commands[1].1.args));
    scene.pass(S * 9 / 10, &[(1, 1), (2, 1)]);
    assert_eq!(scene.declined(Wish::Pause), sentence);
    scene.pass(S / 10, &[(1, 1), (2, 1)]);
    assert_eq!(scene.wish(Wish::Pause).map(|told| told.revision), Ok(2));
    (0..9).for_each(|_| drop(scene.wish(storm(1_000, &args)).unwrap()));
    assert!(scene.wish(Wish::Stop).is_ok());
}

#[test]
fn a_stop_of_any_kind_stands_on_the_timeline() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(2 * S, &[(1, 1)]);
    scene.handle(Event::Stop);
    let told: Vec<_> = scene.run.changes().iter().map(ToString::to_string).collect();
    assert_eq!((told, scene.run.changes()[0].revision), (vec!["1.5 s: stopped (a signal)".into()], 2));
}

#[test]
fn the_first_stop_of_a_run_that_is_ending_anyway_costs_no_report() {
    for is_signal in [true, false] {
        let mut scene = Scene::running(2, LossPolicy::Rebalance);
        to_the_end_but_one(&mut scene);
        assert!(matches!(scene.run.phase(), Phase::Draining { .. }));
        if is_signal {
            scene.handle(Event::Stop);
        } else {
            assert_eq!(scene.wish(Wish::Stop).unwrap().told, "stopping: last reports are awaited");
        }
        assert!(matches!(scene.run.phase(), Phase::Draining { .. }));
        scene.report(2, last(20, 20));
        assert_eq!((scene.code(), scene.run.losses().len(), scene.run.changes().len()), (0, 0, 1));
    }
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    to_the_end_but_one(&mut scene);
    scene.handle(Event::Stop);
    assert_eq!(scene.wish(Wish::Stop).unwrap().told, "stopped at once");
    assert_eq!((scene.run.phase(), scene.run.losses().len()), (Phase::Over, 1));
}

/// The plan is over, and only the last report of worker 2 is awaited.
fn to_the_end_but_one(scene: &mut Scene) {
    for second in 1..=19u64 {
        let due = HEAD_START + S * second as u32;
        scene.pass(due.saturating_sub(scene.now), &[(1, 1), (2, 1)]);
        [1, 2].iter().for_each(|session| drop(scene.report(*session, report(second, second, 50))));
    }
    scene.pass(S, &[(1, 1), (2, 1)]);
    scene.report(1, last(20, 20));
}

#[test]
fn a_restarted_master_knows_every_change_and_repeats_none() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(3 * S, &[(1, 1)]);
    scene.wish(users(300, 100.0)).unwrap();
    scene.wish(Wish::Pause).unwrap();
    scene.wish(storm(500, "[1]")).unwrap();
    let before = (scene.run.plan().clone(), scene.run.changes().to_vec(), scene.run.revision());
    scene.restart(S);
    assert_eq!((scene.run.plan().clone(), scene.run.changes().to_vec(), scene.run.revision()), before);
    scene.effects.clear();
    scene.join(11, "a", 1);
    scene.ready(11);
    scene.pass(2 * S, &[(11, 3)]);
    assert!(scene.commands().is_empty());
    assert_eq!(scene.run.ramp.shortfall(20 * S).map(|why| why.contains("of 300 robots")), Some(true));
    scene.wish(storm(500, "[1]")).unwrap();
    assert_eq!(scene.commands()[0].1.id, 4);
}

#[test]
fn robots_that_a_change_adds_may_meet_others() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(2 * S, &[(1, 1)]);
    scene.wish(users(200, 100.0)).unwrap();
    let gather = Gather { robot: 150, ticket: 1, key: "party".into(), size: 2, timeout: 60 * S };
    let ask = Ask::Gather(gather);
    let run = scene.run.id();
    let asks = Asks { run, seen: 0, restating: false, list: vec![ask] };
    scene.say(1, Up::Groups(asks));
    assert!(
        !has(&scene.effects, |effect| matches!(effect, Effect::Send(_, Down::Groups(_)))),
        "nothing is denied"
    );
}
