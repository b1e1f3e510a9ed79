//! Profiles that are changed while they are run: what was stays, what comes begins where it stood.

use super::*;

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

#[test]
fn a_change_goes_from_where_the_ramp_stands_and_holds_to_the_old_end() {
    let ramp = Profile::ramp(100, 10.0, s(60.0)).unwrap();
    // (at, users, rate, [(t, robots)])
    let table = [
        (5.0, 20, 5.0, [(4.9, 49), (5.0, 50), (6.0, 45), (11.0, 20), (59.9, 20)]),
        (5.0, 200, 50.0, [(4.9, 49), (5.0, 50), (6.0, 100), (8.0, 200), (59.9, 200)]),
        (20.0, 0, 1000.0, [(19.9, 100), (20.0, 100), (20.1, 0), (30.0, 0), (59.9, 0)]),
        (50.0, 1000, 10.0, [(49.9, 100), (50.0, 100), (55.0, 150), (59.0, 190), (59.95, 199)]), // never gets there
        (20.0, 100, 1.0, [(9.0, 90), (19.9, 100), (20.0, 100), (40.0, 100), (59.9, 100)]),      // to what is
    ];
    for (at, users, rate, robots) in table {
        let changed = ramp.changed(s(at), users, rate).unwrap();
        for (t, robots) in robots {
            assert_eq!(changed.alive(s(t)), robots, "{users} at {at} s: {t} s");
        }
        assert_eq!((changed.end(), changed.alive(s(60.0))), (s(60.0), 0));
    }
    assert_eq!(ramp.changed(s(20.0), 100, 1.0).unwrap(), ramp);
}

#[test]
fn a_change_where_a_step_is_due_takes_the_step() {
    let steps = Profile::new(vec![stage(10, 100, Edge::Step), stage(10, 300, Edge::Step)]).unwrap();
    for (at, before, then) in [(0.0, 0, 100), (10.0, 100, 300)] {
        let changed = steps.changed(s(at), 0, 10.0).unwrap();
        assert!(at == 0.0 || changed.alive(s(at - 0.001)) == before);
        assert_eq!((changed.alive(s(at)), changed.alive(s(at + 1.0))), (then, then - 10));
    }
}

#[test]
fn a_change_that_is_not_possible_says_why() {
    let closed = Profile::ramp(100, 10.0, s(60.0)).unwrap();
    let open = Profile::arrivals(10.0, Arrivals::Constant, s(60.0), 0).unwrap();
    let told =
        |profile: &Profile, at, users, rate| profile.changed(s(at), users, rate).unwrap_err().to_string();
    let rate =
        |rate| format!("a spawn rate of {rate} robots per second is not possible; give a number above 0");
    assert_eq!(told(&closed, 60.0, 5, 1.0), "no change is possible 60 s into a run that is over after 60 s");
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(told(&closed, 30.0, 5, bad), rate(bad));
    }
    assert_eq!(
        told(&closed, 30.0, 100_100, 1.0),
        "100000 robots at 1 per second take longer than 24 h; give a rate of at least 1.157408"
    );
    assert_eq!(
        told(&closed, 30.0, u64::MAX, 1e18),
        "18446744073709551615 robots are more than a plan can hold (1000000000)"
    );
    assert_eq!(
        told(&open, 30.0, 5, 1.0),
        "robots arrive at a rate in this run; change that rate, not the number of robots"
    );
    let told = |profile: &Profile, at, rate| profile.with_arrivals(s(at), rate).unwrap_err().to_string();
    assert_eq!(
        told(&closed, 3.0, 1.0),
        "no robots arrive at a rate in this run; change the number of robots"
    );
    assert_eq!(told(&open, 99.0, 1.0), "no change is possible 99 s into a run that is over after 60 s");
    for bad in [-1.0, f64::NAN, 1e-9, 100_001.0] {
        let wrong = "per second is not possible; give a number above 0 and up to 100000";
        assert_eq!(told(&open, 3.0, bad), format!("an arrival rate of {bad} {wrong}"));
    }
    assert!(open.with_arrivals(s(0.0), 100_000.0).is_ok() && open.with_arrivals(s(1.0), 0.0).is_ok());
}

#[test]
fn changes_to_what_is_leave_no_stages_and_too_many_others_are_refused() {
    let mut profile = Profile::ramp(10, 1e6, s(3600.0)).unwrap();
    for second in 1..3_000 {
        profile = profile.changed(s(f64::from(second)), 10, 5.0).unwrap();
    }
    assert_eq!(profile.stages().len(), 2);
    let (mut changes, mut at) = (0, s(1.0));
    let told = loop {
        at += s(1.0);
        match profile.changed(at, 10 + changes % 2, 5.0) {
            Ok(changed) => (profile, changes) = (changed, changes + 1),
            Err(e) => break e,
        }
    };
    // Each change is a way and what was held after it.
    assert!((490..=500).contains(&changes), "{changes}");
    assert_eq!(
        told.to_string(),
        "1002 stages are more than a profile can hold (1000); give fewer stages, or change it less often"
    );
}

