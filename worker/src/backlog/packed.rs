//! A report as it waits: what its histograms count is packed, to two bytes for most latencies in the place of sixteen.

use std::cmp::Ordering;
use std::mem::size_of;

use proto::histogram::Sparse;
use proto::report::{FailureDelta, KeptFailure, MessageDelta, Report, SeriesDelta};

/// A report whose histograms' buckets are packed beside it.
#[derive(Debug)]
pub(super) struct Packed {
    report: Report,
    /// Of each series: what succeeded, what failed, response times.
    buckets: Vec<[Box<[u8]>; 3]>,
    bytes: usize,
    sent_bytes: usize,
}

impl Packed {
    pub(super) fn new(mut report: Report) -> Self {
        let sent_bytes = weight(&report);
        let pack = |sparse: &mut Sparse| pack(&std::mem::take(&mut sparse.buckets));
        let buckets: Vec<_> = report
            .series
            .iter_mut()
            .map(|delta| [pack(&mut delta.ok), pack(&mut delta.failed), pack(&mut delta.response)])
            .collect();
        let packed = buckets.as_flattened().iter().map(|packed| packed.len() + size_of::<Box<[u8]>>());
        let bytes = weight(&report) + packed.sum::<usize>();
        Self { report, buckets, bytes, sent_bytes }
    }

    pub(super) fn sequence(&self) -> u64 {
        self.report.sequence
    }

    pub(super) fn numbered(mut self, sequence: u64) -> Self {
        self.report.sequence = sequence;
        self
    }

    /// The bytes that it takes while it waits.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes that it takes when it is sent.
    pub(super) fn sent_bytes(&self) -> usize {
        self.sent_bytes
    }

    /// The report as it is sent.
    pub(super) fn unpacked(&self) -> Report {
        let mut report = self.report.clone();
        for (delta, [ok, failed, response]) in report.series.iter_mut().zip(&self.buckets) {
            delta.ok.buckets = unpack(ok);
            delta.failed.buckets = unpack(failed);
            delta.response.buckets = unpack(response);
        }
        report
    }

    /// One of two that follow each other.
    pub(super) fn joined(self, later: Self) -> Self {
        let mut report = self.unpacked();
        drop(self);
        join(&mut report, later.unpacked());
        Self::new(report)
    }
}

/// Numbers as seven bits a byte, the lowest first; the highest bit says that more follow.
fn pack(numbers: &[u64]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(2 * numbers.len());
    for number in numbers {
        let mut rest = *number;
        while rest > 0x7f {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes.into()
}

fn unpack(bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::with_capacity(bytes.iter().filter(|byte| **byte < 0x80).count());
    let (mut number, mut shift) = (0u64, 0u32);
    for byte in bytes {
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if *byte < 0x80 {
            numbers.push(std::mem::take(&mut number));
            shift = 0;
        }
    }
    numbers
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(numbers in prop::collection::vec(prop_oneof![0..300u64, any::<u64>()], 0..50)) {
            prop_assert_eq!(unpack(&pack(&numbers)), numbers);
        }
    }
}
