//! A report as it waits: its series are packed, so that ten minutes of them take little. It can be joined with the next one, and
//! is halved when it is too large to be sent.

mod join;
mod series;
mod size;

use proto::control::LARGEST_UP;
use proto::report::{MOST_SERIES, Report};

use series::PackedSeries;

/// The most bytes of a report that is sent; what it is counted as is a little more than what it takes.
const MOST_SENT: usize = LARGEST_UP - (4 << 10);

/// A report with its series packed beside it.
#[derive(Debug)]
pub(super) struct Packed {
    report: Report,
    series: Vec<PackedSeries>,
    bytes: usize,
    sent_bytes: usize,
}

impl Packed {
    pub(super) fn new(mut report: Report) -> Self {
        // In one step: the list of the unpacked is gone before the next report comes.
        let series = std::mem::take(&mut report.series).into_iter().map(PackedSeries::new).collect();
        Self::of(report, series)
    }

    fn of(report: Report, series: Vec<PackedSeries>) -> Self {
        let (bytes, sent_bytes) = (size::packed(&report, &series), size::unpacked(&report, &series));
        Self { report, series, bytes, sent_bytes }
    }

    pub(super) fn sequence(&self) -> u64 {
        self.report.sequence
    }

    pub(super) fn number(&mut self, sequence: u64) {
        self.report.sequence = sequence;
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
        let series = self.series.iter().map(PackedSeries::unpacked).collect();
        Report { series, ..self.report.clone() }
    }

    /// One of two that follow each other.
    pub(super) fn joined(self, later: Self) -> Self {
        let Self { mut report, mut series, .. } = self;
        join::join(&mut report, later.report);
        join::join_series(&mut series, later.series);
        Self::of(report, series)
    }

    /// Whether one message can't carry it.
    pub(super) fn is_too_large(&self) -> bool {
        let Report { failures, messages, kept, .. } = &self.report;
        let entries = [self.series.len(), failures.len(), messages.len(), kept.len()];
        entries.into_iter().any(|entries| entries > MOST_SERIES)
            || size::on_the_wire(&self.report, &self.series) > MOST_SENT
    }

    /// Takes the second half out, to follow the first; none if there is nothing to divide.
    pub(super) fn split_off(&mut self) -> Option<Self> {
        let Self { report, series, .. } = self;
        let rest = Report {
            series: Vec::new(),
            failures: half(&mut report.failures),
            messages: half(&mut report.messages),
            kept: half(&mut report.kept),
            robots: report.robots.clone(),
            ..*report
        };
        let mut series_rest = half(series);
        if [series_rest.len(), rest.failures.len(), rest.messages.len(), rest.kept.len()] == [0; 4] {
            series_rest.push(series.first_mut()?.split_off()?);
        }
        (report.last, report.more) = (false, true);
        (self.bytes, self.sent_bytes) = (size::packed(report, series), size::unpacked(report, series));
        Some(Self::of(rest, series_rest))
    }
}

/// Takes the second half of a list out.
fn half<T>(list: &mut Vec<T>) -> Vec<T> {
    let rest = list.split_off(list.len().div_ceil(2));
    list.shrink_to_fit();
    rest
}

#[cfg(test)]
mod tests;
