//! A master that is away: how much waits, and that nothing is lost of it.

use std::time::Duration;

use proto::control::LARGEST_UP;
use proto::histogram::Sparse;
use proto::report::{Census, FailureDelta, MessageDelta, SeriesDelta};
use proto::series::{FailureClass, Kind, RobotState, Series};
use uuid::Uuid;

use super::*;

const S: Duration = Duration::from_secs(1);

/// The report of a second with so many series, each with so many samples of latencies that differ from second to second.
fn report(second: u32, series: u32, samples: u32) -> Report {
    let delta = |number: u32| {
        let from = 1_000 + u64::from((second * 7_919 + number * 104_729) % 500);
        let series = Series::new(Kind::Request, format!("Request number {number:05}"));
        let (ok, empty) = (spread(from, samples), Sparse::default());
        SeriesDelta { series, ok, failed: empty.clone(), response: empty, bytes_sent: 10, bytes_received: 20 }
    };
    let failure = FailureDelta {
        series: Series::new(Kind::Request, "A"),
        class: FailureClass::Timeout,
        count: 1,
        first: second * S,
        last: second * S,
        example: "no reply".to_owned(),
    };
    let mut census = Census::of("default");
    census.add(RobotState::Playing, second.into());
    Report {
        run: Uuid::nil(),
        sequence: 0,
        from: second * S,
        to: (second + 1) * S,
        robots: vec![census],
        series: (0..series).map(delta).collect(),
        failures: vec![failure],
        messages: vec![MessageDelta { name: "A".to_owned(), sent: 1, ..MessageDelta::default() }],
        kept: Vec::new(),
        last: false,
        more: false,
    }
}

/// So many latencies, from a bucket on each in the third after the one before.
fn spread(from: u64, samples: u32) -> Sparse {
    let rest = (1..samples).flat_map(|_| [3, 1]);
    let (buckets, most) = ([from, 1].into_iter().chain(rest).collect(), from + 3 * u64::from(samples));
    Sparse { buckets, sum_us: from, min_us: from, max_us: most }
}

/// What waits, and what is in the stream a second time.
fn bytes(backlog: &Backlog) -> usize {
    let waiting: usize = backlog.reports.iter().map(Packed::bytes).sum();
    waiting + backlog.reports.iter().take(backlog.sent).map(Packed::sent_bytes).sum::<usize>()
}

/// What is to be merged in the end: samples, failures, messages; checked to be without a gap.
fn drained(backlog: &mut Backlog) -> (u64, u64, u64) {
    let (mut sums, mut expected, mut at) = ((0, 0, 0), 1, Duration::ZERO);
    backlog.resend();
    while let Some(report) = backlog.next_to_send() {
        assert_eq!((report.sequence, report.from), (expected, at));
        assert!(report.to_bytes().len() < LARGEST_UP);
        (expected, at) = (expected + 1, if report.more { at } else { report.to });
        assert!(report.series.is_sorted_by(|a, b| a.series < b.series));
        sums.0 += report.series.iter().map(|delta| delta.ok.count()).sum::<u64>();
        sums.1 += report.failures.iter().map(|failure| failure.count).sum::<u64>();
        sums.2 += report.messages.iter().map(|message| message.sent).sum::<u64>();
        backlog.ack(report.sequence);
    }
    assert_eq!(backlog.len(), 0);
    sums
}

/// Minutes without a master that takes anything. The most bytes that waited, those on their way included.
fn alone(backlog: &mut Backlog, seconds: u32, series: u32, samples: u32) -> usize {
    let mut most = 0;
    for second in 0..seconds {
        backlog.push(report(second, series, samples));
        while backlog.next_to_send().is_some() {}
        most = most.max(bytes(backlog));
    }
    most
}

#[test]
fn a_master_that_is_stopped_for_ten_minutes_costs_less_than_16_mib_and_no_sample() {
    // series, samples of each per second: few busy ones, and hundreds
    for (series, samples) in [(20, 200), (300, 20)] {
        let mut backlog = Backlog::default();
        let bytes = alone(&mut backlog, 600, series, samples);
        assert!(bytes < 12 << 20, "{bytes} bytes of {series} series");
        assert!(backlog.len() <= MOST_REPORTS + REPORTS_ON_THE_WAY);
        assert_eq!(drained(&mut backlog), (u64::from(600 * series * samples), 600, 600));
    }
}

#[test]
fn as_many_series_as_a_report_may_have_are_joined_and_divided_again() {
    let mut backlog = Backlog::default();
    // So many different latencies as ten minutes have at two a second: 500 of each.
    let bytes = alone(&mut backlog, 40, 10_000, 30);
    assert!(bytes < 16 << 20, "{bytes} bytes");
    assert!(backlog.len() <= 2 * REPORTS_ON_THE_WAY);
    assert_eq!(drained(&mut backlog), (40 * 10_000 * 30, 40, 40));
}

#[test]
fn what_was_sent_once_stays_as_it_was() {
    let mut backlog = Backlog::default();
    backlog.push(report(0, 3, 1));
    let first = backlog.next_to_send();
    (1..500).for_each(|second| backlog.push(report(second, 3, 1)));
    backlog.resend();
    assert_eq!(backlog.next_to_send(), first);
    backlog.ack(7); // of reports that were never sent it can't be true
    assert_eq!(backlog.next_to_send().map(|report| (report.sequence, report.from)), Some((2, S)));
}
