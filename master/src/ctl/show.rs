//! How a run stands, in lines for people.

use std::fmt::Write;

use crate::status::{Standing, Status, WorkerState};
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
    let is_there = |state| matches!(state, WorkerState::Ready | WorkerState::Running);
    let there = status.workers.iter().filter(|worker| is_there(worker.state)).count();
    let standing = status.phase.as_str();
    let run = fit(&status.run, 40);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_workers_that_can_run_robots_are_there() {
        let states = ["loading", "ready", "running", "leaving", "away", "gone"];
        let workers = states.map(
            |state| json!({ "name": state, "state": state, "robots": 9, "lag_us": 0, "busy_permille": 9 }),
        );
        let status = |phase: &str| {
            let status = json!({
                "phase": phase, "run": "r", "elapsed_us": 0, "end_us": 0, "revision": 1, "paused": false, "wanted": null,
                "alive": 0, "robots": {}, "requests_per_second": 0, "failures_per_second": 0, "expected_workers": 5,
                "workers": workers, "changes": [], "changes_in_all": 0, "last": null,
            });
            serde_json::from_value::<Status>(status).unwrap()
        };
        assert_eq!(headline(&status("waiting")), "waiting: 2 of 5 workers are there");
        assert_eq!(headline(&status("idle")), "idle: no run goes on; 2 workers are there");
    }
}
