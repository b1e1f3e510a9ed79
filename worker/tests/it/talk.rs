//! Robots that talk to each other, on two threads of one process: parties, barriers, topics, boards, shared tables.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{counts, failures, plan, play};
use proto::histogram::{Histogram, Sparse};
use proto::report::{Report, SeriesDelta};
use proto::series::{FailureClass, Kind};
use worker::{Group, Handlers, Mod, Registry, Robot, Tasks, Wait};

const LONG: Duration = Duration::from_secs(10);

/// What robots saw, from all threads.
type Seen = Arc<Mutex<BTreeMap<u64, String>>>;

type Act = for<'a> fn(&'a Actor, &'a Robot) -> Pin<Box<dyn Future<Output = anyhow::Result<String>> + 'a>>;

/// A robot that does one thing, tells what it saw, and stays.
struct Actor {
    act: Act,
    seen: Seen,
    heard: RefCell<Vec<i64>>,
    group: RefCell<Option<Group>>,
}

impl Mod for Actor {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.subscribe("news:today")?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("act", 1, async |me: &Self, robot: &Robot| {
            let seen = (me.act)(me, robot).await?;
            me.seen.lock().unwrap().insert(robot.number(), seen);
            robot.sleep(LONG).await;
            Ok(())
        })
    }

    fn handlers() -> Handlers<Self> {
        Handlers::new().on_topic("news", |me: &Self, _, value| {
            me.heard.borrow_mut().extend(value.as_i64());
            anyhow::ensure!(value.is_i64(), "no number");
            Ok(())
        })
    }
}

