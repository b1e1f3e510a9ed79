//! People steer a master with real workers: more robots in mid-run, an end, and another run with the same workers.

use crate::cluster::Cluster;
use crate::process::Process;

/// What `master ctl` prints when it is done, and exit code 0.
fn ctl(url: &str, args: &[&str]) -> String {
    let process = Process::start("master", &[&["ctl"], args, &["--master-url", url]].concat());
    let (code, text) = process.end();
    assert_eq!(code, Some(0), "{args:?}: {text}");
    text
}

#[test]
fn robots_come_when_they_are_asked_for_and_another_run_has_the_same_workers() {
    let options =
        ["--users", "20", "--spawn-rate", "100", "--run-time", "10m", "--web-port", "0", "--autostart"];
    let mut cluster = Cluster::start(2, &options);
    let port = cluster.master.logs("http://127.0.0.1:");
    let url = format!("http://127.0.0.1:{}", port.split(',').next().unwrap());
    cluster.master.prints(" 20 playing");
    assert!(ctl(&url, &["users", "40", "--rate", "100"]).starts_with("40 robots at 100 per second"));
    cluster.master.prints(" 40 playing");
    ctl(&url, &["stop"]);
    cluster.master.prints("Verdict: passed");
    let again = ctl(&url, &["start", "--users", "10", "--run-time", "3s"]);
    assert!(again.starts_with("a run is started: 2 of 2 workers"), "{again}");
    cluster.master.prints(" 10 robots at most");
    cluster.master.signal("TERM");
    let workers = std::mem::take(&mut cluster.workers);
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    assert_eq!(outcome.summary["plan"]["users"], 10);
    assert!(again.contains(outcome.summary["run"].as_str().unwrap()));
    assert_eq!((outcome.shares().iter().sum::<u64>(), outcome.samples("session", "default").1), (10, 0));
    for worker in workers {
        assert_eq!(worker.end().0, Some(0), "there is no more work, and all is well");
    }
}
