//! Stages of the file: shapes as meant, and faults as sentences.

use proto::arrivals::{Arrivals, Rate, RateStage};
use proto::profile::{Edge, Profile, Stage};

use proptest::{prelude::*, sample::select};

use super::robots::{Folder, config, told};
use super::*;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A table for each text, its keys separated by commas.
fn stages(list: &[&str]) -> String {
    list.iter().map(|keys| format!("[[stage]]\n{}\n", keys.replace(", ", "\n"))).collect()
}

fn profile(list: &[&str]) -> Profile {
    config(&stages(list), &[]).plan.profile
}

#[test]
fn spike_hold_ramp_down_and_stairs_can_be_written() {
    let (linear, step) = (Edge::Linear, Edge::Step);
    let stage = |seconds, robots, edge| Stage::new(s(seconds), robots, edge);
    let spike = profile(&[
        "duration = \"1m\", users = 100",
        "duration = \"10s\", users = 1000, edge = \"step\"",
        "duration = 60, users = 100, edge = \"step\"",
        "duration = \"30s\", users = 0",
    ]);
    let list = [stage(60, 100, linear), stage(10, 1000, step), stage(60, 100, step), stage(30, 0, linear)];
    assert_eq!((spike.stages(), spike.end(), spike.peak()), (&list[..], s(160), 1000));
    // Ramps at a rate, then holds; down too.
    let held = profile(&[
        "duration = \"1m\", users = 100, spawn-rate = 10",
        "duration = \"30s\", users = 100, spawn-rate = 1",
        "duration = \"1m\", users = 40, spawn-rate = 2.5",
        "duration = \"16s\", users = 0, spawn-rate = 2.5",
    ]);
    assert_eq!(
        [5, 10, 59, 89, 102, 114, 149, 158, 165].map(|t| held.alive(s(t))),
        [50, 100, 100, 100, 70, 40, 40, 20, 2]
    );
    // A jump, and a way that is left where it stands.
    let jump = profile(&[
        "duration = 0, users = 50, edge = \"step\"",
        "duration = \"10s\", users = 100, cut = \"2s\"",
        "duration = \"10s\", users = 0",
    ]);
    assert_eq!([0, 2, 7, 12].map(|t| jump.alive(s(t))), [50, 60, 30, 0]);
}

#[test]
fn the_stages_of_the_readme_are_what_it_says() {
    let readme = include_str!("../../../../README.md");
    let block = readme.split("```toml\n").find(|block| block.starts_with("[[stage]]")).unwrap();
    let profile = config(block.split_once("```").unwrap().0, &["--expect-workers", "9"]).plan.profile;
    // (seconds, robots)
    let table =
        [(30, 500), (59, 983), (60, 5000), (69, 5000), (75, 4000), (90, 1000), (189, 1000), (205, 500)];
    for (t, robots) in table {
        assert_eq!(profile.alive(s(t)), robots, "at {t} s");
    }
    assert_eq!(profile.end(), s(220));
}

#[test]
fn stages_of_arrivals_make_an_open_profile() {
    let text =
        stages(&["duration = \"10s\", arrivals = 20", "duration = \"5s\", arrivals = 0.5, edge = \"step\""]);
    let plan = config(&text, &["--arrivals-model", "poisson", "--seed", "9"]).plan;
    let flow = plan.profile.flow().unwrap();
    let stage = |seconds, rate, edge| RateStage::new(s(seconds), Rate::new(rate).unwrap(), edge);
    assert_eq!(flow.stages(), [stage(10, 20.0, Edge::Linear), stage(5, 0.5, Edge::Step)]);
    assert_eq!((flow.model(), flow.seed(), plan.profile.end()), (Arrivals::Poisson, 9, s(15)));
    assert_eq!(profile(&["duration = \"10s\", arrivals = 20"]).arrived(s(5)), 25);
}

