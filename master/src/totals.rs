//! What all workers measured, merged by adding. Reports come in, each once; [`Summary`](crate::summary::Summary) and
//! the live table read it.

mod counts;
mod latency;
mod timeline;

use std::collections::BTreeMap;
use std::time::Duration;

use proto::histogram::{HIGHEST_US, Sparse};
use proto::plan::MOST_KEPT;
use proto::report::{FailureDelta, KeptFailure, MessageDelta, Report};
use proto::series::{FailureClass, Kind, Series};

pub use counts::Counts;
pub use latency::{Latency, PERCENTS};
pub(crate) use latency::{from_us, us};
pub use timeline::{Point, Requests, Second, Timeline, Users};

use crate::fleet::WorkerId;

/// The most series that are told apart; further ones count as `other` of their kind.
pub const MOST_SERIES: usize = 10_000;

/// The name under which further series are counted.
pub const OTHER: &str = "other";

/// No worker makes so many samples in one interval; a report that says so is made up. It also keeps sums from overflowing.
const MOST_SAMPLES: u64 = 1 << 32;

/// The most sorts of failures that are told apart, each with an example; further ones count under [`OTHER`] of their kind.
const MOST_FAILURES: usize = 2_000;

/// The most bytes of text that kept failures have in all.
const MOST_KEPT_TEXT: usize = 8 << 20;

/// How many workers are named at a failure.
const MOST_NODES: usize = 16;

/// Everything that was measured in a run.
#[derive(Debug, Default)]
pub struct Totals {
    series: Vec<SeriesTotals>,
    places: BTreeMap<Series, u32>,
    failures: BTreeMap<(Series, FailureClass), FailureTotals>,
    /// What went of each message of the schema.
    messages: BTreeMap<String, MessageTotals>,
    /// Failing robots with what they did before.
    kept: Vec<KeptFailure>,
    kept_text: usize,
    /// What each second held.
    pub timeline: Timeline,
    folded: u64,
}

/// One series over the whole run.
#[derive(Debug)]
pub struct SeriesTotals {
    /// Which.
    pub series: Series,
    /// Service times of what succeeded.
    pub ok: Counts,
    /// Service times of what failed.
    pub failed: Counts,
    /// Response times of samples that had a schedule.
    pub response: Counts,
    /// Payload bytes sent.
    pub sent: u64,
    /// Payload bytes received.
    pub received: u64,
}

/// What went both ways of one message.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessageTotals {
    /// Messages sent.
    pub sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// Messages received.
    pub received: u64,
    /// Their payload bytes.
    pub bytes_received: u64,
}

impl MessageTotals {
    fn add(&mut self, delta: &MessageDelta) {
        let add = |total: &mut u64, more: u64| *total = total.saturating_add(more);
        add(&mut self.sent, delta.sent);
        add(&mut self.bytes_sent, delta.bytes_sent);
        add(&mut self.received, delta.received);
        add(&mut self.bytes_received, delta.bytes_received);
    }
}

/// Failures of one sort in a series.
#[derive(Debug)]
pub struct FailureTotals {
    /// How many.
    pub count: u64,
    /// The first, on the master's clock.
    pub first: Duration,
    /// The last, on the master's clock.
    pub last: Duration,
    /// What the first one said.
    pub example: String,
    /// Workers that had it, the first few.
    pub nodes: Vec<WorkerId>,
}

impl Totals {
    /// Adds a report of a worker, whose interval ends with the given second of the run.
    pub fn apply(&mut self, worker: WorkerId, second: u64, report: &Report) {
        let places: Vec<_> = report.series.iter().map(|delta| self.place_of(&delta.series)).collect();
        for (delta, place) in report.series.iter().zip(&places) {
            let total = &mut self.series[*place as usize];
            total.ok.add(&delta.ok);
            total.failed.add(&delta.failed);
            total.response.add(&delta.response);
            total.sent = total.sent.saturating_add(delta.bytes_sent);
            total.received = total.received.saturating_add(delta.bytes_received);
        }
        report.failures.iter().for_each(|delta| self.fail(worker, delta));
        report.messages.iter().for_each(|delta| self.count_message(delta));
        report.kept.iter().for_each(|kept| self.keep(kept));
        self.timeline.place(worker, second, report, &places);
    }

    fn keep(&mut self, kept: &KeptFailure) {
        let text = kept.lines.iter().fold(kept.reason.len(), |sum, line| sum + line.len());
        if self.kept.len() < MOST_KEPT as usize && self.kept_text + text <= MOST_KEPT_TEXT {
            self.kept_text += text;
            self.kept.push(kept.clone());
        }
    }

