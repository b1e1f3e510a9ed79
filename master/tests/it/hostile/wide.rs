//! A worker that takes part and tells as much as messages hold, as fast as it can: long names, and latencies of which no two
//! are near each other.

use std::time::Duration;

use proto::histogram::{HIGHEST_US, Sparse};
use proto::message::Assignment;
use proto::report::{FailureDelta, KeptFailure, MessageDelta, Report, SeriesDelta};
use proto::series::{FailureClass, Kind, Series};
use proto::slots::Share;
use proto::talk::{Ask, Asks, Gather};
use proto::{Down, Up};
use tokio::time::Instant;

use super::mad::{self, Mad};
use super::{Scene, channel};
use crate::common::fake::next;

/// More names than are told apart.
const NAMES: u64 = 10_500;

/// Series of one report, so that it is about as large as may be.
const SERIES: u64 = 140;

/// Enough to tell all histograms of all names, and then more.
const REPORTS: u64 = 400;

/// Latencies over all the range, each far from the next; `shift` tells some from others.
fn wide(shift: u64) -> Sparse {
    let buckets = [shift, 1].into_iter().chain([64, 1].repeat(361)).collect();
    Sparse { buckets, sum_us: 362_000, min_us: 1, max_us: HIGHEST_US }
}

/// A series that was told in so many rounds before; in each it is another of its histograms.
fn delta(place: u64, round: u64) -> SeriesDelta {
    let mut sparse = [(); 3].map(|()| Sparse::default());
    sparse[round as usize % 3] = wide(round);
    let [ok, failed, response] = sparse;
    let series = Series::new(Kind::Push, format!("name {place:0>59}"));
    SeriesDelta { series, ok, failed, response, bytes_sent: 1, bytes_received: 1 }
}

/// The report of that number of a worker that fills all that there is to fill: in turn long names, figures of many series in a
/// second, failures with what went before them, and messages.
fn full_report(order: &Assignment, sequence: u64, elapsed: Duration) -> Report {
    let base = Report { series: vec![], ..report(order, sequence, elapsed) };
    let name = |i: u64| format!("{sequence} {i} {}", "n".repeat(230));
    let tiny = |name: String, kind| SeriesDelta {
        series: Series::new(kind, name),
        ok: Sparse { buckets: vec![1, 1], sum_us: 1, min_us: 1, max_us: 1 },
        response: Sparse::default(),
        ..delta(0, 2)
    };
    let failure = |i| FailureDelta {
        series: Series::new(Kind::Custom, name(i)),
        class: FailureClass::Task,
        count: 1,
        first: order.start,
        last: order.start,
        example: "x".repeat(1_000),
    };
    let lines = vec!["x".repeat(1_000); 32];
    let kept = KeptFailure { robot: 1, at: order.start, reason: "no".into(), lines };
    match sequence % 5 {
        0 => Report { series: (0..350).map(|i| tiny(name(i), Kind::Custom)).collect(), ..base },
        1 => Report { series: (0..4_000).map(|i| tiny(format!("{i}"), Kind::Task)).collect(), ..base },
        2 => Report { failures: (0..80).map(failure).collect(), ..base },
        3 => Report {
            kept: vec![kept; 2],
            messages: (0..150).map(|i| MessageDelta { name: name(i), ..MessageDelta::default() }).collect(),
            ..base
        },
        _ => report(order, sequence, elapsed),
    }
}

/// Asks that are about as much as a message holds: robots wait in lines of long names, form groups of one, and write on boards.
fn asks(order: &Assignment, round: u64) -> Asks {
    let share = Share::of(&order.slots);
    let robots: Vec<_> = (0..10).filter_map(|place| share.robot(place)).collect();
    let gather = |i: u64| {
        let robot = robots[i as usize % robots.len()];
        let (ticket, size) = (1_000 * round + i, 1 + (i % 2) as u32);
        let key = format!("{round} {i} {}", "k".repeat(240)).into();
        Ask::Gather(Gather { robot, ticket, key, size, timeout: Duration::MAX })
    };
    let set = |i: u64| Ask::Set {
        robot: robots[i as usize % robots.len()],
        group: round + i,
        key: "k".into(),
        value: "7".repeat(60_000).into(),
    };
    let list = if round.is_multiple_of(2) { (0..300).map(gather).collect() } else { vec![set(0)] };
    Asks { run: order.run, seen: u64::MAX, restating: false, list }
}

fn report(order: &Assignment, sequence: u64, elapsed: Duration) -> Report {
    let first = sequence * SERIES;
    let series = (first..first + SERIES).map(|n| delta(n % NAMES, n / NAMES)).collect();
    // The second under way and the next.
    let to = order.start + elapsed + Duration::from_secs(sequence % 2);
    Report { series, to, ..mad::report(order, sequence) }
}

/// Takes part in the run of a master and tells all reports, with what else `ups` makes of their numbers, without waiting.
async fn tell(port: u16, ups: impl Fn(&Assignment, u64, Duration) -> Vec<Up>) {
    let Mad { up, mut down, order } = Mad::join(channel(port).await).await;
    let began = Instant::now();
    let telling = async {
        for sequence in 1..=REPORTS {
            for message in ups(&order, sequence, began.elapsed()) {
                up.send(message).await.expect("a stream");
            }
        }
    };
    let hearing = async {
        loop {
            match next(&mut down).await.expect("an ack") {
                Down::Ack(REPORTS) => return,
                Down::Ack(_) | Down::Groups(_) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::join!(telling, hearing);
}

#[tokio::test]
async fn histograms_as_wide_as_can_be_of_more_names_than_are_told_apart_cost_less_than_32_mib() {
    let scene = Scene::with(2).await;
    let port = scene.master.port;
    let wide = |order: &Assignment, sequence, elapsed| vec![Up::Report(report(order, sequence, elapsed))];
    let after = scene.stands(tell(port, wide)).await;
    assert_eq!(after.log.matches("further ones are counted as `other`").count(), 1, "{}", after.log);
}

#[tokio::test]
async fn whoever_fills_all_that_there_is_to_fill_at_once_costs_less_than_32_mib() {
    let scene = Scene::with(2).await;
    let port = scene.master.port;
    let full = |order: &Assignment, sequence, elapsed| {
        vec![Up::Report(full_report(order, sequence, elapsed)), Up::Groups(asks(order, sequence))]
    };
    scene.stands(tell(port, full)).await;
}
