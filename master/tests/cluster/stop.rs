//! Stopped before its time, by Ctrl-C or SIGTERM: robots log out, last reports are merged, files are written.

use crate::cluster::Cluster;

#[test]
fn a_stopped_run_is_whole() {
    for signal in ["INT", "TERM"] {
        let options = ["--users", "40", "--spawn-rate", "100", "--run-time", "10m", "--headless"];
        let mut cluster = Cluster::start(2, &options);
        cluster.master.prints(" 40 playing");
        cluster.master.signal(signal);
        let workers = std::mem::take(&mut cluster.workers);
        let outcome = cluster.end();
        assert_eq!(outcome.code, Some(0), "{signal}: {}", outcome.reasons());
        outcome.assert_equal_requests();
        assert_eq!(outcome.server["dropped_connections"], 0, "robots say goodbye");
        for worker in workers {
            assert_eq!(worker.end().0, Some(0), "the run is over, and all is well");
        }
    }
}
