//! Profiles at their edges, and their inverses as properties.

mod change;

use super::*;
use proptest::prelude::*;

fn s(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn stage(seconds: u64, robots: u64, edge: Edge) -> Stage {
    Stage::new(Duration::from_secs(seconds), robots, edge)
}

#[test]
fn a_ramp_grows_evenly_holds_and_ends() {
    let profile = Profile::ramp(1000, 100.0, s(30.0)).unwrap();
    // (seconds, robots)
    let table = [
        (0.0, 0),
        (0.009_999, 0),
        (0.01, 1), // the first robot is due after one hundredth of a second
        (1.0, 100),
        (9.999_999, 999),
        (10.0, 1000),
        (29.999_999, 1000),
        (30.0, 0), // the run is over
        (31.0, 0),
    ];
    for (t, robots) in table {
        assert_eq!(profile.alive(s(t)), robots, "at {t} s");
    }
    assert_eq!(profile.peak(), 1000);
}

#[test]
fn a_run_shorter_than_its_ramp_keeps_the_rate() {
    let profile = Profile::ramp(1000, 10.0, s(5.0)).unwrap();
    assert_eq!((profile.alive(s(4.99)), profile.alive(s(5.0)), profile.peak()), (49, 0, 49));
}

#[test]
fn stages_step_hold_and_ramp_down() {
    let profile = Profile::new(vec![
        stage(10, 100, Edge::Linear),
        stage(5, 300, Edge::Step),
        stage(0, 200, Edge::Linear), // no duration: a jump
        stage(10, 0, Edge::Linear),
    ])
    .unwrap();
    for (t, robots) in [(5.0, 50), (10.0, 300), (14.9, 300), (15.0, 200), (15.000_001, 199), (20.0, 100)] {
        assert_eq!(profile.alive(s(t)), robots, "at {t} s");
    }
    assert_eq!(profile.peak(), 300);
}

#[test]
fn what_cannot_be_a_profile_says_why() {
    let too_long = Profile::new(vec![stage(90_000, 1, Edge::Step)]).unwrap_err();
    assert_eq!(too_long.to_string(), "the profile lasts 90000 s; the longest run is 24 h");
    assert_eq!(Profile::new(vec![]).unwrap_err(), ProfileError::Empty);
    assert_eq!(Profile::new(vec![stage(0, 5, Edge::Step)]).unwrap_err(), ProfileError::Empty);
    assert_eq!(Profile::new(vec![stage(1, u64::MAX, Edge::Step)]), Err(ProfileError::TooMany(u64::MAX)));
    for rate in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(Profile::ramp(10, rate, s(1.0)), Err(ProfileError::Rate(rate)));
    }
    assert_eq!(
        Profile::ramp(100_000, 1.0, s(1.0)).unwrap_err().to_string(),
        "100000 robots at 1 per second take longer than 24 h; give a rate of at least 1.157408"
    );
    assert!(Profile::ramp(10, f64::NAN, s(1.0)).is_err());
}

#[test]
fn an_open_profile_counts_arrivals_and_knows_no_retirement() {
    let profile = Profile::arrivals(10.0, Arrivals::Constant, s(30.0), 0).unwrap().cut(s(20.0));
    assert!(profile.is_open() && profile.stages().is_empty());
    // (seconds, arrived, alive at most)
    let table =
        [(0.0, 0, 0), (0.1, 1, 1), (10.0, 100, 100), (19.9, 199, 199), (20.0, 199, 0), (99.0, 199, 0)];
    for (t, arrived, alive) in table {
        assert_eq!((profile.arrived(s(t)), profile.alive(s(t))), (arrived, alive), "at {t} s");
    }
    assert_eq!(profile.peak(), 199);
    assert_eq!(profile.next_birth(5, s(0.6)), Some(s(0.6)));
    assert_eq!(profile.next_birth(5, s(0.600_001)), None); // it came already
    assert_eq!(profile.next_birth(199, s(0.0)), None); // the end comes first
    assert_eq!(profile.next_retirement(5, s(3.0)), s(20.0));
    assert_eq!(profile.clone().cut(s(0.0)).peak(), 0);
    assert_eq!(Profile::ramp(5, 1.0, s(9.0)).unwrap().arrived(s(8.0)), 0);
}

#[test]
fn what_cannot_arrive_says_why() {
    let refused = |rate, seconds| {
        let wrong = Profile::arrivals(rate, Arrivals::Poisson, Duration::from_secs(seconds), 0).unwrap_err();
        wrong.to_string()
    };
    for rate in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e-9, 100_001.0] {
        let wrong = "per second is not possible; give a number above 0 and up to 100000";
        assert_eq!(refused(rate, 10), format!("an arrival rate of {rate} {wrong}"));
    }
    assert_eq!(refused(1.0, 0), "the profile has no stage that lasts; give at least one duration above 0");
    assert_eq!(refused(1.0, 90_000), "the profile lasts 90000 s; the longest run is 24 h");
    let told = refused(50_000.0, 86_400);
    assert!(
        told.ends_with("are more than a plan can hold (1000000000); give a shorter run time or a lower rate")
    );
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let edge = prop_oneof![Just(Edge::Linear), Just(Edge::Step)];
    let cut = prop::option::of((0..5_000u64).prop_map(Duration::from_micros));
    let duration = prop_oneof![1 => Just(0), 5 => 1..5_000u64];
    let stage = (duration, 0..60u64, edge, cut).prop_map(|(us, robots, edge, cut)| Stage {
        duration: Duration::from_micros(us),
        robots,
        edge,
        cut,
    });
    (prop::collection::vec(stage, 1..6), 1..20_000u64).prop_filter_map("empty", |(stages, cut)| {
        Some(Profile::new(stages).ok()?.cut(Duration::from_micros(cut)))
    })
}

proptest! {
    /// The inverse is exact: alive changes just where the two say, and nowhere between.
    #[test]
    fn births_and_retirements_are_where_alive_changes(profile in any_profile(), robot in 0..60u64) {
        let end = micros(profile.end());
        let alive = |t: u64| profile.alive(Duration::from_micros(t)) > robot;
        let mut born_next = None;
        let mut retired_next = end;
        for t in (0..end).rev() {
            if alive(t) { born_next = Some(t) } else { retired_next = t }
            let at = Duration::from_micros(t);
            prop_assert_eq!(profile.next_birth(robot, at).map(micros), born_next);
            prop_assert_eq!(micros(profile.next_retirement(robot, at)), retired_next);
        }
        prop_assert_eq!(profile.alive(profile.end()), 0);
    }

    #[test]
    fn the_peak_is_the_highest_moment(profile in any_profile()) {
        let highest = (0..micros(profile.end())).map(|t| profile.alive(Duration::from_micros(t))).max();
        prop_assert_eq!(profile.peak(), highest.unwrap_or(0));
    }
}
