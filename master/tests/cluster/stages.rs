//! Stages of the file, as two workers that never speak to each other follow them.

use std::time::Duration;

use proto::profile::{Edge, Profile, Stage};

use crate::cluster::Cluster;

#[test]
fn two_workers_follow_a_step_a_ramp_at_a_rate_and_a_way_down() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let toml = r#"
        [[stage]]
        duration = "2s"
        users = 40
        edge = "step"
        [[stage]]
        duration = "3s"
        users = 160
        spawn-rate = 80
        [[stage]]
        duration = "2s"
        users = 0
    "#;
    std::fs::write(file.path(), toml).unwrap();
    let outcome = Cluster::start(2, &["--headless", "--config", file.path().to_str().unwrap()]).end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    let stage = |millis, robots, edge| Stage::new(Duration::from_millis(millis), robots, edge);
    let (step, linear) = (Edge::Step, Edge::Linear);
    let stages = vec![
        stage(2_000, 40, step),
        stage(1_500, 160, linear),
        stage(1_500, 160, linear),
        stage(2_000, 0, linear),
    ];
    let plan = Profile::new(stages).unwrap();
    for (second, alive) in (1..=6).zip(outcome.alive()) {
        let planned = plan.alive(Duration::from_secs(second));
        assert!(alive.abs_diff(planned) <= 2, "{alive} alive after {second} s, planned are {planned}");
    }
    outcome.assert_equal_requests();
    assert_eq!(outcome.server["logins"], 160);
    let last = &outcome.summary["plan"]["stages"][3];
    assert_eq!((last["robots"].as_u64(), last["duration_us"].as_u64()), (Some(0), Some(2_000_000)));
}