/// So many robots that do one thing, for a second. What each saw, and what was measured.
async fn run(robots: u64, act: Act) -> (BTreeMap<u64, String>, Vec<Report>) {
    let seen = Seen::default();
    let all = seen.clone();
    let make = move || Actor { act, seen: all.clone(), heard: RefCell::default(), group: RefCell::default() };
    let registry = Registry::default().with("actor", make);
    let reports = play(plan("ws://127.0.0.1:1", "actor", robots, 1_000.0, 1.5), registry).await;
    let seen = seen.lock().unwrap().clone();
    (seen, reports)
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_robots_are_two_parties_of_four() {
    let (seen, reports) = run(8, |_, robot| {
        Box::pin(async {
            let party = robot.gather("party:17", 4, LONG).await?;
            assert_eq!(party.members()[party.place()], robot.number());
            Ok(format!("{} {:?}", party.id(), party.members()))
        })
    })
    .await;
    let parties: BTreeSet<_> = seen.values().collect();
    assert_eq!((seen.len(), parties.len()), (8, 2), "{seen:?}");
    assert_eq!(counts(&reports, Kind::Wait, "party"), (8, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_robots_are_told_so_in_time_and_it_is_counted() {
    let (seen, reports) = run(3, |_, robot| {
        Box::pin(async {
            let lonely = robot.gather("lonely", 4, Duration::from_millis(100)).await;
            Ok(lonely.err().map(|e| e.to_string()).unwrap_or_default())
        })
    })
    .await;
    let told = "`lonely`: no group of 4 within 100ms";
    assert!(seen.len() == 3 && seen.values().all(|seen| seen == told), "{seen:?}");
    assert_eq!(counts(&reports, Kind::Wait, "lonely"), (0, 3));
    assert_eq!(failures(&reports, Kind::Wait, FailureClass::Timeout), (3, told.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_robot_that_is_told_to_leave_does_so_without_a_failure() {
    let (seen, reports) = run(1, |_, robot| {
        Box::pin(async {
            robot.gather("nobody", 2, LONG).await?;
            Ok("met".into())
        })
    })
    .await;
    assert!(seen.is_empty());
    assert_eq!(counts(&reports, Kind::Wait, "nobody"), (0, 0));
    assert_eq!(
        (counts(&reports, Kind::Task, "act"), counts(&reports, Kind::Session, "default")),
        ((1, 0), (1, 0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gave_up_by_itself_is_in_no_group() {
    let (seen, _) = run(3, |_, robot| {
        Box::pin(async {
            if robot.number() == 0 {
                let wait = robot.gather("pair", 2, LONG);
                assert!(tokio::time::timeout(Duration::from_millis(50), wait).await.is_err());
                robot.shared("flags").set("gave up", true)?;
            }
            while robot.shared("flags").get("gave up").is_none() {
                robot.sleep(Duration::from_millis(5)).await;
            }
            robot.gather("all", 3, LONG).await?;
            if robot.number() == 0 {
                Ok("alone".into())
            } else {
                Ok(format!("{:?}", robot.gather("pair", 2, LONG).await?.members()))
            }
        })
    })
    .await;
    assert!(seen[&1] == seen[&2] && !seen[&1].contains('0'), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_reaches_all_others_in_order_and_before_their_tasks_run_on() {
    let (seen, reports) = run(6, |me, robot| {
        Box::pin(async {
            robot.gather("all listen", 6, LONG).await?;
            if robot.number() == 0 {
                (1..=3).try_for_each(|n| robot.publish("news:today", n))?;
                robot.publish("news:yesterday", 9)?;
                robot.publish("news:today", "no number")?;
            }
            robot.gather("all was said", 6, LONG).await?;
            Ok(format!("{:?}", me.heard.borrow()))
        })
    })
    .await;
    assert_eq!(seen[&0], "[]", "not what it said itself");
    assert!((1..6).all(|robot| seen[&robot] == "[1, 2, 3]"), "{seen:?}");
    let (count, example) = failures(&reports, Kind::Wait, FailureClass::Task);
    assert_eq!((count, example.as_str()), (5, "handler of news:today: no number"));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_members_see_the_same_board() {
    let (seen, reports) = run(4, |_, robot| {
        Box::pin(async {
            let party = robot.gather("party", 4, LONG).await?;
            if party.place() == 0 {
                party.set("map", "ice")?;
            }
            let map = party.wait_for("map", LONG).await?;
            party.set("last", robot.number())?;
            robot.gather("all wrote", 4, LONG).await?;
            assert_eq!(party.get("nothing"), None);
            Ok(format!("{map} {}", party.get("last").unwrap()))
        })
    })
    .await;
    assert_eq!(seen.values().collect::<BTreeSet<_>>().len(), 1, "{seen:?}");
    assert!(seen[&0].starts_with("\"ice\" "));
    assert_eq!(counts(&reports, Kind::Wait, "map"), (4, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_leaves_is_missed_by_the_others() {
    let (seen, reports) = run(3, |me, robot| {
        Box::pin(async {
            let party = robot.gather("party", 3, LONG).await?;
            if robot.number() == 1 {
                robot.leave();
                return Ok("left".into());
            }
            me.group.replace(Some(party.clone()));
            let map = party.wait_for("map", Duration::from_millis(200)).await;
            Ok(format!("{:?} {}", party.left(), map.unwrap_err()))
        })
    })
    .await;
    assert_eq!(seen[&0], "[1] `map`: not on the group's board within 200ms");
    assert_eq!(seen[&2], seen[&0]);
    assert_eq!(counts(&reports, Kind::Wait, "map"), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_threads_share_a_table() {
    let (seen, _) = run(10, |_, robot| {
        Box::pin(async {
            let table = robot.shared("numbers");
            Ok(table.add("next", 1)?.to_string())
        })
    })
    .await;
    let numbers: BTreeSet<_> = seen.values().cloned().collect();
    assert_eq!(numbers, (1..=10).map(|n| n.to_string()).collect());
}

/// Waits for another robot in a task that has a schedule.
#[derive(Default)]
struct Punctual;

impl Mod for Punctual {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Pacing(Duration::from_millis(20))).task(
            "meet",
            1,
            async |_: &Self, robot: &Robot| {
                let met = robot.shared("met").add(&robot.number().to_string(), 1)?;
                if met == 3 {
                    // Nobody else comes.
                    drop(robot.gather("match:1", 2, Duration::from_millis(600)).await);
                }
                Ok(())
            },
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_neither_a_task_s_time_nor_the_lateness_of_the_next() {
    let registry = Registry::default().with("punctual", Punctual::default);
    let reports = play(plan("ws://127.0.0.1:1", "punctual", 1, 1_000.0, 1.5), registry).await;
    let longest = |kind, name: &str, part: fn(&SeriesDelta) -> &Sparse| {
        let mut all = Histogram::new();
        let ours = reports.iter().flat_map(|report| &report.series);
        let ours = ours.filter(|delta| delta.series.kind == kind && delta.series.name == name);
        ours.for_each(|delta| all.add(part(delta)).unwrap());
        all.max()
    };
    let waited = longest(Kind::Wait, "match", |delta| &delta.failed);
    let worked = longest(Kind::Task, "meet", |delta| &delta.ok);
    let response = longest(Kind::Task, "meet", |delta| &delta.response);
    assert!(waited >= Duration::from_millis(590), "{waited:?}");
    assert!(worked.max(response) < Duration::from_millis(300), "{worked:?} {response:?}");
}
