//! A run that is paused and goes on: no task begins, all else goes on, and no time of it counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::Down;
use proto::plan::Plan;
use proto::report::Report;
use proto::series::Kind;
use proto::slots::SlotSet;
use tokio::time::Instant;
use worker::{Handlers, Mod, Registry, Robot, Tasks, Wait};

use super::local;
use super::scene::{Scene, SharedLog, start_with};
use crate::common::{counts, plan, seconds};
use crate::control::Joined;

const PERIOD: f64 = 0.1;
/// How long a task takes.
const WORK: f64 = 0.04;

/// What robots did, and when.
type Deeds = Arc<Mutex<Vec<(&'static str, u64, Instant)>>>;

/// Works at a rate, with a heartbeat beside it.
struct Steady(Deeds);

impl Steady {
    fn note(&self, what: &'static str, robot: &Robot) {
        self.0.lock().unwrap().push((what, robot.number(), Instant::now()));
    }
}

impl Mod for Steady {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        self.note("born", robot);
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Pacing(seconds(PERIOD)))
            .task("work", 1, async |me: &Self, robot: &Robot| {
                me.note("begin", robot);
                tokio::time::sleep(seconds(WORK)).await;
                me.note("end", robot);
                Ok(())
            })
            .background("heartbeat", Wait::Constant(seconds(0.2)), async |me: &Self, robot: &Robot| {
                me.note("beat", robot);
                Ok(())
            })
    }

    fn handlers() -> Handlers<Self> {
        Handlers::new().on_command("storm", async |me: &Self, robot, _| {
            me.note("storm", robot);
            Ok(())
        })
    }

    async fn stop(&self, robot: &Robot) -> anyhow::Result<()> {
        self.note("left", robot);
        Ok(())
    }
}

/// Ten robots a second up to fifty, for a minute.
fn ramp(paused: bool) -> Plan {
    Plan { paused, ..plan("ws://127.0.0.1:1", "steady", 50, 10.0, 60.0) }
}

async fn joined() -> (Scene, Joined, Deeds) {
    let deeds = Deeds::default();
    let its = deeds.clone();
    let registry = Registry::default().with("steady", move || Steady(its.clone()));
    let mut scene = start_with(registry, SharedLog::default());
    let mut master = scene.joined().await;
    master.ready().await;
    (scene, master, deeds)
}

/// Takes the worker's reports for so many seconds.
async fn pass(master: &mut Joined, time: f64) -> Vec<Report> {
    let (end, mut reports) = (Instant::now() + seconds(time), Vec::new());
    while let Ok(report) = tokio::time::timeout_at(end, master.report()).await {
        master.send(Down::Ack(report.sequence)).await;
        reports.push(report);
    }
    reports
}

/// When each robot did something.
fn of(deeds: &Deeds, what: &str) -> BTreeMap<u64, Vec<Instant>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (_, robot, at) in deeds.lock().unwrap().iter().filter(|(did, ..)| *did == what) {
        all.entry(*robot).or_default().push(*at);
    }
    all
}

fn number(deeds: &Deeds, what: &str) -> usize {
    deeds.lock().unwrap().iter().filter(|(did, ..)| *did == what).count()
}

#[tokio::test(start_paused = true)]
async fn while_a_run_is_paused_robots_are_born_and_beat_and_obey_but_begin_no_task() {
    local(async {
        let (_scene, mut master, deeds) = joined().await;
        master.assign(1, 1, &ramp(false), SlotSet::all()).await;
        pass(&mut master, 2.5).await;
        master.assign(1, 2, &ramp(true), SlotSet::all()).await;
        pass(&mut master, 0.001).await;
        let (begun, born, beats) = (number(&deeds, "begin"), number(&deeds, "born"), number(&deeds, "beat"));
        assert!(begun > 100 && born < 30 && number(&deeds, "end") < begun, "{begun} begun, {born} born");
        pass(&mut master, 10.0).await;
        assert_eq!(number(&deeds, "begin"), begun);
        assert_eq!(number(&deeds, "end"), begun, "what ran goes on to its end");
        assert_eq!(number(&deeds, "born"), 50);
        assert!(number(&deeds, "beat") > beats + 40 * born, "{} beats", number(&deeds, "beat"));
        master.command(1, "storm", 1000, "null").await;
        pass(&mut master, 0.1).await;
        assert_eq!(number(&deeds, "storm"), 50);
        master.assign(1, 3, &ramp(false), SlotSet::all()).await;
        pass(&mut master, PERIOD + 0.01).await;
        assert_eq!(of(&deeds, "begin").len(), 50, "those that were born meanwhile too");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_schedule_goes_on_from_the_resumption_and_nothing_is_late() {
    local(async {
        let (_scene, mut master, deeds) = joined().await;
        master.assign(1, 1, &ramp(false), SlotSet::all()).await;
        pass(&mut master, 7.33).await;
        master.assign(1, 2, &ramp(true), SlotSet::all()).await;
        pass(&mut master, 6.0).await;
        master.assign(1, 3, &ramp(false), SlotSet::all()).await;
        let reports = pass(&mut master, 2.0).await;
        for (robot, begun) in of(&deeds, "begin") {
            let gaps: Vec<_> = begun.windows(2).map(|two| two[1] - two[0]).collect();
            let (long, short): (Vec<_>, Vec<_>) = gaps.iter().partition(|gap| **gap > seconds(1.0));
            let near = |gap: &Duration, expected: f64| gap.abs_diff(seconds(expected)) <= seconds(0.003);
            assert!(long.len() == 1 && near(long[0], 6.0 + PERIOD), "{robot}: {long:?}");
            assert!(short.iter().all(|gap| near(gap, PERIOD)), "{robot}: {short:?}");
        }
        assert_eq!(counts(&reports, Kind::Task, "work").1, 0);
        let all = reports.iter().flat_map(|report| &report.series);
        let slowest =
            all.filter(|delta| delta.series.name == "work").map(|delta| delta.response.max_us).max();
        assert!(slowest.unwrap() < 45_000, "{slowest:?} us");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_paused_from_the_start_waits_and_its_robots_leave_in_time() {
    local(async {
        let (_scene, mut master, deeds) = joined().await;
        let plan = Plan { paused: true, ..plan("ws://127.0.0.1:1", "steady", 50, 1e6, 5.0) };
        master.assign(1, 1, &plan, SlotSet::all()).await;
        let reports = master.reports(|all| all.last().is_some_and(|report| report.last)).await;
        assert_eq!((number(&deeds, "begin"), number(&deeds, "left")), (0, 50));
        assert_eq!(counts(&reports, Kind::Session, "default"), (50, 0));
    })
    .await;
}
