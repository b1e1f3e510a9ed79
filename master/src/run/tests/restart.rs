//! A master that is started again: what the run remembered is all of it.

use super::*;
use crate::journal::Record;
use crate::threshold::Threshold;

impl Scene {
    fn records(&self) -> Vec<Record> {
        let kept = self.effects.iter().filter_map(|effect| match effect {
            Effect::Keep(record) => Some(record.clone()),
            _ => None,
        });
        kept.collect()
    }

    /// The master is killed, and another one goes on with what was kept.
    pub(super) fn restart(&mut self, after: Duration) {
        self.restart_with(self.records(), after);
    }

    fn restart_with(&mut self, records: Vec<Record>, after: Duration) {
        self.restart_judged_by(records, after, &[]);
    }

    fn restart_judged_by(&mut self, records: Vec<Record>, after: Duration, thresholds: &[Threshold]) {
        self.now += after;
        let (muster, bundle) = (self.run.muster, self.run.bundle.clone());
        self.run = Run::restore(self.now, muster, bundle, records, thresholds).unwrap();
    }
}

/// All figures of a run that people can see.
fn figures(run: &Run) -> String {
    let totals = run.totals();
    let counts =
        |total: &crate::totals::SeriesTotals| (total.series.clone(), total.ok.clone(), total.failed.clone());
    let series: Vec<_> = totals.sorted().map(|(_, total)| counts(total)).collect();
    format!("{series:?} {:?} {:?} {:?} {:?}", totals.timeline.seconds(), run.losses(), run.start(), run.epoch)
}

/// 5 s of two workers, one of which is lost.
fn in_mid_run() -> Scene {
    let mut scene = Scene::running(3, LossPolicy::Rebalance);
    for second in 1..=4u64 {
        scene.pass((HEAD_START + S * second as u32).saturating_sub(scene.now), &[(1, 1), (2, 1), (3, 1)]);
        [1, 2, 3].iter().for_each(|session| drop(scene.report(*session, report(second, second, 33))));
    }
    scene.lose(3, &[(1, 1), (2, 1)]);
    scene.pass(S / 10, &[(1, 2), (2, 2)]);
    scene
}

#[test]
fn a_restarted_master_knows_every_sample_and_takes_its_workers_back() {
    let mut scene = in_mid_run();
    let before = figures(&scene.run);
    scene.restart(S);
    assert_eq!(figures(&scene.run), before);
    for (session, name, incarnation) in [(11, "a", 1), (12, "b", 2)] {
        scene.join(session, name, incarnation);
        scene.ready(session);
        // The last report was on its way when the master died: it is a repeat, and the next one is the next.
        assert_eq!(acks(&scene.report(session, report(4, 4, 33))), [(session, 4)]);
        assert_eq!(acks(&scene.report(session, report(5, 5, 50))), [(session, 5)]);
    }
    scene.pass(4 * S, &[(11, 2), (12, 2)]);
    assert_eq!(
        (scene.run.losses().len(), scene.run.epoch),
        (1, 2),
        "nobody was lost again, and nothing moved"
    );
    assert_eq!(scene.run.totals().of_kind(Kind::Request), (14, 0));
}

#[test]
fn a_restarted_master_judges_all_of_the_run() {
    let thresholds = [crate::threshold::parse("count >= 8 after 1s").unwrap()];
    let mut scene = in_mid_run();
    scene.restart_judged_by(scene.records(), S, &thresholds);
    let judgements = scene.run.judgements();
    assert_eq!((judgements[0].state, judgements[0].samples), (crate::threshold::State::Kept, 9));
}

#[test]
fn a_worker_that_does_not_come_back_is_lost_when_its_lease_is_over_and_not_before() {
    let mut scene = in_mid_run();
    scene.restart(S);
    scene.join(11, "a", 1);
    scene.ready(11);
    scene.pass(S * 29 / 10, &[(11, 2)]);
    assert_eq!(scene.assignments()[&11].slots.len(), 8192);
    scene.pass(S / 10, &[(11, 2)]);
    assert_eq!(scene.assignments()[&11].slots.len(), 16_384);
    assert_eq!(scene.run.losses()[1].worker, "b");
}

#[test]
fn without_any_worker_a_restarted_master_waits_ten_seconds_and_has_a_verdict() {
    let mut scene = in_mid_run();
    scene.restart(S);
    scene.pass(S * 99 / 10, &[]);
    assert_eq!(scene.run.phase(), Phase::Running);
    scene.pass(S / 5, &[]);
    assert_eq!(scene.code(), 4);
}

#[test]
fn slots_that_were_changing_hands_are_not_given_away_by_the_restart() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(S, &[(1, 1)]);
    scene.join(2, "late", 9);
    scene.ready(2);
    scene.restart(S);
    scene.join(12, "late", 9);
    scene.ready(12);
    assert_eq!(scene.assignments()[&12].slots.len(), 0, "the first worker may still run them");
    scene.join(11, "a", 1);
    scene.ready(11);
    scene.beat(11, 2);
    assert_eq!(scene.assignments()[&12].slots.len(), 8192);
}

#[test]
fn slots_of_a_worker_that_came_in_just_before_the_restart_and_is_gone_are_not_nobody_s() {
    let mut scene = Scene::running(1, LossPolicy::Rebalance);
    scene.pass(S, &[(1, 1)]);
    scene.join(2, "late", 9);
    scene.ready(2);
    let records = scene.records();
    let join = records.iter().rposition(|record| matches!(record, Record::Dealt(_))).unwrap();
    // The journal may end anywhere from its being dealt slots on.
    for end in join + 1..=records.len() {
        scene.restart_with(records[..end].to_vec(), S);
        scene.join(11, "a", 1);
        scene.ready(11);
        scene.pass(4 * S, &[(11, 9)]);
        assert_eq!(scene.assignments()[&11].slots.len(), 16_384, "after {:?}", records[end - 1]);
    }
}

#[test]
fn a_run_that_was_stopping_goes_on_stopping() {
    let mut scene = in_mid_run();
    scene.handle(Event::Stop);
    scene.restart(S);
    assert!(matches!(scene.run.phase(), Phase::Draining { .. }));
    for (session, name, incarnation) in [(11, "a", 1), (12, "b", 2)] {
        scene.join(session, name, incarnation);
        scene.ready(session);
        scene.report(session, last(5, 6));
    }
    assert_eq!((scene.code(), scene.run.totals().of_kind(Kind::Request)), (0, (14, 0)));
    assert_eq!(scene.run.stopped().map(|(_, why)| why.as_str()), Some("asked to stop"));
}

#[test]
fn another_bundle_than_the_run_s_is_refused() {
    let scene = in_mid_run();
    let bundle = Arc::new(Bundle::new(vec![("a.sproto".into(), vec![])]));
    let wrong = Run::restore(scene.now, scene.run.muster, bundle, scene.records(), &[]).unwrap_err();
    assert_eq!(wrong, RestoreError::Bundle(Uuid::from_u128(7)));
}
