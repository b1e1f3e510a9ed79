//! Flows of constant and of changing rates: their statistics, their golden values, and their inverses as properties.

use super::*;
use proptest::prelude::*;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn stage(duration: Duration, per_second: f64, edge: Edge) -> RateStage {
    RateStage::new(duration, Rate::new(per_second).unwrap(), edge)
}

fn poisson(rate: f64, seconds: u64, seed: u64) -> Flow {
    Flow::new(vec![stage(s(seconds), rate, Edge::Step)], Arrivals::Poisson, seed)
}

#[test]
fn a_rate_is_whole_millionths_or_none() {
    let table = [
        (0.0, Some(0)),
        (-0.0, Some(0)),
        (1e-6, Some(1)),
        (12.345_678, Some(12_345_678)),
        (100_000.0, Some(100_000_000_000)),
        (1e-9, None),
        (-1.0, None),
        (100_000.1, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ];
    for (per_second, millionths) in table {
        assert_eq!(Rate::new(per_second).map(Rate::millionths), millionths, "{per_second}");
    }
}

#[test]
fn a_rate_that_changes_evenly_counts_what_lies_below_its_line() {
    let stages = vec![
        stage(s(10), 10.0, Edge::Linear), // 0 -> 10: 50 arrive
        stage(s(10), 10.0, Edge::Linear), // 10: 100
        stage(s(10), 4.0, Edge::Linear),  // 10 -> 4: 70
        stage(s(10), 0.0, Edge::Step),    // none
        stage(s(10), 2.0, Edge::Step),    // 20
    ];
    let flow = Flow::new(stages, Arrivals::Constant, 0);
    let table = [(0, 0), (5, 12), (10, 50), (15, 100), (20, 150), (25, 192), (30, 220), (40, 220), (50, 240)];
    for (t, arrived) in table {
        assert_eq!(flow.arrived(s(t)), arrived, "at {t} s");
    }
    assert_eq!((flow.instant(219), flow.instant(220)), (Some(s(30)), Some(Duration::from_millis(40_500))));
    assert_eq!((flow.instant(239), flow.instant(240)), (Some(s(50)), None));
    assert_eq!(flow.rate(), 4.8);
}

#[test]
fn counts_have_the_mean_and_the_variance_of_a_poisson_distribution() {
    for (rate, seconds) in [(0.01, 86_400), (0.7, 20_000), (5.0, 20_000), (300.0, 5_000), (100_000.0, 2_000)]
    {
        for seed in 0..4 {
            let flow = poisson(rate, seconds, seed);
            let arrived: Vec<_> = (0..=seconds).map(|t| flow.arrived(s(t))).collect();
            let counts: Vec<_> = arrived.windows(2).map(|two| (two[1] - two[0]) as f64).collect();
            let n = counts.len() as f64;
            let mean = counts.iter().sum::<f64>() / n;
            let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / n;
            // Five standard errors of each.
            assert!((mean - rate).abs() < 5.0 * (rate / n).sqrt(), "{rate}: mean {mean}");
            let spread = ((rate + 2.0 * rate * rate) / n).sqrt();
            assert!((variance - rate).abs() < 5.0 * spread, "{rate}: variance {variance}");
        }
    }
}

#[test]
fn offsets_are_even_over_the_second_and_gaps_are_exponential() {
    let flow = poisson(1_000.0, 20, 3);
    let all = flow.arrived(s(20));
    let at: Vec<_> = (0..all).map(|i| flow.instant(i).unwrap().as_secs_f64()).collect();
    let tenths = at.iter().fold([0u32; 10], |mut tenths, t| {
        tenths[((t.fract() * 10.0) as usize).min(9)] += 1;
        tenths
    });
    assert!(tenths.iter().all(|n| n.abs_diff(2_000) < 250), "{tenths:?}");
    let gaps: Vec<_> = at.windows(2).map(|two| two[1] - two[0]).collect();
    let longer = gaps.iter().filter(|gap| **gap > 0.001).count() as f64 / gaps.len() as f64;
    assert!((longer - (-1.0f64).exp()).abs() < 0.02, "{longer} of the gaps are longer than the mean");
}

#[test]
fn poisson_arrivals_follow_a_rate_that_changes() {
    // Up to 1000 per second: a quarter of all in the first half, and the square of the share at any other place.
    let flow = Flow::new(vec![stage(s(60), 1_000.0, Edge::Linear)], Arrivals::Poisson, 5);
    for (t, due) in [(6, 300.0), (30, 7_500.0), (45, 16_875.0), (60, 30_000.0f64)] {
        let arrived = flow.arrived(s(t)) as f64;
        assert!((arrived - due).abs() < 5.0 * due.sqrt(), "{arrived} of {due} at {t} s");
    }
}

/// Golden values: what one release computes, all do, or workers of two would not agree.
#[test]
fn the_same_seed_gives_the_same_arrivals_for_ever() {
    let flow = poisson(2.5, 10, 42);
    let micros: Vec<_> = (0..5).map(|i| flow.instant(i).unwrap().as_micros()).collect();
    assert_eq!((micros, flow.arrived(s(10))), (GOLDEN_MICROS.to_vec(), GOLDEN_TOTAL));
    let slope = Flow::new(vec![stage(s(10), 5.0, Edge::Linear)], Arrivals::Poisson, 42);
    assert_eq!(slope.instant(4).unwrap().as_micros(), GOLDEN_ON_A_SLOPE);
}

const GOLDEN_MICROS: [u128; 5] = [26_747, 171_999, 465_333, 876_278, 960_645];
const GOLDEN_TOTAL: u64 = 26;
const GOLDEN_ON_A_SLOPE: u128 = 3_099_427;

#[test]
fn a_day_at_a_high_rate_is_made_and_asked_quickly() {
    let flow = poisson(11_000.0, 86_400, 1);
    let all = flow.arrived(s(86_400));
    assert!(all.abs_diff(950_400_000) < 200_000, "{all}");
    assert!(flow.instant(all - 1).is_some() && flow.instant(all).is_none());
}

fn any_model() -> impl Strategy<Value = Arrivals> {
    prop_oneof![Just(Arrivals::Constant), Just(Arrivals::Poisson)]
}

fn any_stages() -> impl Strategy<Value = Vec<RateStage>> {
    let rate = prop_oneof![Just(0.0), 0.001..3.0, 3.0..5_000.0f64];
    let edge = prop_oneof![Just(Edge::Linear), Just(Edge::Step)];
    let one =
        (0..8_000_000u64, rate, edge, prop::option::of(0..8_000_000u64)).prop_map(|(us, rate, edge, cut)| {
            let cut = cut.map(Duration::from_micros);
            RateStage { cut, ..stage(Duration::from_micros(us), rate, edge) }
        });
    prop::collection::vec(one, 1..6)
}

proptest! {
    /// The two are exact inverses: the i-th arrives just when arrived gets beyond i.
    #[test]
    fn arrived_and_instant_say_the_same(stages in any_stages(), model in any_model(), seed: u64, place in 0.0..1.0f64) {
        let flow = Flow::new(stages, model, seed);
        let all = flow.arrived(flow.course.end());
        prop_assert_eq!(flow.instant(all), None);
        prop_assume!(all > 0);
        let i = ((all as f64 * place) as u64).min(all - 1);
        let at = flow.instant(i).unwrap();
        prop_assert!(flow.arrived(at) > i);
        prop_assert!(at.is_zero() || flow.arrived(at - Duration::from_micros(1)) <= i);
        prop_assert!(i == 0 || flow.instant(i - 1).unwrap() <= at);
    }

    #[test]
    fn arrivals_never_become_fewer(stages in any_stages(), model in any_model(), seed: u64, t in 0..40_000_000u64) {
        let flow = Flow::new(stages, model, seed);
        let arrived = |t| flow.arrived(Duration::from_micros(t));
        prop_assert!((t..t + 200).all(|t| arrived(t) <= arrived(t + 1)));
    }

    /// Two legs of one rate are one, to the last arrival.
    #[test]
    fn a_constant_rate_may_be_said_in_parts(
        millionths in 1..5_000_000_000u64,
        (us, at) in (2..20_000_000u64).prop_flat_map(|us| (Just(us), 1..us)),
        model in any_model(),
        seed: u64,
    ) {
        let part = |us| RateStage::new(Duration::from_micros(us), Rate(millionths), Edge::Step);
        let one = Flow::new(vec![part(us)], model, seed);
        let two = Flow::new(vec![part(at), part(us - at)], model, seed);
        for t in [0, at / 2, at, at + (us - at) / 2, us].map(Duration::from_micros) {
            prop_assert_eq!(one.arrived(t), two.arrived(t));
        }
        let last = one.arrived(Duration::from_micros(us)).saturating_sub(1);
        prop_assert_eq!(one.instant(last), two.instant(last));
    }
}
