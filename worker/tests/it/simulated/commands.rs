//! Commands that people give to robots: who obeys, how often, and what is told of it.

use std::collections::BTreeSet;

use proto::ending::OnEnd;
use proto::plan::Plan;
use proto::series::{FailureClass, Kind};
use proto::slots::Deal;

use super::scene::{LOGOUT, hundred, start};
use super::{keep, local};
use crate::common::{counts, failures, seconds};

#[tokio::test(start_paused = true)]
async fn the_share_of_the_robots_obeys_a_command_and_each_only_once() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        master.command(1, "note", 300, r#"{"map": 7}"#).await;
        master.command(1, "note", 300, r#"{"map": 7}"#).await;
        keep(&mut master, 0.1).await;
        let told = std::mem::take(&mut scene.log.lock().unwrap().errands);
        let robots: BTreeSet<_> = told.iter().map(|(robot, _)| *robot).collect();
        assert_eq!((told.len(), robots.len()), (30, 30));
        assert!(told.iter().all(|(_, args)| args == r#"{"map":7}"#), "{told:?}");
        // Of those that are here now.
        master.assign(1, 2, &hundred(), Deal::stripes(0..2).slots_of(0)).await;
        master.command(2, "note", 1000, "null").await;
        keep(&mut master, 0.1).await;
        let told = std::mem::take(&mut scene.log.lock().unwrap().errands);
        let robots: BTreeSet<_> = told.iter().map(|(robot, _)| *robot).collect();
        assert!(told.len() == 50 && robots.into_iter().eq((0..100).step_by(2)), "{told:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_command_makes_robots_do_is_a_task_beside_theirs() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        let deeds = scene.log.lock().unwrap().deeds.len();
        master.command(1, "rest", 500, "null").await;
        master.command(2, "fail", 100, "null").await;
        let reports = master.reports(|all| counts(all, Kind::Task, "command rest").0 > 0).await;
        assert_eq!(counts(&reports, Kind::Task, "command rest"), (50, 0));
        assert_eq!(counts(&reports, Kind::Task, "command fail"), (0, 10));
        let (count, example) = failures(&reports, Kind::Task, FailureClass::Task);
        assert_eq!((count, example.as_str()), (10, "default is tired"));
        let mut all = reports.iter().flat_map(|report| &report.series);
        let rest = all.rfind(|delta| delta.series.name == "command rest").unwrap();
        assert!(rest.ok.max_us.abs_diff(200_000) <= 2_000, "{} us", rest.ok.max_us);
        assert!(scene.log.lock().unwrap().deeds.len() > deeds + 20, "their tasks go on");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_no_mod_knows_is_told_once_and_does_nothing() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        master.command(1, "strom", 1000, "null").await;
        let reports = master.reports(|all| counts(all, Kind::Task, "command strom").1 > 0).await;
        let (count, example) = failures(&reports, Kind::Task, FailureClass::Task);
        assert_eq!((count, example.as_str()), (1, "no mod of the plan has a handler for it"));
        assert_eq!(scene.alive(), 100);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn robots_can_be_told_to_leave() {
    local(async {
        let mut scene = start();
        let plan = Plan { on_end: OnEnd::Leave, ..hundred() };
        let mut master = scene.playing(&plan).await;
        master.command(1, "leave", 400, "null").await;
        keep(&mut master, LOGOUT.as_secs_f64() + 0.1).await;
        assert_eq!((scene.alive(), scene.log.lock().unwrap().logouts), (60, 40));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_command_before_there_are_robots_is_for_nobody() {
    local(async {
        let mut scene = start();
        let mut master = scene.joined().await;
        master.ready().await;
        master.command(1, "note", 1000, "null").await;
        master.assign(1, 1, &hundred(), proto::slots::SlotSet::all()).await;
        master.command(2, "note", 1000, "null").await;
        keep(&mut master, seconds(1.0).as_secs_f64()).await;
        assert_eq!((scene.alive(), scene.log.lock().unwrap().errands.len()), (100, 0));
        master.command(3, "note", 1000, "null").await;
        keep(&mut master, 0.1).await;
        assert_eq!(scene.log.lock().unwrap().errands.len(), 100);
    })
    .await;
}
