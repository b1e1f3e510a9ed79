//! Merging, caps, and what a made-up report looks like.

use proptest::prelude::*;
use proto::histogram::{HIGHEST_US, Histogram};
use proto::report::{Census, SeriesDelta};
use proto::series::RobotState;
use uuid::Uuid;

use super::*;

const S: Duration = Duration::from_secs(1);

fn sparse(values: &[u64]) -> Sparse {
    let mut histogram = Histogram::new();
    values.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
    histogram.to_sparse()
}

fn delta(kind: Kind, name: &str, ok: &[u64], failed: &[u64]) -> SeriesDelta {
    let series = Series::new(kind, name);
    SeriesDelta {
        series,
        ok: sparse(ok),
        failed: sparse(failed),
        response: Sparse::default(),
        bytes_sent: 10,
        bytes_received: 20,
    }
}

fn report(playing: u64, series: Vec<SeriesDelta>) -> Report {
    let mut census = Census::of("default");
    census.add(RobotState::Playing, playing);
    Report {
        run: Uuid::nil(),
        sequence: 1,
        from: S,
        to: 2 * S,
        robots: vec![census],
        series,
        failures: vec![],
        messages: vec![],
        kept: vec![],
        last: false,
        more: false,
    }
}

#[test]
fn seconds_hold_what_was_told_of_them_and_never_change() {
    let mut totals = Totals::default();
    let (a, b) = (WorkerId(1), WorkerId(2));
    totals.apply(a, 1, &report(5, vec![delta(Kind::Request, "Echo", &[100, 200], &[300])]));
    totals.apply(a, 2, &report(6, vec![delta(Kind::Connect, "game", &[100], &[])]));
    totals.apply(b, 1, &report(7, vec![delta(Kind::Request, "Echo", &[400], &[])]));
    let first = totals.timeline.close().clone();
    assert_eq!(
        (first.second, first.users, first.requests.latency.count, first.requests.failed),
        (1, [0, 0, 0, 12, 0], 4, 1)
    );
    assert_eq!(first.points.iter().collect::<Vec<_>>(), [Point { series: 0, ok: 3, failed: 1 }]);
    // What comes late counts in the first open second.
    totals.apply(b, 1, &report(7, vec![delta(Kind::Request, "Echo", &[500], &[])]));
    let second = totals.timeline.close().clone();
    assert_eq!(
        (second.second, second.users, second.requests.latency.count, second.total.latency.count),
        (2, [0, 0, 0, 13, 0], 1, 5)
    );
    assert_eq!(totals.timeline.seconds()[0], first);
    // A worker that told nothing still has its robots, one that is gone has none.
    totals.timeline.forget(a);
    assert_eq!(totals.timeline.close().users, [0, 0, 0, 7, 0]);
}

#[test]
fn names_beyond_the_cap_are_counted_as_other() {
    let mut totals = Totals::default();
    let one = delta(Kind::Request, "", &[1], &[]);
    let named = |name: String| SeriesDelta { series: Series::new(Kind::Request, name), ..one.clone() };
    for chunk in 0..3 {
        let names = (0..MOST_SERIES / 2).map(|i| named(format!("name {chunk} {i}")));
        totals.apply(WorkerId(chunk), 1, &report(1, names.collect()));
    }
    assert_eq!((totals.series().len(), totals.folded()), (MOST_SERIES + 1, MOST_SERIES as u64 / 2));
    let other = totals.sorted().find(|(_, total)| total.series.name == OTHER).unwrap().1;
    assert_eq!(other.ok.count(), MOST_SERIES as u64 / 2);
    assert_eq!(totals.of_kind(Kind::Request), (3 * MOST_SERIES as u64 / 2, 0));
}

#[test]
fn failures_beyond_the_cap_are_counted_as_other_and_kept_ones_have_so_much_text() {
    let mut totals = Totals::keeping(1_000);
    let failure = |i: usize| FailureDelta {
        series: Series::new(Kind::Request, format!("name {i}")),
        class: FailureClass::Task,
        count: 1,
        first: S,
        last: S,
        example: String::new(),
    };
    let kept = KeptFailure { robot: 1, at: S, reason: String::new(), lines: vec!["x".repeat(1 << 10); 32] };
    let failures = (0..MOST_FAILURES + 5).map(failure).collect();
    let told = Report { failures, ..report(1, vec![]) };
    totals.apply(WorkerId(1), 1, &told);
    for worker in 1..=4 {
        totals.apply(WorkerId(worker), 1, &Report { kept: vec![kept.clone(); 100], ..report(1, vec![]) });
    }
    let other: Vec<_> = totals.failures().filter(|(series, ..)| series.name == OTHER).collect();
    assert_eq!((totals.failures().count(), other.len(), other[0].2.count), (MOST_FAILURES + 1, 1, 5));
    assert_eq!(totals.kept().len(), MOST_KEPT_TEXT / (32 << 10));
}

