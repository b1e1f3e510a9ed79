//! Workers that go, break, fall silent, come late and come back.

use super::*;

#[test]
fn a_lost_worker_s_robots_go_to_the_others_and_nobody_else_s_move() {
    let mut scene = Scene::running(3, LossPolicy::Rebalance);
    scene.pass(5 * S, &[(1, 1), (2, 1), (3, 1)]);
    let before = scene.assignments();
    assert!(has(&scene.leave(2), |e| matches!(e, Effect::Announce(Notice::Away(..)))));
    scene.pass(S * 7 / 10, &[(1, 1), (3, 1)]);
    assert!(scene.run.losses().is_empty(), "it may come back");
    scene.pass(S / 10, &[(1, 1), (3, 1)]);
    let after = scene.assignments();
    for session in [1, 3] {
        assert_eq!(after[&session].epoch, 2);
        assert!(before[&session].slots.iter().all(|slot| after[&session].slots.contains(slot)));
    }
    assert_eq!(after[&1].slots.len() + after[&3].slots.len(), 16_384);
    let loss = &scene.run.losses()[0];
    assert_eq!(
        (loss.worker.as_str(), loss.robots, loss.at, loss.missing),
        ("b", 33, S * 53 / 10, S * 45 / 10)
    );
}

#[test]
fn a_worker_that_is_silent_for_three_seconds_is_dead_and_not_before() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(S, &[(1, 1), (2, 1)]);
    scene.pass(S * 29 / 10, &[(1, 1)]);
    assert!(scene.run.losses().is_empty());
    scene.pass(S / 10, &[(1, 1)]);
    assert_eq!(scene.run.losses()[0].why, "silent for 3 s");
    assert!(has(&scene.effects, |e| *e == Effect::Close(SessionId(2))));
}

#[test]
fn a_master_that_was_stalled_itself_gives_everybody_time_to_be_heard() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(S, &[(1, 1), (2, 1)]);
    scene.now += 10 * S;
    scene.handle(Event::Tick);
    assert!(scene.run.losses().is_empty());
    scene.pass(S * 31 / 10, &[(1, 1)]);
    assert_eq!(scene.run.losses()[0].worker, "b");
}

#[test]
fn each_loss_policy_does_what_it_says() {
    // (policy, exit code, the last epoch of the survivor)
    for (policy, code, epoch) in
        [(LossPolicy::Rebalance, 0, 2), (LossPolicy::Continue, 0, 1), (LossPolicy::Fail, 4, 2)]
    {
        let mut scene = Scene::running(2, policy);
        for second in 1..=4 {
            scene.pass((HEAD_START + S * second).saturating_sub(scene.now), &[(1, 1), (2, 1)]);
            [1, 2].iter().for_each(|session| {
                drop(scene.report(*session, report(u64::from(second), u64::from(second), 50)))
            });
        }
        scene.lose(2, &[(1, 1)]);
        assert_eq!(scene.assignments()[&1].epoch, epoch, "{policy:?}");
        if policy == LossPolicy::Fail {
            assert!(matches!(scene.run.phase(), Phase::Draining { .. }));
            scene.report(1, last(5, 5));
        } else {
            to_the_end(&mut scene, &[1], epoch, 5);
        }
        assert_eq!(scene.code(), code, "{policy:?}: {:?}", scene.run.verdict());
        assert!(scene.run.verdict().warnings[0].starts_with("worker b with 50 robots was lost at 4."));
    }
}

#[test]
fn the_last_worker_s_loss_ends_the_run_as_invalid_under_every_policy() {
    for policy in [LossPolicy::Rebalance, LossPolicy::Continue, LossPolicy::Fail] {
        let mut scene = Scene::running(2, policy);
        scene.pass(2 * S, &[(1, 1), (2, 1)]);
        scene.leave(1);
        scene.lose(2, &[]);
        if policy == LossPolicy::Fail {
            assert!(matches!(scene.run.phase(), Phase::Over));
        }
        assert_eq!(scene.code(), 4, "{policy:?}");
        assert_eq!(scene.run.losses().len(), 2);
    }
}

#[test]
fn a_worker_that_comes_in_mid_run_starts_its_share_when_the_owner_has_given_it_up() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(3 * S, &[(1, 1)]);
    scene.join(2, "late", 9);
    scene.ready(2);
    let slots =
        |scene: &Scene| scene.assignments().values().map(|o| (o.epoch, o.slots.len())).collect::<Vec<_>>();
    assert_eq!(slots(&scene), [(2, 8192), (2, 0)]);
    scene.beat(1, 1); // it has not heard of it
    assert_eq!(slots(&scene), [(2, 8192), (2, 0)]);
    scene.beat(1, 2);
    assert_eq!(slots(&scene), [(2, 8192), (3, 8192)]);
}

