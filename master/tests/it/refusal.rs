//! Peers that may not take part, and bytes that are no worker's. A good worker beside them notices nothing.

use std::time::Duration;

use crate::common::fake::{Worker, hello, next, open, over};
use crate::common::{LONG, Master, config, plan};
use proto::message::{Dismissal, Hello};
use proto::report::Report;
use proto::{Down, Up};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// What a peer that begins like this is told.
async fn told(master: &Master, first: Vec<Up>) -> String {
    let (_up, mut down) = open(over(&master.network).await, first).await;
    loop {
        match next(&mut down).await {
            Some(Down::Dismiss(Dismissal::Refused, reason)) => {
                assert!(next(&mut down).await.is_none(), "the stream ends after it");
                return reason;
            }
            Some(_) => {}
            None => return "nothing".into(),
        }
    }
}

fn report(sequence: u64) -> Report {
    let zero = Duration::ZERO;
    Report {
        run: Uuid::nil(),
        sequence,
        from: zero,
        to: zero,
        robots: vec![],
        series: vec![],
        failures: vec![],
        messages: vec![],
        kept: vec![],
        last: false,
        more: false,
    }
}

#[tokio::test(start_paused = true)]
async fn each_is_told_why_and_the_run_beside_them_is_unhurt() {
    let master = Master::start(config(2, plan(10, 10.0, 5)));
    let ann = Worker::join(&master.network, "ann").await;
    let table = [
        (vec![Up::Ready([0; 32])], "a worker says Hello first, within 10 s; this one did not"),
        (vec![], "a worker says Hello first, within 10 s; this one did not"),
        (
            vec![Up::Hello(hello("ann"))],
            "a worker named ann is already here; give this one a name of its own",
        ),
        (
            vec![Up::Hello(Hello { protocol_major: 2, ..hello("bob") })],
            "this worker speaks control protocol 2, the master 1; use the same release of both",
        ),
        (
            vec![Up::Hello(hello("../etc"))],
            "not understood: worker name: give 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with a dot",
        ),
        (
            vec![Up::Hello(hello("bob")), Up::Hello(hello("bob"))],
            "a worker says Hello once per stream; this one said it again",
        ),
        (
            vec![Up::Hello(hello("bob")), Up::Ready([9; 32])],
            "it is ready for another bundle than it was sent",
        ),
    ];
    for (first, reason) in table {
        assert_eq!(told(&master, first).await, reason);
    }
    let bob = Worker::join(&master.network, "bob").await;
    let summary = master.summary().await;
    assert_eq!((summary.verdict.exit_code, summary.workers.len(), summary.losses.len()), (0, 2, 0));
    drop((ann, bob));
}

#[tokio::test(start_paused = true)]
async fn reports_of_another_run_are_not_counted() {
    let master = Master::start(config(1, plan(10, 10.0, 5)));
    let ann = Worker::join(&master.network, "ann").await;
    let (_up, _down) =
        open(over(&master.network).await, vec![Up::Hello(hello("old")), Up::Report(report(7))]).await;
    let summary = master.summary().await;
    assert_eq!(summary.verdict.warnings, ["1 reports of other runs came and were left out"]);
    assert_eq!(summary.aggregated.count, ann.ended().await.samples.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_messages_costs_only_the_one_that_makes_it() {
    let master = Master::start(config(1, plan(10, 10.0, 5)));
    let (up, mut down) = open(over(&master.network).await, vec![Up::Hello(hello("flood"))]).await;
    let flood = tokio::spawn(async move { while up.send(Up::Report(report(1))).await.is_ok() {} });
    let mut reason = None;
    while let Some(message) = next(&mut down).await {
        if let Down::Dismiss(_, why) = message {
            reason = Some(why);
        }
    }
    assert_eq!(reason.as_deref(), Some("more than 1000 messages in a second"));
    flood.abort();
    let ann = Worker::join(&master.network, "ann").await;
    assert_eq!(master.summary().await.verdict.exit_code, 0);
    drop(ann);
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_no_worker_s_are_closed_within_twelve_seconds() {
    let master = Master::start(config(1, plan(10, 10.0, 5)));
    let hostile: [&[u8]; 5] = [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &[0xff; 4096],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for bytes in hostile {
        let began = Instant::now();
        let mut connection = master.network.connect().await;
        connection.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        _ = timeout(LONG, connection.read_to_end(&mut answer)).await.expect("the master hangs up");
        assert!(began.elapsed() <= Duration::from_secs(12), "after {:?}", began.elapsed());
    }
    drop(Worker::join(&master.network, "ann").await);
    assert!(!master.is_over());
}
