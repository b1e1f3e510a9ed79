//! Runs that can't be: no workers, no target, a broken schema. Each ends by itself with its exit code and the reason.

use crate::cluster::Cluster;
use crate::process::Process;

const PLAN: [&str; 5] = ["--users", "5", "--run-time", "3s", "--headless"];

#[test]
fn workers_that_do_not_come_in_time_end_it() {
    let options = ["--bind", "127.0.0.1:0", "--host", "ws://127.0.0.1:1", "--expect-workers", "2"];
    let wait = ["--expect-workers-max-wait", "1s"];
    let master = Process::start("master", &[&options[..], &wait, &PLAN].concat());
    let address = master.logs("listening on ");
    let worker = Process::start("worker", &["--master", &address, "--name", "alone"]);
    master.logs("1 of 2 workers: alone");
    let (code, out) = master.end();
    assert_eq!(code, Some(1));
    assert!(out.contains("1 of 2 workers"), "{out}");
    assert_eq!(worker.end().0, Some(0));
}

#[test]
fn a_target_that_nobody_can_reach_is_named() {
    let cluster = Cluster::start_at("ws://127.0.0.1:1", 1, &PLAN);
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(1), "{}", outcome.reasons());
    assert!(outcome.reasons().contains("ws://127.0.0.1:1"), "{}", outcome.reasons());
    assert!(outcome.reasons().contains("Connection refused"), "{}", outcome.reasons());
    let warnings = outcome.summary["verdict"]["warnings"].to_string();
    assert!(warnings.contains("at most 0 of 2 robots were playing at a time"), "{warnings}");
}

#[test]
fn a_type_defined_twice_is_told_with_both_files_before_any_robot_starts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.sproto"), ".Twice {}").unwrap();
    std::fs::write(folder.path().join("b.sproto"), "\n.Twice {}").unwrap();
    let schema = folder.path().display().to_string();
    let cluster = Cluster::start(1, &[&PLAN[..], &["--schema", &schema]].concat());
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(2));
    let reasons = outcome.reasons();
    assert!(reasons.contains("a.sproto:1") && reasons.contains("b.sproto:2"), "{reasons}");
    assert_eq!(outcome.server["logins"], 0);
}
