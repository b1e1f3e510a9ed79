//! Reports that the master has not merged yet, numbered without a gap. What was sent once is sent again as it was. What never was is
//! joined when too much waits, so that a master that is away costs bounded memory and no sample.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::mem::size_of;

use proto::histogram::Sparse;
use proto::report::{FailureDelta, KeptFailure, MessageDelta, Report, SeriesDelta};

/// How many bytes of reports that were never sent may wait before they are joined.
const MOST_WAITING: usize = 6 << 20;

/// As many of them may wait, however small: then two and two become one.
const MOST_REPORTS: usize = 64;

/// How many bytes and reports may be on the way without being merged. They are there twice, and can't be joined any more.
const MOST_ON_THE_WAY: usize = 2 << 20;
const REPORTS_ON_THE_WAY: usize = 8;

/// Reports in the order of their numbers, from the first that is not merged.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    reports: VecDeque<Report>,
    /// How many of them were ever sent, and how many in this session.
    fixed: usize,
    sent: usize,
    last: u64,
}

impl Backlog {
    /// Takes a report in and numbers it.
    pub(crate) fn push(&mut self, mut report: Report) {
        self.last += 1;
        report.sequence = self.last;
        self.reports.push_back(report);
        while self.is_too_much() {
            self.join_pairs();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.reports.len()
    }

    /// The next report that was not sent in this session, unless too much is on the way; it stays until it is merged.
    pub(crate) fn next_to_send(&mut self) -> Option<Report> {
        let report = self.reports.get(self.sent)?;
        let on_the_way: usize = self.reports.iter().take(self.sent).map(weight).sum();
        let has_room = self.sent < REPORTS_ON_THE_WAY && on_the_way + weight(report) <= MOST_ON_THE_WAY;
        if self.sent > 0 && !has_room {
            return None;
        }
        self.sent += 1;
        self.fixed = self.fixed.max(self.sent);
        Some(report.clone())
    }

    /// A new session: whatever is not merged is to be sent again.
    pub(crate) fn resend(&mut self) {
        self.sent = 0;
    }

    /// The master has merged all up to and with `sequence`.
    pub(crate) fn ack(&mut self, sequence: u64) {
        // What was never sent can't have been merged.
        while self.fixed > 0 && self.reports.front().is_some_and(|report| report.sequence <= sequence) {
            self.reports.pop_front();
            self.fixed -= 1;
            self.sent = self.sent.saturating_sub(1);
        }
    }

    fn is_too_much(&self) -> bool {
        let waiting = self.reports.len() - self.fixed;
        let bytes = || self.reports.iter().skip(self.fixed).map(weight).sum::<usize>();
        waiting > 1 && (waiting > MOST_REPORTS || bytes() > MOST_WAITING)
    }

    /// Joins two and two of those that were never sent: the time line stays as even as it can.
    fn join_pairs(&mut self) {
        let mut waiting = self.reports.split_off(self.fixed).into_iter();
        self.last = self.last.saturating_sub(waiting.len() as u64);
        while let Some(mut report) = waiting.next() {
            if let Some(later) = waiting.next() {
                join(&mut report, later);
            }
            self.last += 1;
            report.sequence = self.last;
            self.reports.push_back(report);
        }
    }
}

/// Makes one of two reports that follow each other.
fn join(report: &mut Report, later: Report) {
    (report.to, report.robots, report.last) = (later.to, later.robots, later.last);
    let by_series = |a: &SeriesDelta, b: &SeriesDelta| a.series.cmp(&b.series);
    unite(&mut report.series, later.series, by_series, add_series);
    let by_sort = |a: &FailureDelta, b: &FailureDelta| (&a.series, a.class).cmp(&(&b.series, b.class));
    unite(&mut report.failures, later.failures, by_sort, add_failures);
    unite(&mut report.messages, later.messages, |a, b| a.name.cmp(&b.name), add_message);
    report.kept.extend(later.kept);
    report.kept.shrink_to_fit();
}

/// Adds a list in order to another in the same order.
fn unite<T>(list: &mut Vec<T>, more: Vec<T>, order: impl Fn(&T, &T) -> Ordering, add: impl Fn(&mut T, T)) {
    let mut united = Vec::with_capacity(list.len().max(more.len()));
    let (mut list_rest, mut more_rest) =
        (std::mem::take(list).into_iter().peekable(), more.into_iter().peekable());
    while let (Some(a), Some(b)) = (list_rest.peek(), more_rest.peek()) {
        let order = order(a, b);
        let mut next = if order.is_gt() { more_rest.next() } else { list_rest.next() };
        if order.is_eq() {
            next.iter_mut().zip(more_rest.next()).for_each(|(a, b)| add(a, b));
        }
        united.extend(next);
    }
    united.extend(list_rest.chain(more_rest));
    *list = united;
}

fn add_series(sum: &mut SeriesDelta, more: SeriesDelta) {
    sum.ok.merge(&more.ok);
    sum.failed.merge(&more.failed);
    sum.response.merge(&more.response);
    sum.bytes_sent += more.bytes_sent;
    sum.bytes_received += more.bytes_received;
}

fn add_failures(sum: &mut FailureDelta, more: FailureDelta) {
    sum.count += more.count;
    sum.first = sum.first.min(more.first);
    sum.last = sum.last.max(more.last);
}

fn add_message(sum: &mut MessageDelta, more: MessageDelta) {
    sum.sent += more.sent;
    sum.bytes_sent += more.bytes_sent;
    sum.received += more.received;
    sum.bytes_received += more.bytes_received;
}

/// The bytes that a report takes.
fn weight(report: &Report) -> usize {
    let sparse = |sparse: &Sparse| sparse.buckets.capacity() * size_of::<u64>();
    let series = |delta: &SeriesDelta| {
        delta.series.name.capacity() + sparse(&delta.ok) + sparse(&delta.failed) + sparse(&delta.response)
    };
    let failure = |delta: &FailureDelta| delta.series.name.capacity() + delta.example.capacity();
    let kept = |kept: &KeptFailure| {
        let lines: usize = kept.lines.iter().map(|line| line.capacity() + size_of::<String>()).sum();
        kept.reason.capacity() + lines
    };
    size_of::<Report>()
        + sum(&report.series, series)
        + sum(&report.failures, failure)
        + sum(&report.messages, |message| message.name.capacity())
        + sum(&report.kept, kept)
        + sum(&report.robots, |census| census.class.capacity())
}

fn sum<T>(list: &Vec<T>, beside: impl Fn(&T) -> usize) -> usize {
    list.capacity() * size_of::<T>() + list.iter().map(beside).sum::<usize>()
}

#[cfg(test)]
mod tests;
