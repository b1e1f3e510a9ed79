//! Turns the harvests of all robot threads into numbered reports, and keeps each until the master has merged it.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

use proto::histogram::{Histogram, Sparse};
use proto::report::{Census, FailureDelta, KeptFailure, MessageDelta, Report, SeriesDelta};
use proto::series::{FailureClass, Series};
use uuid::Uuid;

use crate::backlog::Backlog;
use crate::engine::add_census;
use crate::recorder::{Failures, Kept, Measured, Samples};
use crate::thread::Harvest;

/// The run that is reported on, and where it stands on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunClock {
    pub(crate) run: Uuid,
    /// The run's start, here.
    pub(crate) start: Instant,
    /// The same moment on the master's clock.
    pub(crate) master_start: Duration,
}

impl RunClock {
    fn master(&self, local: Instant) -> Duration {
        self.master_start + local.saturating_duration_since(self.start)
    }
}

/// Makes reports of one run at a time, numbered from 1.
#[derive(Debug)]
pub(crate) struct Reporter {
    clock: RunClock,
    /// How far each thread has got, in whole seconds; none once it has handed over its last harvest.
    progress: Vec<Option<u64>>,
    /// What has come, by the second that it belongs to.
    open: BTreeMap<u64, Interval>,
    reported: Duration,
    backlog: Backlog,
    /// Whether the last report was made.
    closed: bool,
    /// Histograms that were merged or sent: the robot threads go on with them.
    freed: Vec<Histogram>,
}

/// What all threads measured in one second.
#[derive(Debug, Default)]
struct Interval {
    /// Where it ends: with the second, or where a thread was done.
    to: Duration,
    robots: Vec<Census>,
    samples: BTreeMap<Series, Samples>,
    failures: BTreeMap<(Series, FailureClass), Failures>,
    messages: BTreeMap<String, MessageDelta>,
    kept: Vec<Kept>,
}

impl Reporter {
    /// A reporter for a run that `threads` threads carry out.
    pub(crate) fn new(clock: RunClock, threads: usize) -> Self {
        Self {
            clock,
            progress: vec![Some(0); threads],
            open: BTreeMap::new(),
            reported: Duration::ZERO,
            backlog: Backlog::default(),
            closed: false,
            freed: Vec::new(),
        }
    }

    /// The run that is reported on.
    pub(crate) fn run(&self) -> Uuid {
        self.clock.run
    }

    /// The run's start, here.
    pub(crate) fn start(&self) -> Instant {
        self.clock.start
    }

    /// Takes a harvest in.
    pub(crate) fn take(&mut self, harvest: Harvest) {
        if harvest.run != self.clock.run {
            return;
        }
        let second = harvest.to.as_micros().div_ceil(1_000_000) as u64;
        if let Some(progress) = self.progress.get_mut(harvest.thread) {
            *progress = Some(second).filter(|_| !harvest.last);
        }
        self.closed &= harvest.last;
        let interval = self.open.entry(second).or_default();
        interval.to = interval.to.max(harvest.to);
        let freed = interval.add(harvest.robots, harvest.measured);
        self.freed.extend(freed);
        match self.progress.iter().flatten().min().copied() {
            Some(complete) => self.report_until(complete),
            None => self.close(),
        }
    }

