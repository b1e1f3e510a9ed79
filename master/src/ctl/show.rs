//! How a run stands, in lines for people.

use std::fmt::Write;

use crate::status::{Standing, Status};
use crate::text::{fit, millis, seconds};

/// The most workers and changes that are shown; the API tells more.
const MOST_ROWS: usize = 20;

/// All lines.
pub(super) fn status(status: &Status) -> String {
    let mut text = format!("{}\n", headline(status));
    if let Some(last) = &status.last {
        let verdict = if last.passed {
            "passed".into()
        } else {
            format!("exit code {}: {}", last.exit_code, last.reasons.join("; "))
        };
        _ = writeln!(text, "last run {}: {}", fit(&last.run, 40), fit(&verdict, 300));
    }
    for worker in status.workers.iter().take(MOST_ROWS) {
        let (name, state) = (fit(&worker.name, 28), format!("{:?}", worker.state).to_lowercase());
        let (lag, busy) = (millis(worker.lag), f64::from(worker.busy_permille) / 10.0);
        _ = writeln!(
            text,
            "  {name:<28} {state:<8} {:>8} robots  lag {lag} ms  busy {busy:.1} %",
            worker.robots
        );
    }
    more(&mut text, status.workers.len(), "workers");
    let changes = &status.changes[status.changes.len().saturating_sub(MOST_ROWS)..];
    for change in changes {
        _ = writeln!(
            text,
            "{:>9}  {} ({})",
            seconds(change.at),
            fit(&change.text, 120),
            fit(&change.who, 60)
        );
    }
    text
}

fn headline(status: &Status) -> String {
    let ready = status.workers.iter().filter(|worker| worker.robots > 0 || worker.busy_permille > 0).count();
    let standing = status.phase.as_str();
    let (run, there) = (fit(&status.run, 40), status.workers.len().max(ready));
    match status.phase {
        Standing::Idle => format!("{standing}: no run goes on; {there} workers are there"),
        Standing::Waiting => format!("{standing}: {there} of {} workers are there", status.expected_workers),
        Standing::Running | Standing::Stopping | Standing::Over => {
            let paused = if status.paused { " (paused)" } else { "" };
            let wanted = status.wanted.map(|wanted| format!(" of {wanted}")).unwrap_or_default();
            format!(
                "{standing}{paused}: run {run} at {}, {}{wanted} robots, {} requests/s, {} failures/s, plan {}",
                seconds(status.elapsed),
                status.alive,
                status.requests_per_second,
                status.failures_per_second,
                status.revision
            )
        }
    }
}

fn more(text: &mut String, all: usize, what: &str) {
    if all > MOST_ROWS {
        _ = writeln!(text, "  and {} more {what}", all - MOST_ROWS);
    }
}
