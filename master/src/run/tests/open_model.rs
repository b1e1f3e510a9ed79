//! Runs whose robots arrive: judged by sessions that began, not by robots that are there.

use proto::arrivals::Arrivals;

use super::*;

/// Ten arrivals per second for ten seconds, of which so many sessions begin in each second.
fn run(sessions: u64) -> Scene {
    let profile = Profile::arrivals(10.0, Arrivals::Constant, 10 * S, 0).unwrap();
    let mut scene = Scene::of(1, Plan { profile, ..plan(LossPolicy::Rebalance) }, Vec::new());
    scene.join(1, "a", 1);
    scene.ready(1);
    scene.pass(S / 2, &[(1, 1)]);
    for second in 1..=10 {
        scene.pass(S, &[(1, 1)]);
        let mut report = report(second, second, 2);
        let mut latency = Histogram::new();
        (0..sessions).for_each(|_| latency.record(Duration::from_millis(1)));
        report.series.push(SeriesDelta {
            series: Series::new(Kind::Login, "default"),
            ok: latency.to_sparse(),
            failed: Default::default(),
            response: Default::default(),
            bytes_sent: 0,
            bytes_received: 0,
        });
        scene.report(1, report);
    }
    scene.pass(S / 10, &[(1, 1)]);
    scene.report(1, last(11, 11));
    scene
}

#[test]
fn an_open_run_is_judged_by_its_arrivals_and_not_by_who_is_there() {
    let scene = run(10);
    assert_eq!((scene.code(), scene.run.verdict().warnings), (0, vec![]));
    assert_eq!(scene.run.begun(), 100);
    assert!(has(&scene.effects, |effect| matches!(
        effect,
        Effect::Announce(Notice::Begins { robots: 99, open: true, .. })
    )));
    let scene = run(7);
    let reason = "arrivals not kept up: 70 sessions began of 80 that were due 2 s before the end";
    assert_eq!((scene.code(), scene.run.verdict().reasons), (4, vec![reason.into()]));
}

#[test]
fn a_lost_worker_of_an_open_run_had_as_many_robots_as_it_last_told() {
    let mut scene = Scene::of(
        2,
        Plan {
            profile: Profile::arrivals(10.0, Arrivals::Poisson, 10 * S, 0).unwrap(),
            ..plan(LossPolicy::Rebalance)
        },
        Vec::new(),
    );
    for (session, name) in [(1, "a"), (2, "b")] {
        scene.join(session, name, session.into());
        scene.ready(session);
    }
    scene.pass(5 * S, &[(1, 1), (2, 1)]);
    scene.report(1, report(1, 4, 3));
    scene.lose(1, &[(2, 1)]);
    assert_eq!(scene.run.losses()[0].robots, 3);
}