    /// The histograms that are free again, emptied.
    pub(crate) fn freed(&mut self) -> impl Iterator<Item = Histogram> + '_ {
        self.freed.drain(..)
    }

    /// The next report to send; it stays until it is acked.
    pub(crate) fn next_to_send(&mut self) -> Option<Report> {
        self.backlog.next_to_send()
    }

    /// A new session: whatever was not acked is to be sent again.
    pub(crate) fn resend(&mut self) {
        self.backlog.resend();
    }

    /// The master has merged all up to and with `sequence`.
    pub(crate) fn ack(&mut self, sequence: u64) {
        self.backlog.ack(sequence);
    }

    /// How many reports are not merged yet.
    pub(crate) fn waiting(&self) -> usize {
        self.backlog.len() + usize::from(!self.open.is_empty())
    }

    /// Makes the last report, if it was not made yet: whatever has come, and nothing follows.
    pub(crate) fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) || !self.open.is_empty() {
            let rest = std::mem::take(&mut self.open);
            let all = rest.into_values().reduce(Interval::joined).unwrap_or_default();
            self.report(all, true);
        }
    }

    fn report_until(&mut self, complete: u64) {
        while let Some(entry) = self.open.first_entry().filter(|entry| *entry.key() <= complete) {
            let interval = entry.remove();
            self.report(interval, false);
        }
    }

    fn report(&mut self, interval: Interval, last: bool) {
        let (clock, from, to) = (self.clock, self.reported, interval.to.max(self.reported));
        self.reported = to;
        let samples = interval.samples.into_values();
        self.backlog.push(Report {
            run: clock.run,
            sequence: 0, // the backlog numbers it
            from: clock.master_start + from,
            to: clock.master_start + to,
            robots: interval.robots,
            series: samples.map(|samples| series_delta(samples, &mut self.freed)).collect(),
            failures: interval
                .failures
                .into_values()
                .map(|failures| failure_delta(failures, &clock))
                .collect(),
            messages: interval.messages.into_values().collect(),
            kept: interval.kept.into_iter().map(|kept| kept_failure(kept, &clock)).collect(),
            last,
            more: false,
        });
    }
}

impl Interval {
    /// Adds what one thread measured. Returns the histograms that are free again.
    fn add(&mut self, robots: Vec<Census>, measured: Measured) -> Vec<Histogram> {
        add_census(&mut self.robots, &robots);
        let mut spares = Vec::new();
        for samples in measured.samples {
            match self.samples.get_mut(&samples.series) {
                Some(sum) => spares.extend(merge_samples(sum, samples)),
                None => drop(self.samples.insert(samples.series.clone(), samples)),
            }
        }
        measured.failures.into_iter().for_each(|failures| self.add_failures(failures));
        measured.messages.into_iter().for_each(|message| self.add_message(message));
        self.kept.extend(measured.kept);
        spares
    }

    fn add_failures(&mut self, failures: Failures) {
        let key = (failures.series.clone(), failures.class);
        self.failures
            .entry(key)
            .and_modify(|sum| {
                sum.count += failures.count;
                sum.first = sum.first.min(failures.first);
                sum.last = sum.last.max(failures.last);
            })
            .or_insert(failures);
    }

    fn add_message(&mut self, more: MessageDelta) {
        match self.messages.get_mut(&more.name) {
            Some(sum) => {
                sum.sent += more.sent;
                sum.bytes_sent += more.bytes_sent;
                sum.received += more.received;
                sum.bytes_received += more.bytes_received;
            }
            None => drop(self.messages.insert(more.name.clone(), more)),
        }
    }

    fn joined(mut self, later: Self) -> Self {
        self.robots.clear(); // the later census counts
        self.to = self.to.max(later.to);
        let measured = Measured {
            samples: later.samples.into_values().collect(),
            failures: later.failures.into_values().collect(),
            messages: later.messages.into_values().collect(),
            kept: later.kept,
        };
        self.add(later.robots, measured);
        self
    }
}

fn merge_samples(sum: &mut Samples, more: Samples) -> impl Iterator<Item = Histogram> {
    sum.bytes_sent += more.bytes_sent;
    sum.bytes_received += more.bytes_received;
    let response = merge(&mut sum.response, more.response);
    [merge(&mut sum.ok, more.ok), merge(&mut sum.failed, more.failed), response].into_iter().flatten()
}

/// Adds `more` to `sum`; gives `more` back, emptied, if it was not needed.
fn merge(sum: &mut Option<Histogram>, more: Option<Histogram>) -> Option<Histogram> {
    let Some(sum) = sum else {
        *sum = more;
        return None;
    };
    let mut more = more?;
    sum.merge(&more);
    more.clear();
    Some(more)
}

fn series_delta(samples: Samples, freed: &mut Vec<Histogram>) -> SeriesDelta {
    let mut sparse = |histogram: Option<Histogram>| {
        let Some(mut histogram) = histogram else { return Sparse::default() };
        let sparse = histogram.to_sparse();
        histogram.clear();
        freed.push(histogram);
        sparse
    };
    SeriesDelta {
        series: samples.series,
        ok: sparse(samples.ok),
        failed: sparse(samples.failed),
        response: sparse(samples.response),
        bytes_sent: samples.bytes_sent,
        bytes_received: samples.bytes_received,
    }
}

