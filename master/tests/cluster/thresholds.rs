//! What a run promises, judged over what real workers measured.

use crate::cluster::{Cluster, Outcome};

fn run(thresholds: &[&str], run_time: &str) -> Outcome {
    let given = thresholds.iter().flat_map(|threshold| ["--threshold", threshold]);
    let options: Vec<_> = ["--users", "20", "--spawn-rate", "100", "--headless", "--run-time", run_time]
        .into_iter()
        .chain(given)
        .collect();
    Cluster::start(2, &options).end()
}

#[test]
fn a_run_that_keeps_what_it_promises_passes_and_one_that_does_not_ends_with_3() {
    let kept = ["p99(EchoRequest) < 1s after 1s", "error_rate < 1%", "count(login) >= 20"];
    let outcome = run(&kept, "3s");
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    let states: Vec<_> =
        outcome.summary["thresholds"].as_array().unwrap().iter().map(|t| &t["state"]).collect();
    assert_eq!(states, ["kept"; 3]);

    let outcome = run(&["p50(EchoRequest) < 1us", "p99(EchoRequst) < 1s", kept[1]], "3s");
    assert_eq!(outcome.code, Some(3), "{}", outcome.reasons());
    let reasons = outcome.reasons();
    assert!(reasons.contains("p50(EchoRequest) < 1us: it was "), "{reasons}");
    assert!(reasons.contains("p99(EchoRequst) < 1s: can't be judged, there were 0 samples"), "{reasons}");
}

#[test]
fn a_run_that_breaks_its_promise_is_ended_at_once_if_it_says_so() {
    let outcome = run(&["max(login) < 1us abort for 1s"], "10m");
    assert_eq!(outcome.code, Some(3), "{}", outcome.reasons());
    let stopped = outcome.summary["plan"]["stopped"].as_str().unwrap();
    assert!(
        stopped.starts_with("a threshold was crossed: max(login) < 1us abort for 1s: it was "),
        "{stopped}"
    );
    outcome.assert_equal_requests();
}
