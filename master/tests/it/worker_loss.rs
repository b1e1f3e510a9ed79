//! Workers that die, fall silent or do not read.

use std::time::Duration;

use crate::common::fake::{Worker, hello, next, open, over};
use crate::common::{Master, config, plan};
use proto::plan::LossPolicy;
use proto::report::Report;
use proto::{Down, Up};
use tokio::time::sleep;
use uuid::Uuid;

const S: Duration = Duration::from_secs(1);

async fn crew(master: &Master) -> [Worker; 3] {
    let network = &master.network;
    [
        Worker::join(network, "ann").await,
        Worker::join(network, "bob").await,
        Worker::join(network, "cid").await,
    ]
}

#[tokio::test(start_paused = true)]
async fn a_killed_worker_s_robots_live_on_the_others_within_a_second() {
    let master = Master::start(config(3, plan(300, 300.0, 10)));
    let [ann, bob, cid] = crew(&master).await;
    sleep(5 * S).await;
    bob.kill.cancel();
    let summary = master.summary().await;
    assert_eq!((summary.verdict.exit_code, summary.losses.len()), (0, 1));
    let loss = &summary.losses[0];
    assert_eq!((loss.worker.as_str(), loss.robots), ("bob", 100));
    assert!(loss.at < S * 54 / 10, "given up at {:?}", loss.at);
    let alive: Vec<_> = summary.timeline.iter().map(|s| s.users[3]).collect();
    // It was killed half a second before the fifth ended, and given up a quarter after.
    assert_eq!(alive, [300, 300, 300, 300, 200, 300, 300, 300, 300, 0]);
    let (ann, cid) = (ann.ended().await, cid.ended().await);
    let merged = ann.samples.len() + cid.samples.len() + bob.ended().await.samples.len();
    assert_eq!(summary.aggregated.count, merged as u64);
    assert_eq!(ann.orders[1].slots.len() + cid.orders[1].slots.len(), 16_384);
}

#[tokio::test(start_paused = true)]
async fn a_silent_worker_is_lost_after_three_seconds() {
    let master = Master::start(config(3, plan(300, 300.0, 12)));
    let [_ann, bob, _cid] = crew(&master).await;
    sleep(5 * S).await;
    bob.silence();
    let summary = master.summary().await;
    let loss = &summary.losses[0];
    assert_eq!((summary.verdict.exit_code, loss.why.as_str()), (0, "silent for 3 s"));
    assert!((S * 7..S * 8).contains(&loss.at), "lost at {:?}", loss.at);
}

#[tokio::test(start_paused = true)]
async fn a_loss_under_fail_ends_the_run_as_invalid() {
    let master = Master::start(config(
        3,
        proto::plan::Plan { on_worker_loss: LossPolicy::Fail, ..plan(300, 300.0, 3_600) },
    ));
    let [ann, bob, _cid] = crew(&master).await;
    sleep(5 * S).await;
    bob.kill.cancel();
    let summary = master.summary().await;
    assert_eq!(summary.verdict.exit_code, 4);
    assert_eq!(summary.verdict.reasons, ["worker bob was lost, and the plan does not allow that"]);
    assert_eq!(ann.ended().await.orders[1].plan.profile.end(), summary.ran);
}

#[tokio::test(start_paused = true)]
async fn the_last_worker_s_loss_ends_the_run_with_the_reason() {
    let master = Master::start(config(1, plan(10, 10.0, 3_600)));
    let ann = Worker::join(&master.network, "ann").await;
    sleep(3 * S).await;
    ann.kill.cancel();
    let summary = master.summary().await;
    assert_eq!(
        (summary.verdict.exit_code, summary.verdict.reasons),
        (4, vec!["the last worker, ann, was lost".into()])
    );
}

/// A report that is merged already: it counts nothing and is acked.
fn old_news(run: Uuid) -> Up {
    let zero = Duration::ZERO;
    let (robots, series, failures, messages) = (vec![], vec![], vec![], vec![]);
    let (from, to, kept) = (zero, zero, vec![]);
    Up::Report(Report {
        run,
        sequence: 0,
        from,
        to,
        robots,
        series,
        failures,
        messages,
        kept,
        last: false,
        more: false,
    })
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_does_not_read_is_lost_and_the_others_go_on() {
    let master = Master::start(config(2, plan(10, 10.0, 30)));
    let ann = Worker::join(&master.network, "ann").await;
    let (up, mut down) = open(over(&master.network).await, vec![Up::Hello(hello("deaf"))]).await;
    let run = loop {
        match next(&mut down).await.expect("an assignment") {
            Down::Part(part) => up.send(Up::Ready(part.bundle)).await.unwrap(),
            Down::Assignment(order) => break order.run,
            other => panic!("{other:?}"),
        }
    };
    // From here on it asks for acks and never takes one: the window fills, then the queue.
    let asking = tokio::spawn(async move {
        loop {
            for _ in 0..400 {
                if up.send(old_news(run)).await.is_err() {
                    return;
                }
            }
            sleep(S / 2).await;
        }
    });
    let summary = master.summary().await;
    assert_eq!((summary.verdict.exit_code, summary.losses.len()), (0, 1));
    assert_eq!(summary.losses[0].why, "it does not read what it is sent");
    assert_eq!(ann.ended().await.orders[1].slots.len(), 16_384);
    drop(down);
    asking.abort();
}
