//! What a run without a master gave: reports come in, a table goes out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use proto::histogram::{Histogram, Sparse};
use proto::report::Report;
use proto::series::{FailureClass, Series};

/// The most characters of a series' name that are shown.
const NAME: usize = 32;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    series: BTreeMap<Series, Samples>,
    failures: BTreeMap<(Series, FailureClass), (u64, String)>,
    messages: BTreeMap<String, (u64, u64)>,
    ran: Duration,
}

#[derive(Debug, Default)]
struct Samples {
    ok: u64,
    failed: u64,
    service: Histogram,
    response: Histogram,
}

impl Totals {
    /// Adds a report.
    pub(crate) fn take(&mut self, report: &Report) {
        self.ran = self.ran.max(report.to);
        for delta in &report.series {
            let samples = self.series.entry(delta.series.clone()).or_default();
            samples.ok += delta.ok.count();
            samples.failed += delta.failed.count();
            [&delta.ok, &delta.failed].into_iter().for_each(|sparse| add(&mut samples.service, sparse));
            add(&mut samples.response, &delta.response);
        }
        for failure in &report.failures {
            let key = (failure.series.clone(), failure.class);
            self.failures.entry(key).or_insert_with(|| (0, failure.example.clone())).0 += failure.count;
        }
        for message in &report.messages {
            let counts = self.messages.entry(message.name.clone()).or_default();
            *counts = (counts.0 + message.sent, counts.1 + message.received);
        }
    }

    /// How many samples failed.
    pub(crate) fn failed(&self) -> u64 {
        self.series.values().map(|samples| samples.failed).sum()
    }

    /// All of it, for people.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("\nRan {:.1} s\n\n", self.ran.as_secs_f64());
        self.put_series(&mut text);
        self.put_failures(&mut text);
        self.put_messages(&mut text);
        text
    }

    fn put_series(&self, text: &mut String) {
        let heading = ["samples", "failed", "per s", "p50 ms", "p95 ms", "p99 ms", "max ms"];
        _ = write!(text, "{:<8} {:<NAME$}", "Type", "Name");
        heading.iter().for_each(|word| _ = write!(text, " {word:>9}"));
        text.push('\n');
        for (series, samples) in &self.series {
            row(text, series, samples.ok + samples.failed, samples.failed, &samples.service, self.ran);
        }
        let mut scheduled = self.series.iter().filter(|(_, samples)| !samples.response.is_empty()).peekable();
        if scheduled.peek().is_some() {
            text.push_str("\nResponse times, from when the schedule meant to begin (above: service times)\n");
        }
        for (series, samples) in scheduled {
            row(text, series, samples.response.count(), samples.failed, &samples.response, self.ran);
        }
    }

    fn put_failures(&self, text: &mut String) {
        if !self.failures.is_empty() {
            text.push_str("\nFailures\n");
        }
        for ((series, class), (count, example)) in &self.failures {
            _ = writeln!(text, "{count:>9} {class:<10} {:<8} {}: {example}", series.kind, series.name);
        }
    }

    fn put_messages(&self, text: &mut String) {
        let (used, never): (Vec<_>, Vec<_>) =
            self.messages.iter().partition(|(_, (out, back))| out + back > 0);
        if !self.messages.is_empty() {
            _ = writeln!(text, "\nMessages: {} of {} in the schema", used.len(), self.messages.len());
        }
        for (name, (sent, received)) in used {
            _ = writeln!(text, "{name:<NAME$} {sent:>9} sent {received:>9} received");
        }
        if !never.is_empty() {
            let names: Vec<_> = never.into_iter().map(|(name, _)| name.as_str()).collect();
            _ = writeln!(text, "Never: {}", names.join(", "));
        }
    }
}

fn add(histogram: &mut Histogram, sparse: &Sparse) {
    if let Err(e) = histogram.add(sparse) {
        tracing::error!("a report of our own is wrong: {e}");
    }
}

fn row(text: &mut String, series: &Series, count: u64, failed: u64, times: &Histogram, ran: Duration) {
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    let rate = count as f64 / ran.as_secs_f64().max(1e-9);
    _ = write!(text, "{:<8} {:<NAME$} {count:>9} {failed:>9} {rate:>9.1}", series.kind, series.name);
    for time in [times.percentile(50.0), times.percentile(95.0), times.percentile(99.0), times.max()] {
        _ = write!(text, " {:>9.3}", ms(time));
    }
    text.push('\n');
}