#[test]
fn a_worker_that_leaves_hands_over_and_is_no_loss() {
    let mut scene = Scene::running(2, LossPolicy::Fail);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    [1, 2].iter().for_each(|session| drop(scene.report(*session, report(1, 1, 50))));
    scene.leaves(2, 1);
    let slots = |scene: &Scene| scene.assignments().values().map(|o| o.slots.len()).collect::<Vec<_>>();
    assert_eq!(slots(&scene), [8192, 0]);
    scene.leaves(2, 2);
    assert_eq!(slots(&scene), [16_384, 0]);
    scene.report(2, last(2, 3));
    scene.leave(2);
    scene.pass(S, &[(1, 3)]);
    assert_eq!((scene.run.phase(), scene.run.losses().len()), (Phase::Running, 0));
}

#[test]
fn a_worker_whose_stream_breaks_and_is_back_in_a_moment_keeps_its_robots() {
    let mut scene = Scene::running(2, LossPolicy::Fail);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    scene.leave(2);
    scene.pass(S / 2, &[(1, 1)]);
    scene.join(5, "b", 2);
    scene.ready(5);
    scene.pass(2 * S, &[(1, 1), (5, 1)]);
    assert_eq!((scene.run.phase(), scene.run.losses().len()), (Phase::Running, 0));
    let orders = scene.assignments();
    assert_eq!((orders[&1].epoch, orders[&5].epoch, orders[&5].slots.len()), (1, 1, 8192));
}

#[test]
fn a_worker_that_the_master_sent_away_keeps_its_slots_until_its_lease_is_over() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(S, &[(1, 1), (2, 1)]);
    scene.handle(Event::Dropped(SessionId(2), "it does not read what it is sent".into()));
    scene.pass(S * 29 / 10, &[(1, 1)]);
    assert_eq!(scene.assignments()[&1].slots.len(), 8192);
    scene.pass(S / 10, &[(1, 1)]);
    assert_eq!(scene.assignments()[&1].slots.len(), 16_384);
}

#[test]
fn a_lost_process_that_comes_back_takes_an_even_share_again_and_its_reports_go_on() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(3 * S, &[(1, 1), (2, 1)]);
    scene.report(1, report(1, 1, 50));
    scene.lose(1, &[(2, 1)]);
    scene.join(5, "a", 1);
    scene.ready(5);
    let order = &scene.assignments()[&5];
    assert_eq!((order.epoch, order.slots.len()), (2, 0));
    scene.beat(2, 3);
    let order = &scene.assignments()[&5];
    assert_eq!((order.epoch, order.slots.len()), (4, 8192));
    assert_eq!(acks(&scene.report(5, report(1, 1, 50))), [(5, 1)]);
    assert_eq!(acks(&scene.report(5, report(2, 2, 0))), [(5, 2)]);
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (2, 0));
}

#[test]
fn a_new_stream_of_a_live_process_fences_the_old_one_and_keeps_its_robots() {
    let mut scene = Scene::running(2, LossPolicy::Rebalance);
    scene.pass(S, &[(1, 1), (2, 1)]);
    assert!(has(&scene.join(5, "a", 1), |e| *e == Effect::Close(SessionId(1))));
    scene.ready(5);
    assert_eq!((scene.assignments()[&5].epoch, scene.assignments()[&5].slots.len()), (1, 8192));
    scene.leave(1); // the old stream's end says nothing any more
    assert!(scene.run.losses().is_empty());
}

#[test]
fn a_gap_in_the_reports_costs_that_worker_its_place() {
    for sequence in [3, u64::MAX] {
        let mut scene = Scene::running(2, LossPolicy::Rebalance);
        scene.now = 3 * S;
        scene.report(1, report(1, 1, 50));
        let effects = scene.report(1, report(sequence, 2, 50));
        assert_eq!(refusals(&effects), [(1, Refusal::Gap { expected: 2, got: sequence })]);
        scene.pass(7 * S, &[(2, 1)]); // this test let the master stall for 3 s, which nobody is charged with
        assert_eq!(scene.assignments()[&2].slots.len(), 16_384);
    }
}
