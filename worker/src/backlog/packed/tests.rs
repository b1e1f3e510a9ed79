//! What is packed comes back, halves are what the whole was, and no part is larger than it says.

use std::time::Duration;

use proptest::prelude::*;
use proto::histogram::{HIGHEST_US, Histogram, Sparse};
use proto::report::{Census, FailureDelta, KeptFailure, MessageDelta, SeriesDelta};
use proto::series::{FailureClass, Kind, RobotState, Series};
use uuid::Uuid;

use super::*;

const S: Duration = Duration::from_secs(1);

fn sparse(values: &[u64]) -> Sparse {
    let mut histogram = Histogram::new();
    values.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
    histogram.to_sparse()
}

fn series(place: usize, [ok, failed, response]: &[Vec<u64>; 3]) -> SeriesDelta {
    let series = Series::new(Kind::Request, format!("series {place:0>3}"));
    let [ok, failed, response] = [ok, failed, response].map(|values| sparse(values));
    SeriesDelta { series, ok, failed, response, bytes_sent: u64::MAX >> 9, bytes_received: 20 }
}

fn failure(place: usize) -> FailureDelta {
    let series = Series::new(Kind::Request, format!("series {place:0>3}"));
    let example = "x".repeat(place);
    FailureDelta { series, class: FailureClass::Task, count: 3, first: S, last: Duration::MAX, example }
}

fn message(place: usize) -> MessageDelta {
    MessageDelta { name: format!("Message{place:0>3}"), sent: u64::MAX, ..MessageDelta::default() }
}

fn kept(place: usize) -> KeptFailure {
    let lines = vec![String::new(), "y".repeat(place)];
    KeptFailure { robot: u64::MAX, at: Duration::MAX, reason: "no".into(), lines }
}

fn report(values: Vec<[Vec<u64>; 3]>, failures: usize, messages: usize, kept_failures: usize) -> Report {
    let mut census = Census::of("default");
    RobotState::ALL.into_iter().for_each(|state| census.add(state, u64::MAX));
    Report {
        run: Uuid::max(),
        sequence: u64::MAX,
        from: S,
        to: Duration::MAX,
        robots: vec![census],
        series: values.iter().enumerate().map(|(place, values)| series(place, values)).collect(),
        failures: (0..failures).map(failure).collect(),
        messages: (0..messages).map(message).collect(),
        kept: (0..kept_failures).map(kept).collect(),
        last: true,
        more: false,
    }
}

fn any_report() -> impl Strategy<Value = Report> {
    let values = || prop::collection::vec(1..HIGHEST_US, 0..12);
    let series = prop::collection::vec([values(), values(), values()], 0..5);
    (series, 0..4usize, 0..4usize, 0..4usize).prop_map(|(series, f, m, k)| report(series, f, m, k))
}

/// All halves of halves, down to where there is nothing to divide.
fn crumbs(mut whole: Packed) -> Vec<Packed> {
    match whole.split_off() {
        Some(second) => crumbs(whole).into_iter().chain(crumbs(second)).collect(),
        None => vec![whole],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_packed_comes_back(report in any_report()) {
        prop_assert_eq!(Packed::new(report.clone()).unpacked(), report);
    }

    #[test]
    fn crumbs_join_to_what_the_whole_was(report in any_report()) {
        let crumbs = crumbs(Packed::new(report.clone()));
        let last = crumbs.len() - 1;
        for (place, crumb) in crumbs.iter().enumerate() {
            let Report { series, failures, messages, kept, more, last: is_last, .. } = crumb.unpacked();
            prop_assert!(failures.len() <= 1 && messages.len() <= 1 && kept.len() <= 1);
            prop_assert!(series.len() <= 1 && series.iter().all(|delta| delta.ok.buckets.len() <= 2));
            prop_assert_eq!((more, is_last), (place < last, place == last));
        }
        let whole = crumbs.into_iter().reduce(Packed::joined).map(|whole| whole.unpacked());
        prop_assert_eq!(whole, Some(report));
    }

    #[test]
    fn it_takes_no_more_on_the_wire_than_it_says(report in any_report()) {
        let said = {
            let Packed { report, series, .. } = Packed::new(report.clone());
            size::on_the_wire(&report, &series)
        };
        let wire = report.to_bytes().len();
        prop_assert!((wire + 8..2 * wire + 100).contains(&said), "{} said, {} are", said, wire);
    }
}

#[test]
fn a_series_that_alone_is_too_large_is_divided_too() {
    // Something in every bucket.
    let wide =
        Sparse { buckets: [1, 300].repeat(23_000), sum_us: 300 * 23_000, min_us: 1, max_us: HIGHEST_US };
    let mut whole = report(vec![[vec![], vec![], vec![]]], 1, 1, 1);
    (whole.series[0].ok, whole.series[0].response) = (wide.clone(), wide);
    let mut rest = vec![Packed::new(whole)];
    let mut parts = Vec::new();
    while let Some(mut next) = rest.pop() {
        while next.is_too_large() {
            rest.push(next.split_off().expect("it can be divided"));
        }
        parts.push(next);
    }
    assert!((2..5).contains(&parts.len()), "{}", parts.len());
    assert!(parts.iter().all(|part| part.unpacked().to_bytes().len() < LARGEST_UP));
}
