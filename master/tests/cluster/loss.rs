//! A worker killed in mid-run: what becomes of its robots, of the run, and of the verdict.

use crate::cluster::Cluster;

const PLAN: [&str; 7] = ["--users", "60", "--spawn-rate", "100", "--run-time", "6s", "--headless"];

#[test]
fn the_robots_of_a_killed_worker_live_on_with_the_others() {
    let cluster = Cluster::start(3, &PLAN);
    cluster.master.logs("the run begins");
    cluster.master.prints(" 60 playing");
    cluster.workers[1].signal("KILL");
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    assert_eq!(outcome.summary["losses"][0]["worker"], "w1");
    assert_eq!(outcome.summary["losses"].as_array().unwrap().len(), 1);
    // 20 robots were lost and born again elsewhere; nobody else's have moved.
    assert_eq!(outcome.server["logins"], 80);
    assert_eq!(outcome.server["peak_sessions"], 60);
}

#[test]
fn under_policy_fail_a_loss_ends_the_run_as_invalid() {
    let cluster = Cluster::start(2, &[&PLAN[..], &["--on-worker-loss", "fail"]].concat());
    cluster.master.logs("the run begins");
    cluster.workers[0].signal("KILL");
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(4));
    assert!(outcome.reasons().contains("w0"), "{}", outcome.reasons());
}

#[test]
fn the_loss_of_the_last_worker_ends_the_run_as_invalid() {
    let cluster = Cluster::start(1, &PLAN);
    cluster.master.logs("the run begins");
    cluster.workers[0].signal("KILL");
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(4));
    assert!(outcome.reasons().contains("w0"), "{}", outcome.reasons());
}

#[test]
fn a_worker_that_is_told_to_stop_hands_in_all_its_samples() {
    let mut cluster = Cluster::start(2, &PLAN);
    cluster.master.logs("the run begins");
    cluster.master.prints(" 60 playing");
    let leaver = cluster.workers.remove(0);
    leaver.signal("TERM");
    let (code, _) = leaver.end();
    assert_eq!(code, Some(0));
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    outcome.assert_equal_requests();
    assert_eq!(outcome.server["logins"], 90);
}
