//! Figures as text tables: the live one while a run goes on, and all of the summary at its end.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use proto::histogram::Histogram;
use proto::profile::LONGEST_RUN;
use proto::report::alive;
use proto::series::{Kind, RobotState};

use crate::run::Run;
use crate::summary::{ChangeLine, Figures, KeptLine, MessageLine, SeriesLine, Summary};
use crate::text::{fit, millis, seconds};
use crate::threshold::Judgement;
use crate::totals::{PERCENTS, Second, Users};

/// The most series that are shown; the files have all.
const MOST_ROWS: usize = 40;

/// How wide a name may be.
const NAME: usize = 28;

/// How many seconds a live rate looks back, as in Locust.
const WINDOW: usize = 10;

/// The table of a run in mid-course.
pub(crate) fn live(second: &Second, run: &Run) -> String {
    let totals = run.totals();
    let mut figures = Figures { ran: Duration::from_secs(second.second), scratch: Histogram::new() };
    let rates = Rates::of(totals.timeline.seconds());
    let row = |mut line: SeriesLine, (rate, failed)| {
        (line.rate, line.failed_rate) = (rate, failed);
        line
    };
    let rows: Vec<_> = totals
        .sorted()
        .take(MOST_ROWS)
        .map(|(place, total)| row(figures.series(total), rates.of_series(place)))
        .collect();
    let aggregated = row(figures.aggregated(totals), rates.requests);
    let mut text = String::new();
    let ready = run.fleet().ready().count();
    _ = writeln!(
        text,
        "{} · {} · {ready} workers",
        clock(second.second, run.plan().profile.end()),
        users(second.users)
    );
    stats(&mut text, &rows, &aggregated, totals.series().len());
    text
}

fn clock(second: u64, end: Duration) -> String {
    if end >= LONGEST_RUN {
        format!("{second} s (until Ctrl-C)")
    } else {
        format!("{second} s of {}", seconds(end))
    }
}

fn users(users: Users) -> String {
    // Two are always told; of the others only what there is.
    let always = |state| matches!(state, RobotState::Playing | RobotState::Connecting);
    let states = RobotState::ALL.into_iter().map(|state| (state, users[state as usize]));
    let told = states.filter(|(state, n)| *n > 0 || always(*state)).map(|(state, n)| format!("{n} {state}"));
    format!("{} robots: {}", alive(&users), told.collect::<Vec<_>>().join(", "))
}

/// Samples and failures per second, of late.
struct Rates {
    by_place: BTreeMap<u32, (f64, f64)>,
    requests: (f64, f64),
}

impl Rates {
    fn of(seconds: &[Second]) -> Self {
        let window = &seconds[seconds.len().saturating_sub(WINDOW)..];
        let share = 1.0 / window.len().max(1) as f64;
        let mut rates = Self { by_place: BTreeMap::new(), requests: (0.0, 0.0) };
        for second in window {
            rates.requests.0 += second.requests.latency.count as f64 * share;
            rates.requests.1 += second.requests.failed as f64 * share;
            for point in second.points.iter() {
                let rate = rates.by_place.entry(point.series).or_default();
                rate.0 += (f64::from(point.ok) + f64::from(point.failed)) * share;
                rate.1 += f64::from(point.failed) * share;
            }
        }
        rates
    }

    fn of_series(&self, place: u32) -> (f64, f64) {
        self.by_place.get(&place).copied().unwrap_or_default()
    }
}

/// Locust's table, with more percentiles.
fn stats(text: &mut String, rows: &[SeriesLine], aggregated: &SeriesLine, all: usize) {
    _ = writeln!(
        text,
        "{:<8} {:<NAME$} {:>9} {:>16} | {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} | {:>9} {:>10}",
        "Type",
        "Name",
        "# reqs",
        "# fails",
        "Avg",
        "Min",
        "Max",
        "Med",
        "p95",
        "p99",
        "p99.9",
        "req/s",
        "failures/s"
    );
    let rule = |n: usize| "-".repeat(n);
    let rule = format!("{}|{}|{}", rule(NAME + 37), rule(57), rule(21));
    _ = writeln!(text, "{rule}");
    for line in rows {
        stats_row(text, line);
    }
    more(text, rows.len(), all);
    _ = writeln!(text, "{rule}");
    stats_row(text, aggregated);
    _ = writeln!(text, "Times in milliseconds; Aggregated is all requests.");
}