#[test]
fn a_stopped_profile_keeps_the_way_that_it_was_on() {
    let profile = Profile::ramp(1000, 10.0, s(200.0)).unwrap().cut(s(5.0));
    let way = Stage { cut: Some(s(5.0)), ..stage(100, 1000, Edge::Linear) };
    assert_eq!((profile.stages(), profile.end()), (&[way][..], s(5.0)));
    assert_eq!(profile.cut(s(0.0)).stages(), [Stage { cut: Some(s(0.0)), ..way }]);
    let held = Profile::ramp(1000, 100.0, s(200.0)).unwrap().cut(s(50.0));
    assert_eq!(held.stages()[1], stage(40, 1000, Edge::Linear));
}

/// (at, users, robots per second)
fn any_changes() -> impl Strategy<Value = Vec<(u64, u64, f64)>> {
    prop::collection::vec((0..20_000u64, 0..90u64, 1.0..1e6f64), 1..8)
}

proptest! {
    #[test]
    fn changes_leave_the_past_and_go_on_without_a_dip(profile in any_profile(), mut changes in any_changes()) {
        changes.sort_by_key(|(at, ..)| *at);
        let mut old = profile;
        for (at, users, rate) in changes {
            if us(at) >= old.end() { break }
            let new = old.changed(us(at), users, rate).unwrap();
            prop_assert_eq!(new.end(), old.end());
            let alive = |t| (old.alive(us(t)), new.alive(us(t)));
            for t in 0..=at {
                prop_assert_eq!(alive(t).0, alive(t).1, "at {}, changed at {}", t, at);
            }
            // From there on evenly: each robot at its own time, and never beyond the two ends.
            let (stood, end) = (old.alive(us(at)), micros(new.end()));
            let (low, high) = (stood.min(users), stood.max(users));
            let in_time = |t: u64| ((t - at) as f64 * rate / 1e6).ceil() as u64;
            for t in at..end {
                prop_assert!((low..=high).contains(&new.alive(us(t))));
                prop_assert!(new.alive(us(t)).abs_diff(stood) <= in_time(t));
            }
            let way = (stood.abs_diff(users) as f64 / rate * 1e6).ceil() as u64;
            prop_assert!(at + way >= end || new.alive(us(at + way)) == users);
            old = new;
        }
    }

    #[test]
    fn whoever_was_born_before_a_change_keeps_birth_and_life(
        profile in any_profile(), at in 0..20_000u64, users in 0..90u64, rate in 1.0..1e6f64, robot in 0..60u64,
    ) {
        let at = at % micros(profile.end()).max(1); // before its end
        if profile.end().is_zero() { return Ok(()) }
        let new = profile.changed(us(at), users, rate).unwrap();
        let born = |profile: &Profile| profile.next_birth(robot, Duration::ZERO).filter(|t| *t < us(at));
        prop_assert_eq!(born(&profile), born(&new));
        // Who is alive and still wanted is not retired.
        if profile.alive(us(at)) > robot && users > robot {
            prop_assert_eq!(new.next_retirement(robot, us(at)), new.end());
        }
    }

    #[test]
    fn a_cut_changes_nothing_before_it(profile in any_profile(), end in 1..20_000u64) {
        let cut = profile.clone().cut(us(end));
        prop_assert_eq!(cut.end(), profile.end().min(us(end)));
        for t in 0..end {
            prop_assert_eq!(cut.alive(us(t)), profile.alive(us(t)));
        }
        prop_assert_eq!(Profile::new(cut.stages().to_vec()).unwrap(), cut);
    }

    #[test]
    fn other_arrivals_leave_those_before_as_they_were(
        rates in prop::collection::vec((1..60_000_000u64, prop_oneof![Just(0.0), 0.01..2_000.0f64]), 1..6),
        is_poisson: bool,
        seed: u64,
    ) {
        let model = if is_poisson { Arrivals::Poisson } else { Arrivals::Constant };
        let mut old = Profile::arrivals(100.0, model, s(60.0), seed).unwrap();
        let mut rates = rates;
        rates.sort_by_key(|(at, _)| *at);
        for (at, rate) in rates {
            let new = old.with_arrivals(us(at), rate).unwrap();
            let here = old.arrived(us(at));
            prop_assert_eq!(here, new.arrived(us(at)));
            for robot in [0, here / 3, here / 2, here.saturating_sub(1)].into_iter().filter(|robot| *robot < here) {
                prop_assert_eq!(old.next_birth(robot, Duration::ZERO), new.next_birth(robot, Duration::ZERO));
            }
            let left = 60.0 - us(at).as_secs_f64();
            let (came, due) = ((new.peak() - here) as f64, rate * left);
            let spread = if is_poisson { 6.0 * due.sqrt() + 6.0 } else { 1.0 };
            prop_assert!((came - due).abs() <= spread, "{} of {}", came, due);
            old = new;
        }
    }
}
