//! Locust's four CSV files with Locust's columns. Times are milliseconds with all their decimals; a second of the
//! history holds what was measured in that second, and its totals what was measured up to it.

use std::io;
use std::time::Duration;

use proto::series::FailureClass;

use super::target::{Target, Unwritable};
use super::{Live, Output};
use crate::summary::{SeriesLine, Summary};
use crate::text::cell;
use crate::totals::{Latency, PERCENTS, Requests};

const STATS: [&str; 11] = [
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Average Content Size",
    "Requests/s",
    "Failures/s",
];
const HISTORY: [&str; 6] = ["Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s"];
const HISTORY_TOTALS: [&str; 7] = [
    "Total Request Count",
    "Total Failure Count",
    "Total Median Response Time",
    "Total Average Response Time",
    "Total Min Response Time",
    "Total Max Response Time",
    "Total Average Content Size",
];
const FAILURES: [&str; 4] = ["Method", "Name", "Error", "Occurrences"];
const EXCEPTIONS: [&str; 4] = ["Count", "Message", "Traceback", "Nodes"];

/// The four files.
pub struct Csv {
    prefix: String,
    stats: Target,
    history: Target,
    failures: Target,
    exceptions: Target,
}

impl Csv {
    /// Opens the files that begin with `prefix`.
    ///
    /// # Errors
    /// When one can't be written.
    pub fn open(prefix: &str) -> Result<Self, Unwritable> {
        let open = |name: &str| Target::open(&format!("{prefix}_{name}.csv"));
        Ok(Self {
            prefix: prefix.into(),
            stats: open("stats")?,
            history: open("stats_history")?,
            failures: open("failures")?,
            exceptions: open("exceptions")?,
        })
    }
}

impl Output for Csv {
    fn name(&self) -> String {
        format!("{}_*.csv", self.prefix)
    }

    /// Every file has its heading from the first moment on.
    fn begin(&mut self) -> io::Result<()> {
        let heading = |file: &mut Target, columns: Vec<String>| {
            file.restart()?;
            file.append(&rows([columns])?)
        };
        heading(&mut self.stats, stats_columns())?;
        heading(&mut self.history, history_columns())?;
        heading(&mut self.failures, FAILURES.map(str::to_owned).to_vec())?;
        heading(&mut self.exceptions, EXCEPTIONS.map(str::to_owned).to_vec())
    }

    fn recall(&mut self, live: &Live<'_>) -> io::Result<()> {
        self.second(live)
    }

    fn second(&mut self, live: &Live<'_>) -> io::Result<()> {
        let second = live.second;
        let mut row = vec![
            live.timestamp().to_string(),
            second.alive().to_string(),
            String::new(),
            "Aggregated".into(),
        ];
        row.extend([second.requests.latency.count.to_string(), second.requests.failed.to_string()]);
        row.extend(percentiles(&second.requests.latency));
        row.extend(totals(&second.total));
        self.history.append(&rows([row])?)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let lines = summary.series.iter().chain([&summary.aggregated]);
        self.stats.append(&rows(lines.map(stats_row))?)?;
        let failures = summary.failures.iter();
        self.failures.append(&rows(failures.clone().map(|failure| {
            let error = format!("{}: {}", failure.class, failure.example);
            vec![failure.kind.to_string(), cell(&failure.name), cell(&error), failure.count.to_string()]
        }))?)?;
        let exceptions = failures.filter(|failure| failure.class == FailureClass::Task);
        self.exceptions.append(&rows(exceptions.map(|failure| {
            let message = format!("{}: {}", failure.name, failure.example);
            vec![failure.count.to_string(), cell(&message), String::new(), cell(&failure.workers.join(", "))]
        }))?)
    }
}

fn stats_columns() -> Vec<String> {
    STATS.map(str::to_owned).into_iter().chain(percents()).collect()
}

fn history_columns() -> Vec<String> {
    HISTORY
        .map(str::to_owned)
        .into_iter()
        .chain(percents())
        .chain(HISTORY_TOTALS.map(str::to_owned))
        .collect()
}

fn percents() -> impl Iterator<Item = String> {
    PERCENTS.iter().map(|(_, name)| format!("{name}%"))
}

fn stats_row(line: &SeriesLine) -> Vec<String> {
    let kind = line.kind.map(|kind| kind.to_string()).unwrap_or_default();
    let latency = &line.latency;
    let mut row = vec![kind, cell(&line.name), line.count.to_string(), line.failed.to_string()];
    row.extend(times(latency));
    row.push(size(line.bytes_received, line.count));
    row.extend([line.rate.to_string(), line.failed_rate.to_string()]);
    row.extend(percentiles(latency));
    row
}

fn totals(total: &Requests) -> Vec<String> {
    let mut row = vec![total.latency.count.to_string(), total.failed.to_string()];
    row.extend(times(&total.latency));
    row.push(size(total.received, total.latency.count));
    row
}

/// Median, average, least and greatest.
fn times(latency: &Latency) -> [String; 4] {
    [latency.percentile(50.0), latency.mean, latency.min, latency.max].map(ms)
}

/// As Locust: nothing was measured, so nothing can be said.
fn percentiles(latency: &Latency) -> Vec<String> {
    let told = latency.count > 0;
    latency.percentiles.iter().map(|p| if told { ms(*p) } else { "N/A".into() }).collect()
}

fn ms(duration: Duration) -> String {
    (duration.as_micros() as f64 / 1e3).to_string()
}

fn size(bytes: u64, count: u64) -> String {
    (if count == 0 { 0.0 } else { bytes as f64 / count as f64 }).to_string()
}

fn rows(rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<Vec<u8>> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|e| io::Error::other(e.to_string()))
}
