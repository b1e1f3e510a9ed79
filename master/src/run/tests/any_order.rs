//! Whatever comes in whatever order: no panic, a verdict once the deadlines are over, and totals that are exactly the
//! sum of the reports that were acked.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::start::Start;

#[derive(Debug, Clone)]
enum Step {
    Join { session: u64, name: usize, incarnation: u128 },
    Ready(u64),
    Reject(u64),
    Beat(u64, u64),
    Report { session: u64, sequence: u64, second: u64, last: bool, foreign: bool },
    Hello(u64),
    Leave(u64),
    Pass(u64),
    Stop,
    Wish(Wish),
}

fn step() -> impl Strategy<Value = Step> {
    let session = 1..8u64;
    prop_oneof![
        4 => (session.clone(), 0..3usize, 1..4u128).prop_map(|(session, name, incarnation)| Step::Join { session, name, incarnation }),
        4 => session.clone().prop_map(Step::Ready),
        1 => session.clone().prop_map(Step::Reject),
        2 => (session.clone(), 0..4u64).prop_map(|(session, epoch)| Step::Beat(session, epoch)),
        8 => (session.clone(), 0..6u64, 1..30u64, prop::bool::weighted(0.2), prop::bool::weighted(0.1))
            .prop_map(|(session, sequence, second, last, foreign)| Step::Report { session, sequence, second, last, foreign }),
        1 => session.clone().prop_map(Step::Hello),
        2 => session.prop_map(Step::Leave),
        4 => (1..40u64).prop_map(Step::Pass),
        1 => Just(Step::Stop),
        6 => wish().prop_map(Step::Wish),
    ]
}

/// What people may ask, sensible or not.
fn wish() -> impl Strategy<Value = Wish> {
    let users = prop_oneof![8 => 0..300u64, 1 => Just(1 << 63)];
    let rate =
        prop_oneof![8 => 0.5..500.0, 1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, -1.0, 0.0])];
    let args = prop::sample::select(vec!["null", "{}", "[", ""]);
    prop_oneof![
        6 => (users, prop::option::of(rate)).prop_map(|(users, rate)| Wish::Users { users, rate }),
        1 => (0.0..10.0).prop_map(|rate| Wish::Arrivals { rate }),
        2 => Just(Wish::Pause),
        2 => Just(Wish::Resume),
        1 => Just(Wish::Start(Start::default())),
        1 => Just(Wish::Stop),
        2 => (0..1_200u32, args)
            .prop_map(|(share_permille, args)| Wish::Command { name: "storm".into(), share_permille, args: args.into() }),
    ]
}

impl Scene {
    /// Takes a step as the edge would: a stream says Hello once, and nothing after its end.
    fn take(&mut self, step: Step, open: &mut BTreeSet<u64>) -> Vec<Effect> {
        let before = self.effects.len();
        match step {
            Step::Join { session, name, incarnation } => {
                if open.insert(session) {
                    self.join(session, ["a", "b", "c"][name], incarnation);
                }
            }
            Step::Ready(session) => drop(self.ready(session)),
            Step::Reject(session) => {
                let hash = self.run.bundle.hash;
                self.say(session, Up::Rejected(hash, vec![]));
            }
            Step::Beat(session, epoch) => drop(self.beat(session, epoch)),
            Step::Report { session, sequence, second, last, foreign } => {
                let mut report = report(sequence, second, 5);
                report.last = last;
                if foreign {
                    report.run = Uuid::nil();
                }
                self.report(session, report);
            }
            Step::Hello(session) => drop(self.say(session, Up::Hello(hello("a", 1)))),
            Step::Leave(session) => {
                open.remove(&session);
                self.leave(session);
            }
            Step::Pass(tenths) => self.pass(S * tenths as u32 / 10, &[]),
            Step::Stop => drop(self.handle(Event::Stop)),
            Step::Wish(wish) => drop(self.wish(wish)),
        }
        let effects = self.effects[before..].to_vec();
        for effect in &effects {
            if let Effect::Close(session) | Effect::Refuse(session, _) = effect {
                open.remove(&session.0);
            }
        }
        effects
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_order_of_events_ends_with_a_verdict_and_counts_what_it_acked(
        workers in 1..3usize,
        policy in prop::sample::select(vec![LossPolicy::Rebalance, LossPolicy::Continue, LossPolicy::Fail]),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut scene = Scene::new(workers, policy);
        let mut open = BTreeSet::new();
        let mut merged = 0;
        let mut epochs = std::collections::BTreeMap::new();
        for step in steps {
            let before: u64 = scene.run.fleet().workers().map(|(_, worker)| worker.applied).sum();
            let is_report = matches!(step, Step::Report { .. });
            let is_wish = matches!(step, Step::Wish(_));
            let (plan, changes) = (scene.run.plan().clone(), scene.run.changes().len());
            let effects = scene.take(step, &mut open);
            let answers: Vec<_> = effects.iter().filter(|e| matches!(e, Effect::Answer(_))).collect();
            prop_assert_eq!(answers.len(), usize::from(is_wish), "each wish has one answer");
            if let [Effect::Answer(Err(_))] = answers[..] {
                prop_assert_eq!((scene.run.plan(), scene.run.changes().len()), (&plan, changes), "a declined wish did something");
            }
            for effect in effects {
                if let Effect::Send(session, Down::Assignment(order)) = effect {
                    let last = epochs.insert(session, order.epoch).unwrap_or(0);
                    prop_assert!(order.epoch >= last, "the epoch fell from {} to {}", last, order.epoch);
                }
            }
            let after: u64 = scene.run.fleet().workers().map(|(_, worker)| worker.applied).sum();
            if is_report && after > before {
                merged += 1;
            }
        }
        // The longest wait of all phases: 60 s for workers, or 20 s of run and 9 s of drain; silence ends it sooner.
        scene.pass(100 * S, &[]);
        prop_assert_eq!(scene.run.phase(), Phase::Over);
        prop_assert_eq!(scene.run.totals().of_kind(Kind::Request), (merged, 0));
        let seconds = scene.run.totals().timeline.seconds();
        prop_assert_eq!(seconds.iter().map(|s| s.requests.latency.count).sum::<u64>(), merged);
        prop_assert_eq!(scene.effects.iter().filter(|e| **e == Effect::Finish).count(), 1);
        prop_assert_eq!(scene.run.verdict().passed, scene.run.verdict().reasons.is_empty());
    }
}
