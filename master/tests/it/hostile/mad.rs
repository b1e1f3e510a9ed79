//! A worker that takes part and then says what the test wants.

use std::time::Duration;

use proto::histogram::{Histogram, Sparse};
use proto::message::{Assignment, BEAT_EVERY, Dismissal};
use proto::report::{Census, Report, SeriesDelta};
use proto::series::{Kind, RobotState, Series};
use proto::slots::Share;
use proto::{Down, Up};
use tokio::sync::mpsc;
use tokio::time::interval;
use tonic::Streaming;
use tonic::transport::Channel;

use super::beat;
use crate::common::fake::{hello, next, open};

pub(crate) struct Mad {
    pub(crate) up: mpsc::Sender<Up>,
    pub(crate) down: Streaming<Down>,
    pub(crate) order: Assignment,
}

impl Mad {
    /// Joins and waits for robots; from then on it beats by itself.
    pub(crate) async fn join(channel: Channel) -> Self {
        let (up, mut down) = open(channel, vec![Up::Hello(hello("mad"))]).await;
        let order = loop {
            match next(&mut down).await.expect("an assignment") {
                Down::Part(part) => up.send(Up::Ready(part.bundle)).await.unwrap(),
                Down::Assignment(order) => break *order,
                other => panic!("{other:?}"),
            }
        };
        let (weak, run, epoch) = (up.downgrade(), order.run, order.epoch);
        tokio::spawn(async move {
            let mut beats = interval(BEAT_EVERY);
            while let Some(up) = weak.upgrade() {
                // The master may have sent it home.
                _ = up.send(beat(run, epoch)).await;
                drop(up);
                beats.tick().await;
            }
        });
        Self { up, down, order }
    }

    pub(crate) async fn say(&self, up: Up) {
        // The master may have sent it home.
        _ = self.up.send(up).await;
    }

    /// A report of the first second that could be true.
    pub(crate) fn report(&self, sequence: u64) -> Report {
        report(&self.order, sequence)
    }

    /// What it is told when it is sent away.
    pub(crate) async fn reason(mut self) -> String {
        loop {
            match next(&mut self.down).await.expect("a reason") {
                Down::Dismiss(Dismissal::Refused, why) => return why,
                _ => continue,
            }
        }
    }
}

/// A report of the first second that could be true, of a worker that was told so.
pub(crate) fn report(order: &Assignment, sequence: u64) -> Report {
    let mut robots = Census::of("default");
    robots.add(RobotState::Playing, Share::of(&order.slots).below(order.plan.profile.peak()));
    Report {
        run: order.run,
        sequence,
        from: order.start,
        to: order.start + Duration::from_secs(1),
        robots: vec![robots],
        series: vec![delta(Kind::Push, "Mail")],
        failures: vec![],
        messages: vec![],
        kept: vec![],
        last: false,
        more: false,
    }
}

/// One sample of a series.
pub(crate) fn delta(kind: Kind, name: &str) -> SeriesDelta {
    let mut histogram = Histogram::new();
    histogram.record(Duration::from_micros(250));
    SeriesDelta {
        series: Series::new(kind, name),
        ok: histogram.to_sparse(),
        failed: Sparse::default(),
        response: Sparse::default(),
        bytes_sent: 10,
        bytes_received: 20,
    }
}
