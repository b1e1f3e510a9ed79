//! Four workers share the robots evenly, follow the ramp, and every sample is in the total.

use std::time::Duration;

use proto::profile::Profile;

use crate::cluster::Cluster;

#[test]
fn four_workers_run_250_of_1000_robots_each_along_the_ramp() {
    let options = ["--users", "1000", "--spawn-rate", "250", "--run-time", "6s", "--headless"];
    let cluster = Cluster::start(4, &options);
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    assert_eq!(outcome.shares(), [250; 4]);
    let plan = Profile::ramp(1000, 250.0, Duration::from_secs(6)).unwrap();
    for (second, alive) in (1..=5).zip(outcome.alive()) {
        let planned = plan.alive(Duration::from_secs(second));
        assert!(alive.abs_diff(planned) <= 1, "{alive} alive after {second} s, planned are {planned}");
    }
    outcome.assert_equal_requests();
    assert_eq!(outcome.server["logins"], 1000);
    assert_eq!(outcome.server["peak_sessions"], 1000);
    assert_eq!(outcome.server["dropped_connections"], 0, "robots say goodbye");
}