fn stats_row(text: &mut String, line: &SeriesLine) {
    let latency = &line.latency;
    let share = 100.0 * line.failed as f64 / line.count.max(1) as f64;
    let p = |percent| millis(latency.percentile(percent));
    _ = writeln!(
        text,
        "{:<8} {} {:>9} {:>16} | {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} | {:>9.1} {:>10.1}",
        line.kind.map(Kind::as_str).unwrap_or_default(),
        name(&line.name),
        line.count,
        format!("{}({share:.2}%)", line.failed),
        millis(latency.mean),
        millis(latency.min),
        millis(latency.max),
        p(50.0),
        p(95.0),
        p(99.0),
        p(99.9),
        line.rate,
        line.failed_rate,
    );
}

fn name(name: &str) -> String {
    format!("{:<NAME$}", fit(name, NAME))
}

fn more(text: &mut String, shown: usize, all: usize) {
    if all > shown {
        _ = writeln!(text, "… and {} more", all - shown);
    }
}

/// All that a run gave.
pub(crate) fn summary(summary: &Summary) -> String {
    let mut text = format!("\nSummary of run {}: {}\n\n", summary.run, headline(summary));
    let rows = &summary.series[..summary.series.len().min(MOST_ROWS)];
    if !rows.is_empty() {
        stats(&mut text, rows, &summary.aggregated, summary.series.len());
        kinds(&mut text, summary);
        percentiles(&mut text, rows, &summary.aggregated, summary.series.len());
        responses(&mut text, rows);
        coverage(&mut text, &summary.messages);
        failures(&mut text, summary);
        kept(&mut text, &summary.kept_failures);
    }
    thresholds(&mut text, &summary.thresholds);
    changes(&mut text, &summary.changes);
    workers(&mut text, summary);
    for warning in &summary.verdict.warnings {
        _ = writeln!(text, "Warning: {}", fit(warning, 400));
    }
    text.push_str(&summary.verdict.to_string());
    text
}

fn thresholds(text: &mut String, judgements: &[Judgement]) {
    if judgements.is_empty() {
        return;
    }
    _ = writeln!(text, "\nThresholds");
    for Judgement { threshold, state, value, samples } in judgements {
        let (state, value) = (state.as_str(), value.as_deref().unwrap_or("-"));
        _ = writeln!(text, "{state:<8} {:<60} {value:>14} of {samples} samples", fit(threshold, 60));
    }
    text.push('\n');
}

fn headline(summary: &Summary) -> String {
    let plan = &summary.plan;
    let stopped =
        plan.stopped.as_ref().map(|why| format!(" (stopped: {})", fit(why, 200))).unwrap_or_default();
    let ran = seconds(summary.ran);
    let robots = match &plan.arrivals {
        None => format!("{} robots at most", plan.users),
        Some(arrivals) => {
            let (planned, begun, rate) = (arrivals.planned, arrivals.begun, arrivals.rate);
            let about = if arrivals.stages.len() > 1 { "about " } else { "" };
            let model = arrivals.model.as_str();
            format!("{begun} of {planned} sessions began ({about}{rate} per second, {model})")
        }
    };
    format!("{robots}, {ran}{stopped}, {}, seed {}", fit(&plan.host, 100), plan.seed)
}

fn kinds(text: &mut String, summary: &Summary) {
    let some = summary.kinds.iter().filter(|kind| kind.ok + kind.failed > 0);
    let list: Vec<_> = some
        .map(|kind| format!("{} {} ({} failed)", kind.kind, kind.ok + kind.failed, kind.failed))
        .collect();
    if !list.is_empty() {
        _ = writeln!(text, "By type: {}", list.join(", "));
    }
}

fn percentiles(text: &mut String, rows: &[SeriesLine], aggregated: &SeriesLine, all: usize) {
    _ = write!(text, "\nPercentiles in milliseconds\n{:<8} {:<NAME$}", "Type", "Name");
    PERCENTS.iter().for_each(|(_, name)| _ = write!(text, " {:>7}", format!("{name}%")));
    _ = writeln!(text, " {:>9}", "# reqs");
    for line in rows.iter().chain([aggregated]).filter(|line| line.count > 0) {
        _ = write!(text, "{:<8} {}", line.kind.map(Kind::as_str).unwrap_or_default(), name(&line.name));
        line.latency.percentiles.iter().for_each(|p| _ = write!(text, " {:>7}", millis(*p)));
        _ = writeln!(text, " {:>9}", line.count);
    }
    more(text, rows.len(), all);
}

/// How many robots are told in full on a terminal; the JSON file has all.
const MOST_KEPT: usize = 3;