/// Latencies over all the range, each far from the next.
fn wide(shift: u64) -> Sparse {
    let buckets = [shift, 1].into_iter().chain([64, 1].repeat(361)).collect();
    Sparse { buckets, sum_us: 362_000, min_us: 1, max_us: HIGHEST_US }
}

/// So many series with wide latencies.
fn wide_report(series: std::ops::Range<usize>, shift: u64) -> Report {
    let named = |i| {
        let series = Series::new(Kind::Request, format!("name {i}"));
        SeriesDelta { series, ok: wide(shift), ..delta(Kind::Request, "", &[], &[]) }
    };
    report(1, series.map(named).collect())
}

#[test]
fn one_worker_s_account_is_its_own_and_no_sample_of_anybody_is_lost() {
    let tell = || {
        let mut totals = Totals::default();
        for round in 0..5 {
            totals.apply(WorkerId(1), 1, &wide_report(0..3_000, round));
        }
        totals.apply(WorkerId(2), 1, &wide_report(5_000..5_100, 0));
        totals
    };
    let totals = tell();
    assert!(totals.is_overfull(WorkerId(1)) && !totals.is_overfull(WorkerId(2)));
    assert_eq!(totals.of_kind(Kind::Request), (362 * (5 * 3_000 + 100), 0));
    let of = |name: &str| totals.sorted().find(|(_, total)| total.series.name == name).unwrap().1.ok.count();
    assert_eq!((of("name 5000"), of("name 5099")), (362, 362), "the other worker has room");
    assert!(of(OTHER) > 0);
    // A master that is started again comes to the same.
    let counts = |totals: &Totals| {
        totals.sorted().map(|(_, total)| (total.series.clone(), total.ok.count())).collect::<Vec<_>>()
    };
    assert_eq!(counts(&tell()), counts(&totals));
}

#[test]
fn ten_thousand_series_of_an_honest_worker_have_room_for_a_hundred_latencies_each() {
    let mut totals = Totals::default();
    // Neighbours, as latencies are.
    let sparse = |shift: u64| {
        let buckets = [1_000 + 25 * shift, 3].into_iter().chain([1, 3].repeat(24)).collect();
        Sparse { buckets, sum_us: 75 * 1_100, min_us: 1_000, max_us: 1_200 }
    };
    for round in 0..4 {
        for part in 0..10 {
            let named = |i| {
                let series = Series::new(Kind::Request, format!("Request number {i:05}"));
                SeriesDelta { series, ok: sparse(round), ..delta(Kind::Request, "", &[], &[]) }
            };
            let series = (1_000 * part..1_000 * (part + 1)).map(named).collect();
            totals.apply(WorkerId(1), 1, &report(1, series));
        }
    }
    assert!(!totals.is_overfull(WorkerId(1)));
    assert!(totals.series().iter().all(|total| total.ok.count() == 300));
}

#[test]
fn a_report_that_no_worker_can_have_measured_is_named() {
    let made_up = |ok: Sparse| {
        let series = Series::new(Kind::Request, "x");
        report(
            1,
            vec![SeriesDelta {
                series,
                ok,
                failed: Sparse::default(),
                response: Sparse::default(),
                bytes_sent: 0,
                bytes_received: 0,
            }],
        )
    };
    let sparse = |count, sum_us| Sparse { buckets: vec![5, count], sum_us, min_us: 5, max_us: 5 };
    let table = [
        (sparse(1 << 33, 5 << 33), "series x: 8589934592 samples in one interval"),
        (sparse(2, u64::MAX), "series x: 2 samples can't add up to 18446744073709551615 microseconds"),
        (sparse(2, 9), "series x: 2 samples can't add up to 9 microseconds"),
    ];
    for (sparse, wrong) in table {
        assert_eq!(check(&made_up(sparse)).unwrap_err(), wrong);
    }
    assert_eq!(check(&made_up(sparse(2, 10))), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Through reports, merging and percentiles, what is told agrees with the exact figure of the same samples.
    #[test]
    fn percentiles_agree_with_exact_ones_to_three_digits(parts in prop::collection::vec(prop::collection::vec(1..5_000_000u64, 1..60), 1..8)) {
        let mut totals = Totals::default();
        for (i, part) in parts.iter().enumerate() {
            totals.apply(WorkerId(i as u32 % 3), i as u64 / 3, &report(1, vec![delta(Kind::Request, "Echo", part, &[])]));
        }
        let told = Latency::of(&totals.series()[0].ok, &mut Histogram::new());
        let mut all = parts.concat();
        all.sort_unstable();
        for ((percent, _), told) in PERCENTS.iter().zip(told.percentiles) {
            let rank = (percent / 100.0 * all.len() as f64).ceil().max(1.0) as usize;
            let exact = all[rank - 1] as f64;
            prop_assert!((told.as_micros() as f64 - exact).abs() <= exact / 1000.0, "p{}: told {:?}, exact {}", percent, told, exact);
        }
        prop_assert_eq!(told.mean.as_micros() as u64, all.iter().sum::<u64>() / all.len() as u64);
        prop_assert_eq!(told.count, all.len() as u64);
    }
}
