//! How large a report is: while it waits, in the stream, and on the wire.

use std::mem::size_of;

use proto::packed;
use proto::report::{KeptFailure, Report, SeriesDelta};

use super::series::PackedSeries;

/// What a message's fields take beside their texts and packed figures, at most: tags, lengths, numbers.
const REPORT: usize = 64;
const CENSUS: usize = 64;
const SERIES: usize = 48;
const FAILURE: usize = 56;
const MESSAGE: usize = 56;
const KEPT: usize = 32;
const LINE: usize = 4;

/// The bytes that a report takes on the wire, or some more.
pub(super) fn on_the_wire(report: &Report, series: &[PackedSeries]) -> usize {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.len()).sum::<usize>();
    let kept = |kept: &KeptFailure| {
        let lines: usize = kept.lines.iter().map(|line| LINE + line.len()).sum();
        KEPT + kept.reason.len() + lines
    };
    let robots = report.robots.iter().map(|census| CENSUS + census.class.len());
    let series = series.iter().map(|packed| SERIES + packed.series.name.len() + packed.figures.len());
    let failures =
        report.failures.iter().map(|failure| FAILURE + texts(&[&failure.series.name, &failure.example]));
    let messages = report.messages.iter().map(|message| MESSAGE + message.name.len());
    REPORT
        + robots
            .chain(series)
            .chain(failures)
            .chain(messages)
            .chain(report.kept.iter().map(kept))
            .sum::<usize>()
}

/// The bytes that it takes while it waits.
pub(super) fn packed(report: &Report, series: &Vec<PackedSeries>) -> usize {
    rest(report) + list(series, |packed| packed.series.name.capacity() + packed.figures.len())
}

/// The bytes that it takes in the stream.
pub(super) fn unpacked(report: &Report, series: &[PackedSeries]) -> usize {
    let one = |packed: &PackedSeries| {
        size_of::<SeriesDelta>()
            + packed.series.name.len()
            + size_of::<u64>() * packed::count(&packed.figures)
    };
    rest(report) + series.iter().map(one).sum::<usize>()
}

/// What is not of series.
fn rest(report: &Report) -> usize {
    let kept = |kept: &KeptFailure| {
        let lines: usize = kept.lines.iter().map(|line| line.capacity() + size_of::<String>()).sum();
        kept.reason.capacity() + lines
    };
    size_of::<Report>()
        + list(&report.failures, |failure| failure.series.name.capacity() + failure.example.capacity())
        + list(&report.messages, |message| message.name.capacity())
        + list(&report.kept, kept)
        + list(&report.robots, |census| census.class.capacity())
}

fn list<T>(list: &Vec<T>, beside: impl Fn(&T) -> usize) -> usize {
    list.capacity() * size_of::<T>() + list.iter().map(beside).sum::<usize>()
}
