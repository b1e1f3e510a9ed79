//! Workers that take part and lie. What they say is named, and costs the others nothing.

use std::time::Duration;

use proto::histogram::Sparse;
use proto::report::{Census, FailureDelta, KeptFailure, MessageDelta, Report, SeriesDelta};
use proto::series::{FailureClass, Kind, RobotState, Series};
use proto::{Down, Up};
use uuid::Uuid;

use super::mad::{Mad, delta};
use super::{Scene, beat, channel};
use crate::common::fake::{Worker, next, over};
use crate::common::{Master, config, plan};
use master::summary::Summary;

const S: Duration = Duration::from_secs(1);

async fn pair() -> (Master, Worker, Mad) {
    let master = Master::start(config(2, plan(20, 20.0, 10)));
    let ann = Worker::join(&master.network, "ann").await;
    let mad = Mad::join(over(&master.network).await).await;
    (master, ann, mad)
}

/// The run passed, and has every request of ann's once, and so many more.
async fn passed(master: Master, ann: Worker, more: u64) -> Summary {
    let summary = master.summary().await;
    assert_eq!(summary.verdict.exit_code, 0, "{:?}", summary.verdict);
    assert_eq!(summary.aggregated.count, ann.ended().await.samples.len() as u64 + more);
    summary
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_not_next_counts_once_at_most() {
    let (master, ann, mad) = pair().await;
    let one = Report { series: vec![delta(Kind::Request, "Echo")], ..mad.report(1) };
    for sequence in [0, 1, 1, 0, 1] {
        mad.say(Up::Report(Report { sequence, ..one.clone() })).await;
    }
    mad.say(Up::Report(Report { sequence: u64::MAX, ..one })).await;
    let why = "report 18446744073709551615 came where 2 was next; those between are lost";
    assert_eq!(mad.reason().await, why);
    assert_eq!(passed(master, ann, 1).await.losses[0].why, why);
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_another_run_or_an_old_epoch_does_not_count() {
    let (master, ann, mut mad) = pair().await;
    let foreign = Report { run: Uuid::new_v4(), ..mad.report(1) };
    mad.say(Up::Report(foreign.clone())).await;
    mad.say(Up::Report(Report { run: Uuid::nil(), sequence: u64::MAX, ..foreign })).await;
    tokio::time::sleep(2 * S).await; // until then it may not have heard
    for (run, epoch) in [(mad.order.run, 0), (mad.order.run, u64::MAX), (Uuid::new_v4(), mad.order.epoch)] {
        mad.say(beat(run, epoch)).await;
        let Some(Down::Assignment(again)) = next(&mut mad.down).await else { panic!("it is told nothing") };
        assert_eq!(*again, mad.order);
        tokio::time::sleep(2 * S).await;
    }
    drop(mad);
    let summary = passed(master, ann, 0).await;
    let left_out = "2 reports of other runs came and were left out".to_owned();
    assert!(summary.verdict.warnings.contains(&left_out), "{:?}", summary.verdict.warnings);
}

#[tokio::test(start_paused = true)]
async fn figures_that_nobody_measured_are_refused_by_name() {
    let failure = |count| FailureDelta {
        series: Series::new(Kind::Push, "Mail"),
        class: FailureClass::Timeout,
        count,
        first: Duration::MAX,
        last: Duration::ZERO,
        example: String::new(),
    };
    type Spoil = Box<dyn Fn(&mut Report)>;
    let counts = |buckets: Vec<u64>| -> Spoil { Box::new(move |r| r.series[0].ok.buckets = buckets.clone()) };
    let table: [(Spoil, &str); 10] = [
        (
            counts(vec![5, 1 << 33]),
            "its report can't be true: series Mail: 8589934592 samples in one interval",
        ),
        (counts(vec![5, u64::MAX]), "not understood: series: a histogram's counts add up to more than 2^63"),
        (
            counts(vec![u64::MAX, 1]),
            "not understood: series: histogram bucket 18446744073709551615 lies beyond 3600000000 microseconds",
        ),
        (counts(vec![5]), "not understood: series: a histogram ends in an index without a count"),
        (
            Box::new(|r| r.series[0].ok.min_us = 251),
            "not understood: series: a histogram says it lies from 251 to 250 microseconds",
        ),
        (
            Box::new(|r| r.series[0].ok.sum_us = u64::MAX),
            "its report can't be true: series Mail: 1 samples can't add up to 18446744073709551615 microseconds",
        ),
        (
            Box::new(move |r| r.failures = vec![failure(u64::MAX)]),
            "its report can't be true: 18446744073709551615 failures in one interval",
        ),
        (Box::new(|r| r.to = Duration::MAX), "its report can't be true: it ends 18446744073709.6 s ahead"),
        (
            Box::new(|r| {
                let nothing = SeriesDelta {
                    ok: Sparse::default(),
                    bytes_sent: 0,
                    bytes_received: 0,
                    ..delta(Kind::Push, "a")
                };
                r.series = vec![nothing; 10_001];
            }),
            "not understood: series: 10001 entries; at most 10000 are taken",
        ),
        (
            Box::new(|r| r.series = vec![delta(Kind::Push, &"a".repeat(250)); 500]),
            "not understood: Error, decoded message length too large: found 144000 bytes",
        ),
    ];
    for (spoil, reason) in table {
        let (master, ann, mad) = pair().await;
        let mut report = mad.report(1);
        spoil(&mut report);
        mad.say(Up::Report(report)).await;
        assert!(mad.reason().await.starts_with(&reason[..reason.len() - 12]), "{reason}");
        assert_eq!(passed(master, ann, 0).await.losses.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn more_robots_than_assigned_are_named_and_no_sum_runs_over() {
    let (master, ann, mad) = pair().await;
    let mut all = Census::of("default");
    RobotState::ALL.into_iter().for_each(|state| all.add(state, u64::MAX));
    for sequence in 1..=3 {
        let mut report = Report { robots: vec![all.clone(); 100], ..mad.report(sequence) };
        (report.series[0].bytes_sent, report.series[0].bytes_received) = (u64::MAX, u64::MAX);
        let name = "EchoRequest".into();
        report.messages = vec![MessageDelta { name, sent: u64::MAX, ..MessageDelta::default() }; 2];
        mad.say(Up::Report(report)).await;
        let Up::Beat(beat) = beat(mad.order.run, mad.order.epoch) else { unreachable!() };
        mad.say(Up::Beat(proto::message::Beat { robots: vec![all.clone(); 100], ..beat })).await;
    }
    let summary = passed(master, ann, 0).await;
    let told = "worker mad told of 18446744073709551615 robots, but at most 10 were its";
    assert!(summary.verdict.warnings.contains(&told.to_owned()), "{:?}", summary.verdict.warnings);
}

/// A report of a thousand names that were never told before, and failures of some.
fn of_new_names(mad: &Mad, sequence: u64) -> Report {
    let name = |i: u64| format!("name {sequence} {i}");
    let failure = |i: u64| FailureDelta {
        series: Series::new(Kind::Push, name(i)),
        class: FailureClass::Task,
        count: 1,
        first: S,
        last: S,
        example: "x".repeat(1_000),
    };
    let (at, one) = (S, delta(Kind::Push, ""));
    let kept = KeptFailure { robot: 1, at, reason: "no".into(), lines: vec!["x".repeat(1_000); 32] };
    Report {
        series: (0..1_000)
            .map(|i| SeriesDelta { series: Series::new(Kind::Push, name(i)), ..one.clone() })
            .collect(),
        failures: (0..20).map(failure).collect(),
        messages: (0..500).map(|i| MessageDelta { name: name(i), ..MessageDelta::default() }).collect(),
        kept: vec![kept; 1],
        ..mad.report(sequence)
    }
}

#[tokio::test]
async fn a_million_names_and_failures_are_counted_under_other() {
    let scene = Scene::with(2).await;
    let port = scene.master.port;
    let after = scene.stands(async move {
        let mut mad = Mad::join(channel(port).await).await;
        for sequence in 1..=1_000 {
            mad.say(Up::Report(of_new_names(&mad, sequence))).await;
            while next(&mut mad.down).await.expect("an ack") != Down::Ack(sequence) {}
        }
    });
    let after = after.await;
    assert_eq!(after.log.matches("further ones are counted as `other`").count(), 1);
}

const ACTING: [&str; 5] = [
    "=cmd|'/c calc'!A1",
    "\u{1b}[31mred\u{1b}[2J",
    "a\r\nVerdict: passed",
    "<script>alert(1)</script>",
    "@\u{202e}x",
];

#[tokio::test]
async fn names_that_act_run_in_no_table_file_or_log() {
    let scene = Scene::with(2).await;
    let port = scene.master.port;
    let after = scene.stands(async move {
        let mad = Mad::join(channel(port).await).await;
        let mut report = mad.report(1);
        for name in ACTING {
            let series = Series::new(Kind::Push, name);
            let (class, count, first, last, example) = (FailureClass::Task, 1, S, S, name.to_owned());
            report.failures.push(FailureDelta { series, class, count, first, last, example });
            report.series.push(delta(Kind::Push, name));
            report.messages.push(MessageDelta { name: name.into(), sent: 1, ..MessageDelta::default() });
            report.robots.push(Census::of(name));
        }
        mad.say(Up::Report(report)).await;
        // Its end is a line in the log, with its words in it.
        mad.say(Up::Report(Report { series: vec![impossible(ACTING[1])], ..mad.report(2) })).await;
        mad.reason().await;
    });
    let after = after.await;
    let mut shown = vec![after.log, after.text];
    for name in ["stats", "stats_history", "failures", "exceptions"] {
        let path = after.folder.path().join(format!("run_{name}.csv"));
        let file = std::fs::read_to_string(path).unwrap();
        let is_formula = |cell: &str| cell.trim_start_matches('"').starts_with(['=', '+', '@']);
        assert!(!file.split([',', '\n']).any(is_formula), "{file}");
        shown.push(file);
    }
    for text in shown {
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        assert_eq!(text.lines().filter(|line| line.starts_with("Verdict: passed\"")).count(), 0, "{text}");
    }
}

fn impossible(name: &str) -> SeriesDelta {
    let mut delta = delta(Kind::Push, name);
    delta.ok.sum_us = u64::MAX;
    delta
}
