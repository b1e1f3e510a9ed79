//! A second that is too much for one message comes in parts: it is told when the last of them is merged.

use super::*;

/// The first of two parts of a second.
fn part(sequence: u64, second: u64) -> Report {
    Report { more: true, ..report(sequence, second, 100) }
}

#[test]
fn a_second_is_complete_when_all_parts_of_it_are_merged() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(16 * S / 10, &[(1, 1)]);
    for (part, is_last) in [(part(1, 1), false), (report(2, 1, 100), true)] {
        scene.report(1, part);
        let effects = scene.handle(Event::Tick);
        assert_eq!(has(&effects, |effect| matches!(effect, Effect::Second(_))), is_last);
    }
    assert_eq!(scene.run.totals().timeline.seconds()[0].requests.latency.count, 2);
}

#[test]
fn a_worker_that_is_lost_between_two_parts_may_have_more_to_tell_of_that_second() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(26 * S / 10, &[(1, 1), (2, 2)]);
    scene.report(1, report(1, 1, 50));
    scene.report(1, part(2, 2));
    scene.lose(1, &[(2, 2)]);
    assert_eq!(scene.run.losses()[0].missing, 11 * S / 10);
}
