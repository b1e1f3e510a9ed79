//! A worker on a simulated clock, its robots on local tasks, its master played by the test over pipes in memory: leases, holds,
//! hand-over and leaving, to the millisecond.

mod commands;
mod pause;
mod scene;

use std::sync::Mutex;
use std::time::Duration;

use proto::message::{Beat, Dismissal, LEASE};
use proto::plan::Plan;
use proto::slots::{Deal, SlotSet};
use proto::{Down, Up};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::Instant;
use uuid::Uuid;
use worker::Ended;

use crate::common::seconds;
use crate::control::Joined;
use scene::{LOGOUT, Way, hundred, start};

/// Answers the worker for so many seconds. When that was sent which was answered last, after the worker's begin.
async fn keep(master: &mut Joined, time: f64) -> Duration {
    let last = Mutex::new(Duration::ZERO);
    let answer = master.next("end", |up| {
        if let Up::Beat(beat) = up {
            *last.lock().unwrap() = beat.sent;
        }
        None::<()>
    });
    tokio::time::timeout(seconds(time), answer).await.unwrap_err();
    last.into_inner().unwrap()
}

async fn beat(master: &mut Joined, want: impl Fn(&Beat) -> bool) -> Beat {
    master.next("beat", |up| if let Up::Beat(beat) = up { want(&beat).then_some(beat) } else { None }).await
}

async fn ended(worker: JoinHandle<Ended>) -> Ended {
    tokio::time::timeout(seconds(30.0), worker).await.expect("the worker ends").unwrap()
}

async fn local(test: impl Future<Output = ()>) {
    LocalSet::new().run_until(test).await;
}

/// Whether two moments are one, as far as the runtime's timer tells them apart.
fn at(moment: Duration, expected: Duration) -> bool {
    moment.abs_diff(expected) <= Duration::from_millis(1)
}

