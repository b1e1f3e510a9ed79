//! What all workers measured, merged by adding. Reports come in, each once; [`Summary`](crate::summary::Summary) and
//! the live table read it.

mod account;
mod counts;
mod latency;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::size_of;
use std::time::Duration;

use proto::histogram::{HIGHEST_US, Sparse};
use proto::plan::MOST_KEPT;
use proto::report::{FailureDelta, KeptFailure, MessageDelta, Report, SeriesDelta};
use proto::series::{FailureClass, Kind, Series};

use account::Account;
pub use account::MOST_OF_WORKER;
pub use counts::Counts;
pub use latency::{Latency, PERCENTS};
pub(crate) use latency::{from_us, us};
pub use timeline::{Point, Points, Requests, Second, Timeline, Users};

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

/// What a block of memory takes beside its bytes, and how often an entry of a map takes its size: half of a map may be empty.
const BLOCK: usize = 16;
const IN_A_MAP: usize = 2;

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
    most_kept: usize,
    accounts: BTreeMap<WorkerId, Account>,
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

/// One of a series' histograms.
type Part = fn(&mut SeriesTotals) -> &mut Counts;

impl Totals {
    /// Nothing yet, of a run that keeps so many failing robots.
    pub fn keeping(failures: u32) -> Self {
        Self { most_kept: failures.min(MOST_KEPT) as usize, ..Self::default() }
    }

    /// Adds a report of a worker, whose interval ends with the given second of the run. What is new in it is kept as far as the
    /// worker's account has room; the rest counts under [`OTHER`].
    pub fn apply(&mut self, worker: WorkerId, second: u64, report: &Report) {
        let mut account = self.accounts.remove(&worker).unwrap_or_default();
        let places: Vec<_> =
            report.series.iter().map(|delta| self.place_of(&delta.series, &mut account)).collect();
        let mut told = BTreeSet::new();
        for (delta, place) in report.series.iter().zip(&places) {
            // No worker tells a series twice in a report, and a long histogram that grows by one ten thousand times takes long.
            self.add(delta, *place, told.insert(*place).then_some(&mut account));
        }
        report.failures.iter().for_each(|delta| self.fail(worker, delta, &mut account));
        report.messages.iter().for_each(|delta| self.count_message(delta, &mut account));
        report.kept.iter().for_each(|kept| self.keep(kept, &mut account));
        self.timeline.place(worker, second, report, &places);
        self.accounts.insert(worker, account);
    }

    /// Adds what a series did. Histograms that the account has no room for count under [`OTHER`].
    fn add(&mut self, delta: &SeriesDelta, place: u32, account: Option<&mut Account>) {
        let total = &mut self.series[place as usize];
        total.sent = total.sent.saturating_add(delta.bytes_sent);
        total.received = total.received.saturating_add(delta.bytes_received);
        let mut account = account.filter(|_| total.series.name != OTHER);
        let parts: [(Part, &Sparse); 3] = [
            (|total| &mut total.ok, &delta.ok),
            (|total| &mut total.failed, &delta.failed),
            (|total| &mut total.response, &delta.response),
        ];
        for (part, sparse) in parts.into_iter().filter(|(_, sparse)| !sparse.is_empty()) {
            let counts = part(&mut self.series[place as usize]);
            if !account.as_mut().is_some_and(|account| counts.add_within(sparse, account)) {
                let other = self.other(delta.series.kind);
                part(&mut self.series[other as usize]).add(sparse);
            }
        }
    }

    /// Whether a worker told more than is kept of one.
    pub fn is_overfull(&self, worker: WorkerId) -> bool {
        self.accounts.get(&worker).is_some_and(Account::is_over)
    }

    fn keep(&mut self, kept: &KeptFailure, account: &mut Account) {
        let text = kept.lines.iter().fold(kept.reason.len(), |sum, line| sum + line.len());
        let fits = self.kept.len() < self.most_kept && self.kept_text + text <= MOST_KEPT_TEXT;
        let bytes = size_of::<KeptFailure>() + text + kept.lines.len() * (size_of::<String>() + BLOCK);
        if fits && account.take(bytes) {
            self.kept_text += text;
            self.kept.push(kept.clone());
        }
    }

    fn count_message(&mut self, delta: &MessageDelta, account: &mut Account) {
        let is_known = delta.name == OTHER || self.messages.contains_key(&delta.name);
        let bytes = || IN_A_MAP * size_of::<(String, MessageTotals)>() + delta.name.len() + BLOCK;
        let fits = is_known || (self.messages.len() < MOST_SERIES && account.take(bytes()));
        let name = if fits { &delta.name } else { OTHER };
        self.messages.entry(name.to_owned()).or_default().add(delta);
    }

    fn fail(&mut self, worker: WorkerId, delta: &FailureDelta, account: &mut Account) {
        let place = self.place_of(&delta.series, account);
        let mut key = (self.series[place as usize].series.clone(), delta.class);
        let is_known = key.0.name == OTHER || self.failures.contains_key(&key);
        let entry = IN_A_MAP * size_of::<((Series, FailureClass), FailureTotals)>();
        let bytes = entry + key.0.name.len() + delta.example.len() + MOST_NODES * size_of::<WorkerId>();
        if !is_known && (self.failures.len() >= MOST_FAILURES || !account.take(bytes + 3 * BLOCK)) {
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
    fn place_of(&mut self, series: &Series, account: &mut Account) -> u32 {
        if let Some(place) = self.places.get(series) {
            return *place;
        }
        if series.name == OTHER {
            return self.other(series.kind);
        }
        if self.series.len() >= MOST_SERIES {
            self.folded = self.folded.saturating_add(1);
            return self.other(series.kind);
        }
        let in_map = IN_A_MAP * size_of::<(Series, u32)>() + series.name.len() + BLOCK;
        let fits = account.take(size_of::<SeriesTotals>() + series.name.len() + BLOCK + in_map);
        if fits { self.new_place(series) } else { self.other(series.kind) }
    }

    /// Where what has no place of its own counts.
    fn other(&mut self, kind: Kind) -> u32 {
        let series = Series::new(kind, OTHER);
        self.places.get(&series).copied().unwrap_or_else(|| self.new_place(&series))
    }

    fn new_place(&mut self, series: &Series) -> u32 {
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