#[test]
fn what_is_wrong_with_a_stage_is_told_with_its_number() {
    let users = "give a whole number from 0 to 1000000000";
    let time = "not a time; write 20, 20s, 3m, 1h30m or 500ms";
    let rate = "not a rate; give sessions per second as a number from 0 to 100000, such as 10 or 0.5";
    let table = [
        ("duration = 0, users = 5", "duration = 0: too short; give at least 1us".into()),
        ("duration = 0, users = 5, edge = \"step\"", "duration = 0: too short; give at least 1us".into()),
        ("duration = -5, users = 5", format!("duration = -5: {time}")),
        ("duration = nan, users = 5", format!("duration = NaN: {time}")),
        ("duration = \"25h\", users = 5", "duration = 25h: too long; give at most 24h".into()),
        ("users = 5", "no duration; say how long it lasts, such as duration = \"30s\"".into()),
        ("duration = 9, users = -1", format!("users = -1: not such a number; {users}")),
        ("duration = 9, users = nan", format!("users = NaN: not such a number; {users}")),
        ("duration = 9, users = 1.5", format!("users = 1.5: not such a number; {users}")),
        ("duration = 9, users = 9223372036854775808", format!("users = 9223372036854775808: too many; {users}")),
        ("duration = 9, users = 5, edge = \"round\"", "edge = round: no such edge; give linear or step".into()),
        ("duration = 9", "neither users nor arrivals; give one of the two".into()),
        ("duration = 9, users = 5, arrivals = 5", "users and arrivals; give one of the two".into()),
        ("duration = 9, arrivals = -1", format!("arrivals = -1: {rate}")),
        ("duration = 9, arrivals = nan", format!("arrivals = NaN: {rate}")),
        ("duration = 9, arrivals = inf", format!("arrivals = inf: {rate}")),
        ("duration = 9, arrivals = 100001", format!("arrivals = 100001: {rate}")),
        (
            "duration = 9, users = 5, spawn-rate = 0",
            "spawn-rate = 0: not a rate; give robots per second as a number above 0, such as 10 or 0.5".into(),
        ),
        (
            "duration = 9, users = 5, spawn-rate = 1, edge = \"step\"",
            "edge does not go with spawn-rate; leave one of the two out".into(),
        ),
        (
            "duration = 9, arrivals = 5, spawn-rate = 1",
            "arrivals does not go with spawn-rate; leave one of the two out".into(),
        ),
        (
            "duration = 9, users = 5, cut = \"9s\"",
            "cut = 9s: the stage is over by then; give less than its duration, or leave it out".into(),
        ),
        ("duration = 9, users = 5, cut = 0", "cut = 0: too short; give at least 1us".into()),
        ("duration = 9, user = 5", "unknown key `user`; did you mean `users`?".into()),
        ("duration = 9, users = -9223372036854775809", format!("users = -9223372036854775809: not such a number; {users}")),
        (
            "duration = 30, users = 100, spawn-rate = 1e-9",
            "from 0 to 100 users at 0.000000001 per second takes longer than 24h, but the stage lasts 30s; give a \
             spawn-rate of at least 3.333334"
                .into(),
        ),
        (
            "duration = 30, users = 100, spawn-rate = 2.5",
            "from 0 to 100 users at 2.5 per second takes 40s, but the stage lasts 30s; let it last at least 40s, or give \
             a spawn-rate of at least 3.333334"
                .into(),
        ),
    ];
    for (keys, wrong) in table {
        assert_eq!(told(&stages(&[keys]), &[]), [format!("horde.toml: [[stage]] 1: {wrong}")], "{keys}");
    }
}