/// Failing robots with what they did before.
fn kept(text: &mut String, kept: &[KeptLine]) {
    for line in kept.iter().take(MOST_KEPT) {
        let (robot, at, reason) = (line.robot, seconds(line.at), fit(&line.reason, 300));
        _ = writeln!(text, "\nRobot {robot} failed at {at}: {reason}");
        line.lines.iter().for_each(|line| _ = writeln!(text, "    {}", fit(line, 200)));
    }
    more(text, kept.len().min(MOST_KEPT), kept.len());
}

/// Response times, of what has a schedule.
fn responses(text: &mut String, rows: &[SeriesLine]) {
    let scheduled: Vec<_> = rows.iter().filter(|line| line.response.count > 0).collect();
    if scheduled.is_empty() {
        return;
    }
    _ = write!(
        text,
        "\nResponse times, from when the schedule meant to begin (above: service times)\n{:<8} {:<NAME$}",
        "Type", "Name"
    );
    PERCENTS.iter().for_each(|(_, name)| _ = write!(text, " {:>7}", format!("{name}%")));
    _ = writeln!(text, " {:>9}", "# samples");
    for line in scheduled {
        _ = write!(text, "{:<8} {}", line.kind.map(Kind::as_str).unwrap_or_default(), name(&line.name));
        line.response.percentiles.iter().for_each(|p| _ = write!(text, " {:>7}", millis(*p)));
        _ = writeln!(text, " {:>9}", line.response.count);
    }
}

/// Which messages of the schema went; the names of those that did not.
fn coverage(text: &mut String, messages: &[MessageLine]) {
    if messages.is_empty() {
        return;
    }
    let (used, unused): (Vec<_>, Vec<_>) = messages.iter().partition(|line| line.sent + line.received > 0);
    _ = writeln!(
        text,
        "\nMessages: {} of {} in the schema were sent or received",
        used.len(),
        messages.len()
    );
    for line in used.iter().take(MOST_ROWS) {
        let name = name(&line.name);
        _ = writeln!(
            text,
            "{name} {:>9} sent {:>11} B {:>9} received {:>11} B",
            line.sent, line.bytes_sent, line.received, line.bytes_received
        );
    }
    more(text, used.len().min(MOST_ROWS), used.len());
    if !unused.is_empty() {
        let names: Vec<_> = unused.iter().take(MOST_ROWS).map(|line| fit(&line.name, NAME)).collect();
        let rest = if unused.len() > MOST_ROWS { ", …" } else { "" };
        _ = writeln!(text, "Never: {}{rest}", names.join(", "));
    }
}

fn failures(text: &mut String, summary: &Summary) {
    if summary.failures.is_empty() {
        return;
    }
    _ = writeln!(text, "\nFailures\n{:>9} {:<10} {:<8} {:<NAME$} Example", "Count", "Class", "Type", "Name");
    for failure in summary.failures.iter().take(MOST_ROWS) {
        let (kind, class) = (failure.kind, failure.class);
        let (name, example) = (name(&failure.name), fit(&failure.example, 100));
        _ = writeln!(text, "{:>9} {class:<10} {kind:<8} {name} {example}", failure.count);
    }
    more(text, summary.failures.len().min(MOST_ROWS), summary.failures.len());
}

/// What people did to the run.
fn changes(text: &mut String, changes: &[ChangeLine]) {
    if changes.is_empty() {
        return;
    }
    _ = writeln!(text, "\nChanges");
    for line in changes.iter().take(MOST_ROWS) {
        let (at, what, who) = (seconds(line.at), fit(&line.text, 120), fit(&line.who, 60));
        _ = writeln!(text, "{at:>9}  {what} ({who})");
    }
    more(text, changes.len().min(MOST_ROWS), changes.len());
}

fn workers(text: &mut String, summary: &Summary) {
    if summary.workers.is_empty() {
        return;
    }
    let heading = ["Worker", "Robots", "Reports", "Lag ms", "Busy %"];
    let [worker, robots, reports, lag, busy] = heading;
    _ = writeln!(text, "\n{worker:<NAME$} {robots:>9} {reports:>8} {lag:>8} {busy:>7}  Last report");
    for line in summary.workers.iter().take(MOST_ROWS) {
        let busy = f64::from(line.busy_permille) / 10.0;
        let delivered = if line.delivered { "merged" } else { "missing" };
        let (name, lag) = (name(&line.name), millis(line.lag));
        _ = writeln!(text, "{name} {:>9} {:>8} {lag:>8} {busy:>7.1}  {delivered}", line.robots, line.reports);
    }
    more(text, summary.workers.len().min(MOST_ROWS), summary.workers.len());
    text.push('\n');
}