    fn count_message(&mut self, delta: &MessageDelta) {
        let full = self.messages.len() >= MOST_SERIES && !self.messages.contains_key(&delta.name);
        let name = if full { OTHER } else { &delta.name };
        self.messages.entry(name.to_owned()).or_default().add(delta);
    }

    fn fail(&mut self, worker: WorkerId, delta: &FailureDelta) {
        let place = self.place_of(&delta.series);
        let mut key = (self.series[place as usize].series.clone(), delta.class);
        if self.failures.len() >= MOST_FAILURES && !self.failures.contains_key(&key) {
            key.0.name = OTHER.into();
        }
        let failure = self.failures.entry(key).or_insert_with(|| FailureTotals {
            count: 0,
            first: delta.first,
            last: delta.last,
            example: delta.example.clone(),
            nodes: Vec::new(),
        });
        failure.count = failure.count.saturating_add(delta.count);
        failure.first = failure.first.min(delta.first);
        failure.last = failure.last.max(delta.last);
        if failure.nodes.len() < MOST_NODES && !failure.nodes.contains(&worker) {
            failure.nodes.push(worker);
        }
    }

    /// Where the series is kept; it is given a place the first time.
    fn place_of(&mut self, series: &Series) -> u32 {
        if let Some(place) = self.places.get(series) {
            return *place;
        }
        let full = self.series.len() >= MOST_SERIES;
        if full && series.name != OTHER {
            self.folded = self.folded.saturating_add(1);
            return self.place_of(&Series::new(series.kind, OTHER));
        }
        let place = self.series.len() as u32;
        let empty = Counts::default;
        self.series.push(SeriesTotals {
            series: series.clone(),
            ok: empty(),
            failed: empty(),
            response: empty(),
            sent: 0,
            received: 0,
        });
        self.places.insert(series.clone(), place);
        place
    }

    /// The series in the order of their places, which never change.
    pub fn series(&self) -> &[SeriesTotals] {
        &self.series
    }

    /// Series with their places, by kind and name.
    pub fn sorted(&self) -> impl Iterator<Item = (u32, &SeriesTotals)> {
        self.places.values().map(|place| (*place, &self.series[*place as usize]))
    }

    /// Failures by series and class.
    pub fn failures(&self) -> impl Iterator<Item = (&Series, FailureClass, &FailureTotals)> {
        self.failures.iter().map(|((series, class), failure)| (series, *class, failure))
    }

    /// Failing robots with what they did before, as they came.
    pub fn kept(&self) -> &[KeptFailure] {
        &self.kept
    }

    /// Every message of the schema that a worker told of, by name.
    pub fn messages(&self) -> impl Iterator<Item = (&str, &MessageTotals)> {
        self.messages.iter().map(|(name, totals)| (name.as_str(), totals))
    }

    /// How many samples of a kind succeeded and failed.
    pub fn of_kind(&self, kind: Kind) -> (u64, u64) {
        self.series
            .iter()
            .filter(|total| total.series.kind == kind)
            .fold((0, 0), |(ok, failed), total| (ok + total.ok.count(), failed + total.failed.count()))
    }

    /// How often a name was beyond [`MOST_SERIES`].
    pub fn folded(&self) -> u64 {
        self.folded
    }
}

/// Only requests count in what is called Aggregated.
pub(crate) fn is_request(series: &Series) -> bool {
    series.kind == Kind::Request
}

/// Whether a worker can have measured this.
///
/// # Errors
/// What can't be.
pub(crate) fn check(report: &Report) -> Result<(), String> {
    for delta in &report.series {
        for sparse in [&delta.ok, &delta.failed, &delta.response] {
            check_sparse(sparse)
                .map_err(|wrong| format!("series {}: {wrong}", crate::text::fit(&delta.series.name, 80)))?;
        }
    }
    match report.failures.iter().map(|delta| delta.count).max() {
        Some(most) if most > MOST_SAMPLES => Err(format!("{most} failures in one interval")),
        _ => Ok(()),
    }
}

fn check_sparse(sparse: &Sparse) -> Result<(), String> {
    let count = sparse.count();
    let between = |low: u64, high: u64| {
        let all = |us: u64| u128::from(us) * u128::from(count);
        (all(low)..=all(high)).contains(&u128::from(sparse.sum_us))
    };
    if count > MOST_SAMPLES {
        Err(format!("{count} samples in one interval"))
    } else if count > 0 && !between(sparse.min_us, sparse.max_us.min(HIGHEST_US)) {
        Err(format!("{count} samples can't add up to {} microseconds", sparse.sum_us))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