fn failure_delta(failures: Failures, clock: &RunClock) -> FailureDelta {
    FailureDelta {
        series: failures.series,
        class: failures.class,
        count: failures.count,
        first: clock.master(failures.first),
        last: clock.master(failures.last),
        example: failures.example,
    }
}

fn kept_failure(kept: Kept, clock: &RunClock) -> KeptFailure {
    KeptFailure { robot: kept.robot, at: clock.master(kept.at), reason: kept.reason, lines: kept.lines }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Recorder;
    use proto::series::{Kind, RobotState};

    const S: Duration = Duration::from_secs(1);

    fn reporter(threads: usize) -> Reporter {
        Reporter::new(RunClock { run: Uuid::nil(), start: Instant::now(), master_start: 100 * S }, threads)
    }

    /// A harvest with one robot and `n` samples.
    fn harvest(thread: usize, to: Duration, n: usize, last: bool) -> Harvest {
        let mut recorder = Recorder::default();
        let echo = recorder.series(Kind::Request, "Echo");
        (0..n).for_each(|_| recorder.ok(echo, S));
        (0..n).for_each(|_| recorder.failed(echo, FailureClass::Timeout, S, &"late"));
        let mut census = Census::of("default");
        census.add(RobotState::Playing, 1);
        Harvest { thread, run: Uuid::nil(), to, robots: vec![census], measured: recorder.harvest(), last }
    }

    fn counts(report: &Report) -> (u64, u64, u64) {
        let sum = |get: fn(&SeriesDelta) -> u64| report.series.iter().map(get).sum();
        (report.sequence, sum(|s| s.ok.count()), sum(|s| s.failed.count()))
    }

    #[test]
    fn a_second_is_reported_when_all_threads_have_handed_it_over() {
        let mut reporter = reporter(2);
        reporter.take(harvest(0, S, 1, false));
        reporter.take(harvest(0, 2 * S, 2, false));
        assert!(reporter.next_to_send().is_none());
        reporter.take(harvest(1, S, 10, false));
        let report = reporter.next_to_send().unwrap();
        assert_eq!(counts(&report), (1, 11, 11));
        assert_eq!((report.from, report.to, report.last), (100 * S, 101 * S, false));
        assert_eq!((report.robots[0].alive(), report.failures[0].count), (2, 11));
        assert_eq!(reporter.freed().count(), 4); // one pair merged away, one pair sent
    }

    #[test]
    fn the_last_report_holds_the_rest_and_comes_when_all_are_done() {
        let mut reporter = reporter(2);
        reporter.take(harvest(0, S / 2, 1, true));
        reporter.take(harvest(1, S, 1, false));
        reporter.take(harvest(1, 2 * S, 1, false));
        assert!(!(reporter.closed && reporter.waiting() == 0));
        reporter.take(harvest(1, 2 * S + S / 2, 1, true));
        let sent: Vec<_> = std::iter::from_fn(|| reporter.next_to_send()).collect();
        assert_eq!(sent.iter().map(counts).collect::<Vec<_>>(), [(1, 2, 2), (2, 1, 1), (3, 1, 1)]);
        assert_eq!((sent[2].last, sent[2].to), (true, 102 * S + S / 2));
        reporter.ack(3);
        assert!((reporter.closed && reporter.waiting() == 0));
    }

    #[test]
    fn what_is_not_acked_is_sent_again_in_a_new_session() {
        let mut reporter = reporter(1);
        (1..=3).for_each(|second| reporter.take(harvest(0, second * S, 1, false)));
        assert_eq!(std::iter::from_fn(|| reporter.next_to_send()).count(), 3);
        reporter.ack(1);
        reporter.resend();
        let again: Vec<_> =
            std::iter::from_fn(|| reporter.next_to_send()).map(|report| report.sequence).collect();
        assert_eq!(again, [2, 3]);
    }

    #[test]
    fn harvests_of_another_run_are_left_out() {
        let mut reporter = reporter(1);
        reporter.clock.run = Uuid::from_u128(1);
        reporter.take(harvest(0, S, 1, false));
        assert!(reporter.next_to_send().is_none());
    }
}