#[tokio::test(start_paused = true)]
async fn robots_are_dropped_when_the_lease_is_over_and_the_master_is_dialled_anew() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        let contact = keep(&mut master, 3.2).await;
        // It is still there, and says nothing.
        let mut again = scene.joined().await;
        assert!(at(scene.end(), contact + LEASE), "{:?} after {contact:?}", scene.end());
        assert_eq!(scene.log.lock().unwrap().logouts, 0);
        assert_eq!(beat(&mut again, |_| true).await.run, Uuid::nil());
        drop(master);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_stopped_for_a_while_drops_its_robots_before_they_do_anything() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        keep(&mut master, 1.0).await;
        let deeds = scene.log.lock().unwrap().deeds.len();
        assert!(deeds > 500, "{deeds}");
        // Every timer is due when it goes on; an answer waits as well.
        tokio::time::advance(seconds(10.0)).await;
        tokio::time::sleep(seconds(0.1)).await;
        let log = scene.log.lock().unwrap();
        assert_eq!((log.alive(), log.deeds.len(), log.logouts), (0, deeds, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_told_to_stop_when_its_lease_is_over_still_delivers_its_reports() {
    local(async {
        let mut scene = start();
        let master = scene.playing(&hundred()).await;
        scene.stop.take().unwrap().send(()).unwrap();
        tokio::time::advance(seconds(10.0)).await;
        let mut again = scene.joined().await;
        again.welcome(1).await;
        while !scene.worker.is_finished() {
            let report = again.report();
            let Ok(report) = tokio::time::timeout(seconds(1.0), report).await else { break };
            again.send(Down::Ack(report.sequence)).await;
            tokio::time::sleep(seconds(0.1)).await;
        }
        assert_eq!(ended(scene.worker).await, Ended::Done("stopped".into()));
        let log = scene.log.lock().unwrap();
        assert_eq!((log.alive(), log.logouts), (0, 0));
        drop(master);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn robots_of_a_broken_stream_play_on_for_half_a_second() {
    local(async {
        let mut scene = start();
        let master = scene.playing(&hundred()).await;
        scene.set(Way::Silent);
        let broke = scene.began.elapsed();
        drop(master);
        tokio::time::sleep(seconds(2.0)).await;
        assert!(at(scene.end(), broke + seconds(0.5)), "{:?} after {broke:?}", scene.end());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn robots_are_held_while_no_master_is_there_and_taken_back_as_they_are() {
    local(async {
        let mut scene = start();
        let plan = Plan { hold: seconds(8.0), ..hundred() };
        let mut master = scene.playing(&plan).await;
        let first = master.report().await;
        master.send(Down::Ack(first.sequence)).await;
        keep(&mut master, 0.1).await;
        scene.set(Way::Refused);
        drop(master);
        tokio::time::sleep(seconds(6.0)).await;
        scene.set(Way::Open);
        let mut again = scene.joined().await;
        assert_eq!(again.hello().await.bundle, Some(proto::message::Bundle::new(Vec::new()).hash));
        again.welcome(1).await;
        assert_eq!(again.report().await.sequence, first.sequence + 1);
        again.next("ready", |up| matches!(up, Up::Ready(_)).then_some(())).await;
        keep(&mut again, 5.0).await;
        assert_eq!((scene.alive(), scene.log.lock().unwrap().births.len()), (100, 100));
        // The next time nobody comes back.
        let contact = keep(&mut again, 3.0).await;
        scene.set(Way::Refused);
        drop(again);
        tokio::time::sleep(seconds(9.0)).await;
        assert!(at(scene.end(), contact + seconds(8.0)), "{:?} after {contact:?}", scene.end());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_dial_ends_what_refused_ones_had_prolonged() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&Plan { hold: seconds(30.0), ..hundred() }).await;
        keep(&mut master, 0.2).await;
        scene.set(Way::Refused);
        drop(master);
        tokio::time::sleep(seconds(5.0)).await;
        assert_eq!(scene.alive(), 100);
        scene.set(Way::Silent);
        // No longer than a lease after the last dial that was refused.
        tokio::time::sleep(LEASE + seconds(0.1)).await;
        assert_eq!(scene.alive(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn robots_and_reports_of_another_run_are_dropped_at_its_welcome() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        master.report().await; // and no ack
        master.welcome(2).await;
        let beat = beat(&mut master, |beat| beat.run == Uuid::nil()).await;
        assert_eq!((scene.alive(), beat.backlog), (0, 0));
        master.assign(2, 1, &hundred(), SlotSet::all()).await;
        assert_eq!(master.report().await.sequence, 1);
        assert_eq!(scene.alive(), 100);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn slots_that_are_taken_away_are_said_to_be_free_as_soon_as_their_robots_have_logged_out() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        let told = Instant::now();
        master.assign(1, 2, &hundred(), Deal::stripes(0..2).slots_of(0)).await;
        assert_eq!(beat(&mut master, |beat| beat.epoch == 2).await.settled, 1);
        // Some come back while their robots are still leaving.
        let most = (0..16_384).filter(|slot| slot % 2 == 0 || *slot < 50).collect();
        master.assign(1, 3, &hundred(), most).await;
        beat(&mut master, |beat| beat.settled == 3).await;
        assert!(at(told.elapsed(), LOGOUT), "{:?}", told.elapsed());
        assert_eq!(scene.log.lock().unwrap().logouts, 50);
        assert_eq!(scene.alive(), 75);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_leaves_says_so_logs_out_and_ends_when_all_is_merged() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        let told = Instant::now();
        scene.stop.take().unwrap().send(()).unwrap();
        let leaving = beat(&mut master, |beat| beat.leaving).await;
        assert!(at(told.elapsed(), seconds(0.0)), "{:?}", told.elapsed());
        assert_eq!((leaving.settled, leaving.run), (1, Uuid::from_u128(1)));
        master.assign(1, 2, &hundred(), SlotSet::none()).await;
        beat(&mut master, |beat| beat.settled == 2).await;
        assert!(at(told.elapsed(), LOGOUT), "{:?}", told.elapsed());
        // The stream is lost, and what was not merged is delivered on the next.
        drop(master);
        let mut again = scene.joined().await;
        again.hello().await;
        again.welcome(1).await;
        loop {
            let report = again.report().await;
            again.send(Down::Ack(report.sequence)).await;
            if report.last {
                break;
            }
        }
        assert_eq!(ended(scene.worker).await, Ended::Done("stopped".into()));
        assert_eq!(scene.log.lock().unwrap().logouts, 100);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_leaves_ends_in_its_time_and_says_what_is_left() {
    local(async {
        let mut scene = start();
        let mut master = scene.playing(&hundred()).await;
        keep(&mut master, 1.0).await;
        scene.set(Way::Silent);
        drop(master);
        let told = Instant::now();
        scene.stop.take().unwrap().send(()).unwrap();
        let Ended::Undone(told_left) = ended(scene.worker).await else { panic!("nobody took its reports") };
        assert!(at(told.elapsed(), seconds(10.0)), "{:?}", told.elapsed());
        assert!(told_left.starts_with("after 10s 0 robots had not left and "), "{told_left}");
    })
    .await;
}

/// All that a worker says while a master is played that comes and goes.
async fn said() -> Vec<String> {
    let mut scene = start();
    let mut said = Vec::new();
    for (run, way, time) in [(1, Way::Refused, 0.4), (1, Way::Silent, 3.0), (2, Way::Open, 0.0)] {
        scene.set(Way::Open);
        let mut master = scene.joined().await;
        let mut note = async |master: &mut Joined, time: f64| {
            let lines = Mutex::new(Vec::new());
            let note = |up| {
                lines.lock().unwrap().push(format!("{:?} {up:?}", scene.began.elapsed()));
                None::<()>
            };
            let _over = tokio::time::timeout(seconds(time), master.next("end", note)).await;
            said.extend(lines.into_inner().unwrap());
        };
        master.welcome(run).await;
        master.ship(&proto::message::Bundle::new(Vec::new())).await;
        note(&mut master, 0.7).await;
        master.assign(run, 1, &hundred(), SlotSet::all()).await;
        note(&mut master, 2.5).await;
        master.assign(run, 2, &hundred(), Deal::stripes(0..3).slots_of(0)).await;
        note(&mut master, 2.5).await;
        scene.set(way);
        if way == Way::Open {
            master.send(Down::Dismiss(Dismissal::Over, "enough".into())).await;
        }
        drop(master);
        tokio::time::sleep(seconds(time)).await;
    }
    assert_eq!(ended(scene.worker).await, Ended::Done("enough".into()));
    said
}

#[test]
fn the_same_seed_says_the_same_twice() {
    let play = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(LocalSet::new().run_until(said()))
    };
    let (first, second) = (play(), play());
    assert!(first.len() > 40, "{}", first.len());
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first, second);
    }
    assert_eq!(first.len(), second.len());
}
