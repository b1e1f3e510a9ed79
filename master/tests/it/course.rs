//! A run from its workers' joining to the verdict.

use std::time::Duration;

use crate::common::fake::Worker;
use crate::common::{Master, config, plan};
use proto::message::Dismissal;

#[tokio::test(start_paused = true)]
async fn four_workers_run_250_of_1000_robots_each_and_every_sample_is_in_the_total() {
    let master = Master::start(config(4, plan(1_000, 200.0, 10)));
    let mut workers = Vec::new();
    for name in ["ann", "bob", "cid", "dan"] {
        workers.push(Worker::join(&master.network, name).await);
    }
    let summary = master.summary().await;
    let mut samples = Vec::new();
    for worker in workers {
        let ended = worker.ended().await;
        assert_eq!(ended.dismissed, Some((Dismissal::Over, "the run is over".into())));
        assert_eq!(ended.orders.len(), 1);
        samples.extend(ended.samples);
    }
    assert_eq!((summary.verdict.exit_code, &summary.verdict.reasons), (0, &vec![]));
    assert_eq!(summary.workers.iter().map(|w| w.robots).collect::<Vec<_>>(), [250; 4]);
    assert_eq!(summary.aggregated.count, samples.len() as u64);
    assert_eq!(summary.aggregated.bytes_received, 40 * samples.len() as u64);
    // The alive count follows the ramp at each second.
    let alive: Vec<_> = summary.timeline.iter().map(|s| s.users[3]).collect();
    assert_eq!(alive, [200, 400, 600, 800, 1000, 1000, 1000, 1000, 1000, 0]);
    // Percentiles agree with exact ones of the same samples to 3 digits.
    samples.sort_unstable();
    let total: u64 = samples.iter().sum();
    assert_eq!(summary.aggregated.latency.mean, Duration::from_micros(total / samples.len() as u64));
    for percent in [50.0, 90.0, 95.0, 99.0, 99.9, 100.0] {
        let rank = (percent / 100.0 * samples.len() as f64).ceil() as usize;
        let (told, exact) = (summary.aggregated.latency.percentile(percent), samples[rank - 1] as f64);
        assert!(
            (told.as_micros() as f64 - exact).abs() <= exact / 1000.0,
            "p{percent}: {told:?}, exact {exact}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn when_too_few_workers_come_the_run_could_not_be_made_and_those_that_came_go_home() {
    let master = Master::start(config(2, plan(10, 10.0, 5)));
    let worker = Worker::join(&master.network, "ann").await;
    let summary = master.summary().await;
    assert_eq!(summary.verdict.exit_code, 1);
    assert_eq!(summary.verdict.reasons, ["not enough workers within 30s: 1 of 2 workers: ann"]);
    assert_eq!(worker.ended().await.dismissed.unwrap().0, Dismissal::Over);
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_mid_run_drains_the_last_reports_and_passes() {
    let master = Master::start(config(1, plan(100, 100.0, 3_600)));
    let worker = Worker::join(&master.network, "ann").await;
    tokio::time::sleep(Duration::from_millis(5_200)).await;
    master.stop().await;
    let summary = master.summary().await;
    let ended = worker.ended().await;
    assert_eq!((summary.verdict.exit_code, ended.orders.len()), (0, 2));
    assert_eq!(ended.orders[1].plan.profile.end(), summary.ran);
    assert!(summary.ran < Duration::from_millis(5_300), "{:?}", summary.ran);
    assert_eq!(summary.aggregated.count, ended.samples.len() as u64);
    assert_eq!(summary.plan.stopped.as_deref(), Some("asked to stop"));
}

#[tokio::test(start_paused = true)]
async fn a_second_stop_does_not_wait_for_a_worker_that_never_delivers() {
    let master = Master::start(config(2, plan(100, 100.0, 3_600)));
    let (ann, bob) = (Worker::join(&master.network, "ann").await, Worker::join(&master.network, "bob").await);
    tokio::time::sleep(Duration::from_secs(4)).await;
    ann.silence();
    master.stop().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!master.is_over());
    master.stop().await;
    let summary = master.summary().await;
    assert_eq!(summary.losses.len(), 1);
    assert_eq!(
        (summary.losses[0].worker.as_str(), summary.losses[0].why.as_str()),
        ("ann", "asked to stop at once")
    );
    drop((ann, bob));
}
