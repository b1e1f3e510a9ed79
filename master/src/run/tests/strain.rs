//! Workers that have more robots than they can run in time.

use super::*;

impl Scene {
    /// A beat of a worker whose threads are that late and full.
    fn strain(&mut self, session: u64, epoch: u64, lag: Duration) -> Vec<Effect> {
        let (sent, run) = (self.now, self.run.id);
        let (lag, busy_permille) = (lag, 990);
        let beat = Beat {
            sent,
            run,
            epoch,
            robots: vec![],
            lag,
            busy_permille,
            settled: epoch,
            leaving: false,
            backlog: 0,
        };
        self.say(session, Up::Beat(beat))
    }
}

/// A run of two workers, half a second into its ramp of 100 robots in a second, where the second worker is late.
fn strained(lag: Duration, beats: u32) -> Scene {
    let plan = Plan { profile: Profile::ramp(100, 10.0, 20 * S).unwrap(), ..plan(LossPolicy::Rebalance) };
    let mut scene = Scene::of(2, plan, Vec::new());
    for (session, name) in [(1, "a"), (2, "b")] {
        scene.join(session, name, session.into());
        scene.ready(session);
    }
    for _ in 0..beats {
        scene.now += S / 2;
        let epoch = |scene: &Scene, session| scene.assignments()[&session].epoch;
        let (first, second) = (epoch(&scene, 1), epoch(&scene, 2));
        scene.beat(1, first);
        scene.strain(2, second, lag);
        scene.handle(Event::Tick);
    }
    scene
}

#[test]
fn a_saturated_worker_s_unborn_robots_go_to_those_with_room_and_the_living_stay() {
    let scene = strained(S, 7);
    let orders = scene.assignments();
    let robots =
        |session| (0..100u64).filter(|robot| orders[&session].slots.owns(*robot)).collect::<Vec<_>>();
    assert!(has(&scene.effects, |e| matches!(e, Effect::Announce(Notice::Strained(name)) if name == "b")));
    // 2.5 s after the start of the run 20 robots live, or more: those with higher numbers are all the first worker's.
    let kept = robots(2);
    assert!(kept.len() >= 10 && kept.iter().all(|robot| *robot < 30 && robot % 2 == 1), "{kept:?}");
    assert_eq!(kept.len() + robots(1).len(), 100);
}

#[test]
fn a_worker_that_is_late_for_a_moment_or_only_a_little_keeps_what_it_has() {
    for (lag, beats) in [(S, 4), (S / 10, 40)] {
        let scene = strained(lag, beats);
        assert_eq!(scene.assignments()[&2].slots.len(), 8192, "{lag:?} {beats}");
    }
}

#[test]
fn a_run_whose_generator_was_saturated_is_invalid() {
    let mut scene = strained(S, 20);
    scene.report(1, report(1, 1, 50));
    scene.report(2, report(1, 1, 50));
    scene.handle(Event::Stop);
    scene.report(1, last(2, 2));
    scene.report(2, last(2, 2));
    assert_eq!(scene.code(), 4);
    let reason = &scene.run.verdict().reasons[0];
    assert!(reason.starts_with("worker b was saturated for "), "{reason}");
}