#[test]
fn what_is_wrong_between_stages_is_told() {
    let good = "duration = 9, users = 5";
    let table = [
        (
            vec![good, "duration = 9, arrivals = 5"],
            "[[stage]] 2: arrivals, but stage 1 has users; give all stages the same of the two",
        ),
        (
            vec!["duration = 9, arrivals = 5", "duration = 9, arrivals = 5", good],
            "[[stage]] 3: users, but stage 1 has arrivals; give all stages the same of the two",
        ),
        (
            vec![
                good,
                "duration = \"90s\", users = 105, cut = \"45s\"",
                "duration = 5, users = 0, spawn-rate = 10",
            ],
            "[[stage]] 3: from 55 to 0 users at 10 per second takes 5s500ms, but the stage lasts 5s; let it last at \
             least 5s500ms, or give a spawn-rate of at least 11",
        ),
        (
            vec!["duration = \"24h\", users = 5", good],
            "[[stage]]: the profile lasts 86409 s; the longest run is 24 h",
        ),
        (
            vec!["duration = 9, users = 0", "duration = 9, users = 0"],
            "[[stage]]: no robot is ever alive; give at least one stage users",
        ),
        (
            vec!["duration = 9, arrivals = 0"],
            "[[stage]]: an arrival rate of 0 per second is not possible; give a number above 0 and up to 100000",
        ),
        (
            vec!["duration = \"24h\", arrivals = 100000"],
            "[[stage]]: 4319999999 arrivals are more than a plan can hold (1000000000); give a shorter run time or a lower rate",
        ),
        (
            vec![good; 1_001],
            "[[stage]]: 1001 stages are more than a profile can hold (1000); give fewer stages, or change it less often",
        ),
    ];
    for (list, wrong) in table {
        assert_eq!(told(&stages(&list), &[]), [format!("horde.toml: {wrong}")]);
    }
    let list = told(&stages(&["duration = 9, users = [5]"]), &[]);
    assert!(list[0].ends_with("; it has duration, users, spawn-rate, arrivals, edge, cut"), "{list:?}");
    let ports = told(&stages(&["duration = 9, users = 60000, edge = \"step\""]), &[]);
    assert!(
        ports[0].starts_with("horde.toml: [[stage]]: 60000 robots with one connection each"),
        "{ports:?}"
    );
    assert_eq!(told("stage = 5", &[]), ["horde.toml: `stage` is no list of tables; write [[stage]]"]);
}

#[test]
fn stages_leave_no_room_for_other_ways_to_say_the_same() {
    let text = format!("users = 5\n{}", stages(&["duration = 9, users = 5"]));
    let wrong = "does not go with [[stage]]; leave it out, or all stages";
    assert_eq!(
        told(&text, &["-r", "2", "-t", "1m", "--arrivals", "3", "--arrivals-model", "poisson"]),
        [
            format!("users = 5 (in horde.toml): {wrong}"),
            format!("--spawn-rate 2 (command line): {wrong}"),
            format!("--run-time 1m (command line): {wrong}"),
            format!("--arrivals 3 (command line): {wrong}"),
            "--arrivals-model poisson (command line): there are no arrivals; give the stages arrivals, or leave it out"
                .into(),
        ]
    );
}

#[test]
fn all_faults_of_all_stages_come_at_once() {
    let bad = "duration = -1, users = 9223372036854775808, edge = \"x\", cut = \"y\"";
    assert_eq!(
        told(&stages(&[bad, "duration = 9, users = 5", bad, "arrivals = 5"]), &["--seed", "x"]).len(),
        11
    );
}

#[test]
fn a_number_too_large_for_toml_is_told_as_any_other() {
    let toml = "seed = 18_446_744_073_709_551_615 # all bits\nusers = 9223372036854775808\nspawn-rate = -1\n";
    let wrong = [
        "users = 9223372036854775808 (in horde.toml): too many; give a whole number from 1 to 1000000000",
        "spawn-rate = -1 (in horde.toml): not a rate; give robots per second as a number above 0, such as 10 or 0.5",
    ];
    assert_eq!(told(toml, &[]), wrong);
    assert_eq!(config("seed = 18446744073709551615", &[]).plan.seed, u64::MAX);
}

proptest! {
    /// Whatever stands in stages is a plan or is told.
    #[test]
    fn strange_stages_are_plans_or_faults(
        list in prop::collection::vec(prop::collection::btree_map(
            select(vec!["duration", "users", "spawn-rate", "arrivals", "edge", "cut"]),
            select(vec![
                "0", "-0.0", "1", "-1", "5e-324", "1e308", "inf", "nan", "9223372036854775807", "99999999999999999999",
                "\"\"", "\"1us\"", "\"24h\"", "\"9s\"", "\"step\"", "\"linear\"", "true", "100000", "1e-6",
            ]),
            0..6,
        ), 1..5),
    ) {
        let table = |keys: &std::collections::BTreeMap<&str, &str>| -> String {
            keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
        };
        let text: String = list.iter().map(|keys| format!("[[stage]]\n{}", table(keys))).collect();
        let folder = Folder::with(&[("horde.toml", &text)]);
        match check(&[&HOST[..], &["--config", &folder.text("horde.toml")]].concat(), &[]) {
            Ok(config) => prop_assert!(config.plan.profile.peak() <= proto::profile::MOST_ROBOTS),
            Err(faults) => prop_assert!(!faults.0.is_empty()),
        }
    }
}
