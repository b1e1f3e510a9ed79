//! People at the desk of a master: what they change in mid-run, and one run after the other.

use std::path::Path;
use std::time::Duration;

use crate::common::fake::Worker;
use crate::common::{Master, config, plan};
use master::change::{Declined, Wish};
use master::config::{Config, Life};
use master::journal::{self, Record};
use master::output::Json;
use master::start::Start;
use master::status::{Standing, WorkerState};
use master::{Command, Ground};
use proto::message::Dismissal;
use tokio::time::sleep;

const S: Duration = Duration::from_secs(1);

fn start(users: u64) -> Wish {
    Wish::Start(Start { users: Some(users), ..Start::default() })
}

fn now(why: &str) -> Declined {
    Declined::Now(why.into())
}

#[tokio::test(start_paused = true)]
async fn a_change_in_mid_run_reaches_the_workers_and_stands_in_the_summary() {
    let master = Master::start(config(1, plan(100, 100.0, 12)));
    let worker = Worker::join(&master.network, "ann").await;
    sleep(S * 55 / 10).await;
    let told = master.ask(Wish::Users { users: 200, rate: Some(100.0) }).await.unwrap();
    assert_eq!((told.revision, told.told.as_str()), (2, "200 robots at 100 per second"));
    master.ask(Wish::Pause).await.unwrap();
    let storm = Wish::Command { name: "storm".into(), share_permille: 300, args: "{}".into() };
    master.ask(storm).await.unwrap();
    let summary = master.summary().await;
    assert_eq!((summary.verdict.exit_code, summary.plan.users), (0, 200));
    let alive: Vec<_> = summary.timeline.iter().map(|second| second.users[3]).collect();
    assert_eq!((alive[3], alive[9]), (100, 200));
    let json = serde_json::to_value(&summary).unwrap();
    let what: Vec<_> =
        json["changes"].as_array().unwrap().iter().map(|change| change["what"].clone()).collect();
    assert_eq!(what, ["users", "pause", "command"]);
    assert_eq!((&json["changes"][0]["users"], &json["changes"][2]["share"]), (&200.into(), &0.3.into()));
    let ended = worker.ended().await;
    assert!(ended.orders.last().unwrap().plan.paused);
    assert_eq!((ended.commands.len(), ended.commands[0].name.as_str()), (1, "storm"));
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_each_second_how_the_run_stands() {
    let master = Master::start(config(1, plan(100, 100.0, 8)));
    let waiting = master.until(|status| status.phase == Standing::Waiting).await;
    assert_eq!((waiting.wanted, waiting.expected_workers, waiting.workers.len()), (Some(0), 1, 0));
    let _worker = Worker::join(&master.network, "ann").await;
    let running = master.until(|status| status.requests_per_second > 0 && status.alive == 100).await;
    assert_eq!(
        (running.phase, running.wanted, running.robots["playing"]),
        (Standing::Running, Some(100), 100)
    );
    let worker = &running.workers[0];
    assert_eq!(
        (worker.name.as_str(), worker.state, worker.busy_permille),
        ("ann", WorkerState::Running, 120)
    );
    let again = master.until(|status| status.elapsed > running.elapsed).await;
    assert!(again.elapsed <= running.elapsed + S * 11 / 10, "{:?}", again.elapsed);
    let text = serde_json::to_string(&running).unwrap();
    assert_eq!(serde_json::from_str::<master::status::Status>(&text).unwrap(), running);
    assert_eq!(master.summary().await.verdict.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn one_run_after_the_other_with_the_same_workers_until_the_master_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let outputs: Vec<Box<dyn master::output::Output + Send>> =
        vec![Box::new(Json::open(file.to_str().unwrap()).unwrap())];
    let master = Master::staying(Config { outputs, ..config(1, plan(50, 50.0, 5)) }, Life::default());
    let worker = Worker::join(&master.network, "ann").await;
    let idle =
        master.until(|status| status.workers.iter().any(|worker| worker.state == WorkerState::Ready)).await;
    assert_eq!((idle.phase, idle.last), (Standing::Idle, None));
    sleep(100 * S).await;
    assert_eq!(master.ask(Wish::Stop).await, Err(now("no run goes on; start one first")));
    let (one, two) = tokio::join!(master.ask(start(20)), master.ask(start(30)));
    let first = one.unwrap().run;
    assert_eq!(two, Err(now("a run goes on already; stop it first")));
    let past = master.until(|status| status.last.is_some()).await;
    assert_eq!((past.phase, past.last.unwrap().run), (Standing::Idle, first.clone()));
    let written = |key: &str| {
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        json[key].clone()
    };
    assert_eq!((written("run"), written("plan")["users"].as_u64()), (first.as_str().into(), Some(20)));
    let second = master.ask(Wish::Start(Start::default())).await.unwrap().run;
    master.until(|status| status.alive == 50).await;
    master.ask(Wish::Stop).await.unwrap();
    assert_eq!(master.ask(Wish::Pause).await, Err(now("the run is stopping")));
    master.until(|status| status.last.as_ref().is_some_and(|last| last.run == second)).await;
    assert_eq!(written("run"), second.as_str());
    master.stop().await;
    let summary = master.summary().await;
    assert_eq!((summary.run, summary.verdict.exit_code), (second, 0));
    let ended = worker.ended().await;
    assert_eq!(ended.dismissed.unwrap().0, Dismissal::Over);
    let runs: std::collections::BTreeSet<_> = ended.orders.iter().map(|order| order.run).collect();
    assert_eq!(runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_signal_in_mid_run_ends_the_run_and_then_the_master() {
    let master =
        Master::staying(config(1, plan(50, 50.0, 3_600)), Life { autostart: true, ..Life::default() });
    let worker = Worker::join(&master.network, "ann").await;
    master.until(|status| status.alive == 50).await;
    master.stop().await;
    let summary = master.summary().await;
    assert_eq!((summary.verdict.exit_code, summary.plan.stopped.as_deref()), (0, Some("asked to stop")));
    assert_eq!(worker.ended().await.dismissed.unwrap().0, Dismissal::Over);
}

#[tokio::test(start_paused = true)]
async fn a_master_that_never_made_a_run_ends_well_when_it_is_told_to() {
    let master = Master::staying(config(1, plan(50, 50.0, 5)), Life::default());
    master.until(|status| status.phase == Standing::Idle).await;
    master.stop().await;
    assert_eq!(master.summary().await.verdict.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn autoquit_ends_a_master_when_nobody_starts_another_run_in_time() {
    let life = Life { autostart: true, autoquit: Some(30 * S), ..Life::default() };
    let master = Master::staying(config(1, plan(10, 10.0, 5)), life);
    let _worker = Worker::join(&master.network, "ann").await;
    master.until(|status| status.last.is_some()).await;
    sleep(29 * S).await;
    assert!(!master.is_over());
    master.ask(start(5)).await.unwrap();
    master.until(|status| status.phase == Standing::Idle).await;
    sleep(29 * S).await;
    assert!(!master.is_over());
    assert_eq!(master.summary().await.plan.users, 5);
}

/// What the journal of a folder has to go on with.
fn ground(folder: &Path) -> Ground {
    let opened = journal::open(folder).unwrap();
    Ground { clock: opened.clock, records: opened.records, journal: Some(opened.journal), ..Ground::fresh() }
}

#[tokio::test(start_paused = true)]
async fn a_granted_start_is_not_forgotten_when_the_master_is_killed_before_the_run_begins() {
    let folder = tempfile::tempdir().unwrap();
    let life = Life { stays: true, autostart: true, ..Life::default() };
    let config = || Config { life: life.clone(), ..config(1, plan(10, 10.0, 5)) };
    let master = Master::on(ground(folder.path()), config());
    let worker = Worker::join(&master.network, "ann").await;
    let first = master.until(|status| status.last.is_some()).await.last.unwrap().run;
    worker.silence();
    master.until(|status| status.workers.iter().all(|worker| worker.state != WorkerState::Ready)).await;
    let run = master.ask(start(7)).await.unwrap().run;
    assert_ne!(first, run);
    master.kill().await;
    let master = Master::on(ground(folder.path()), config());
    let status = master.until(|status| status.phase == Standing::Waiting).await;
    assert_eq!(status.run, run);
    let _worker = Worker::join(&master.network, "ben").await;
    let last = master.until(|status| status.last.is_some()).await.last.unwrap();
    assert_eq!((last.run, last.passed), (run, true));
    master.kill().await;
    // A run that is over is forgotten, as it is when it never began.
    let master = Master::on(
        ground(folder.path()),
        Config { life: Life { autostart: false, ..life.clone() }, ..config() },
    );
    master.until(|status| status.phase == Standing::Idle).await;
    master.ask(start(7)).await.unwrap();
    master.ask(Wish::Stop).await.unwrap();
    master.kill().await;
    assert!(ground(folder.path()).records.is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_run_begins_the_journal_anew() {
    let folder = tempfile::tempdir().unwrap();
    let ground = || ground(folder.path());
    let life = Life { stays: true, autostart: true, ..Life::default() };
    let master = Master::on(ground(), Config { life: life.clone(), ..config(1, plan(10, 10.0, 5)) });
    let _worker = Worker::join(&master.network, "ann").await;
    let first = master.until(|status| status.last.is_some()).await;
    let size = || std::fs::metadata(folder.path().join("run.journal")).unwrap().len();
    let whole = size();
    let run = master.ask(start(7)).await.unwrap().run;
    master.until(|status| status.phase == Standing::Running).await;
    assert!(size() < whole, "{} bytes after {whole}", size());
    master.ask(Wish::Users { users: 9, rate: None }).await.unwrap();
    master.kill().await;
    let ground = ground();
    let began = ground.records.iter().filter(|record| matches!(record, Record::Began { .. })).count();
    assert_eq!(began, 1);
    // The next master goes on with the second run, and knows what people did to it.
    let master = Master::on(ground, Config { life, ..config(1, plan(10, 10.0, 5)) });
    let status = master.until(|status| status.phase == Standing::Running).await;
    assert_eq!((&status.run, status.changes_in_all, status.revision), (&run, 1, 2));
    assert_ne!(first.last.unwrap().run, run);
    master.commands.send(Command::Stop).await.unwrap();
    master.commands.send(Command::Stop).await.unwrap();
    assert_eq!(master.summary().await.run, run);
}
