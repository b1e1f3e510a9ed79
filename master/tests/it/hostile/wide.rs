//! A worker that takes part and tells as much as messages hold, as fast as it can: long names, and latencies of which no two
//! are near each other.

use std::time::Duration;

use proto::histogram::{HIGHEST_US, Sparse};
use proto::message::Assignment;
use proto::report::{Report, SeriesDelta};
use proto::series::{Kind, Series};
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

fn report(order: &Assignment, sequence: u64, elapsed: Duration) -> Report {
    let first = sequence * SERIES;
    let series = (first..first + SERIES).map(|n| delta(n % NAMES, n / NAMES)).collect();
    // The second under way and the next.
    let to = order.start + elapsed + Duration::from_secs(sequence % 2);
    Report { series, to, ..mad::report(order, sequence) }
}

#[tokio::test]
async fn histograms_as_wide_as_can_be_of_more_names_than_are_told_apart_cost_less_than_32_mib() {
    let scene = Scene::with(2).await;
    let port = scene.master.port;
    let after = scene.stands(async move {
        let Mad { up, mut down, order } = Mad::join(channel(port).await).await;
        let began = Instant::now();
        let telling = async {
            for sequence in 1..=REPORTS {
                up.send(Up::Report(report(&order, sequence, began.elapsed()))).await.expect("a stream");
            }
        };
        let hearing = async { while next(&mut down).await.expect("an ack") != Down::Ack(REPORTS) {} };
        tokio::join!(telling, hearing);
    });
    let after = after.await;
    assert_eq!(after.log.matches("further ones are counted as `other`").count(), 1, "{}", after.log);
}
