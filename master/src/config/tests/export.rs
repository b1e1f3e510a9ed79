//! Plans that are written as a file and read again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use proptest::prelude::*;
use proptest::{collection::vec, option, sample::select};
use proto::arrivals::{Arrivals, Rate, RateStage};
use proto::class::{Class, Classes, Share, TaskChoice};
use proto::data::{DataPolicy, DataSet};
use proto::ending::OnEnd;
use proto::network::Network;
use proto::plan::{LossPolicy, Timeouts};
use proto::profile::{Edge, Profile, Stage};
use proto::reconnect::Reconnect;
use proto::speech::{Dialect, Envelope, Speech};
use proto::tags::Tags;
use uuid::Uuid;

use super::robots::Folder;
use super::*;

const PEM: &str = "# ours\r\n-----BEGIN CERTIFICATE-----\nMIIB\"\\\n-----END CERTIFICATE-----\n";

/// Rows of the data set that each robot has its own of.
const ROWS: usize = 300;

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

/// The files that plans here may name.
fn folder() -> (Folder, Sources) {
    let folder = Folder::with(&[
        ("data/a.csv", &format!("name\n{}", "ann\n".repeat(ROWS))),
        ("items.jsonl", "{}\n"),
        ("mods/hero/hero_mod.lua", ""),
        ("schema/a.sproto", ".A {}"),
    ]);
    let data = [("a", "data/a.csv"), ("the \"items\"", "items.jsonl")];
    let sources = Sources {
        schema: Some(folder.text("schema")),
        mods: Some(folder.text("mods")),
        data: data.map(|(name, file)| (name.to_owned(), folder.text(file))).into(),
        thresholds: vec!["p99(\"a, b\", response) < 1s after 3s".into(), "error_rate < 1%".into()],
    };
    (folder, sources)
}

fn read_again(text: &str) -> Config {
    let folder = Folder::with(&[("horde.toml", text)]);
    check(&["--config", &folder.text("horde.toml")], &[]).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

fn plan(profile: Profile) -> Plan {
    let class = Class::new("default", Share::Weight(std::num::NonZeroU32::MIN), vec!["role".into()]);
    Plan::new(profile, Classes::new(vec![class]).unwrap(), "ws://127.0.0.1:8765")
}

const MUSTER: Muster = Muster { workers: 2, patience: None };

#[test]
fn a_plan_is_written_as_people_would() {
    let profile = Profile::ramp(100, 10.0, Duration::from_secs(60)).unwrap();
    let profile = profile.changed(Duration::from_millis(5_500), 20, 2.0).unwrap();
    let written = export(Uuid::nil(), MUSTER, &plan(profile), &Sources::default());
    let text = r#"# The plan of run 00000000-0000-0000-0000-000000000000, as it was run.
host = "ws://127.0.0.1:8765"
seed = 0
expect-workers = 2
expect-workers-max-wait = "0s"
connect-timeout = "10s"
request-timeout = "10s"
stop-timeout = "5s"
on-worker-loss = "rebalance"
on-robot-end = "replace"
reconnect = "500ms..30s"
keep-failures = 0
hold = "0s"

[speech]
dialect = "msg"
envelope = "Msg.Name.Bin"
package = "package"
packing = true

[network]
insecure = false

[[stage]]
duration = "10s"
users = 100
cut = "5s500ms"

[[stage]]
duration = "17s500ms"
users = 20

[[stage]]
duration = "37s"
users = 20

[[class]]
name = "default"
weight = 1
mods = ["role"]
"#;
    assert_eq!(written, text);
}

#[test]
fn what_may_be_secret_is_left_out_and_named() {
    let profile = Profile::arrivals(12.5, Arrivals::Poisson, Duration::from_secs(60), 0).unwrap();
    let mut plan = plan(profile);
    plan.host = "wss://ann:hush@game:1/v1?token=hush&realm=1#hush".into();
    plan.network.subprotocol = Some("bearer.hush".into());
    plan.network.headers = [("Authorization", "Bearer hush"), ("X-Realm", "eu"), ("X-Api-Key", "hush")]
        .map(|(k, v)| (k.into(), v.into()))
        .into();
    let key = "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\n";
    plan.network.ca = Some(format!("{key}-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"));
    let written = export(Uuid::nil(), MUSTER, &plan, &Sources::default());
    assert!(!written.contains("hush") && !written.contains("ann"), "{written}");
    let named = written.lines().skip(1).take_while(|line| line.starts_with("# Left out")).count();
    assert_eq!(named, 5, "{written}");
    let read = read_again(&written).plan;
    assert_eq!(read.host, "wss://game:1/v1?realm=1");
    assert_eq!(read.network.headers, [("X-Realm".into(), "eu".into())]);
    assert_eq!(read.profile, plan.profile);
}

#[test]
fn a_run_that_was_stopped_at_once_can_t_be_run_again() {
    let profile = Profile::ramp(100, 10.0, Duration::from_secs(60)).unwrap().cut(Duration::ZERO);
    let folder =
        Folder::with(&[("horde.toml", &export(Uuid::nil(), MUSTER, &plan(profile), &Sources::default()))]);
    let told = faults(&["--config", &folder.text("horde.toml")], &[]);
    assert_eq!(told.len(), 1);
    assert!(told[0].ends_with("[[stage]] 1: cut = 0s: too short; give at least 1us"), "{told:?}");
}

/// Any text that a name may be, quotes and line breaks too.
fn text() -> impl Strategy<Value = String> {
    "[a-z\"'\\\\#=\\[\\]{}, .\n\t\u{7f}é✓-]{1,12}"
}

fn edge() -> impl Strategy<Value = Edge> {
    select(vec![Edge::Linear, Edge::Step])
}

/// (duration, cut): sometimes a jump, sometimes left on the way.
fn times() -> impl Strategy<Value = (Duration, Option<Duration>)> {
    let duration = prop_oneof![1 => Just(0), 5 => 1..600_000_000u64];
    (duration, option::of(1..600_000_000u64)).prop_map(|(duration, cut)| (us(duration), cut.map(us)))
}

fn closed() -> impl Strategy<Value = Profile> {
    let stage = (times(), 0..500u64, edge()).prop_map(|((duration, cut), robots, edge)| Stage {
        duration,
        robots,
        edge,
        cut,
    });
    let changes = vec((0..900_000_000u64, 0..500u64, 0.1..1e4f64), 0..4);
    (vec(stage, 1..6), changes, option::of(1..900_000_000u64)).prop_filter_map(
        "empty",
        |(stages, changes, cut)| {
            let profile =
                changes.into_iter().fold(Profile::new(stages).ok()?, |profile, (at, users, rate)| {
                    profile.changed(us(at), users, rate).unwrap_or(profile)
                });
            let end = cut.map_or(profile.end(), us);
            Some(profile.cut(end)).filter(|profile| profile.peak() > 0)
        },
    )
}

fn open(seed: u64) -> impl Strategy<Value = Profile> {
    let rate =
        prop_oneof![Just(0), 1..3_000_000u64].prop_map(|millionths| Rate::new(millionths as f64 / 1e6));
    let stage = (times(), rate, edge()).prop_map(|((duration, cut), rate, edge)| RateStage {
        cut,
        ..RateStage::new(duration, rate.unwrap(), edge)
    });
    let model = select(vec![Arrivals::Constant, Arrivals::Poisson]);
    let change = option::of((1..900_000_000u64, 0.1..10.0f64));
    (vec(stage, 1..6), model, change).prop_filter_map("empty", move |(stages, model, change)| {
        let profile = Profile::open(stages, model, seed).ok()?;
        Some(match change {
            Some((at, rate)) => profile.with_arrivals(us(at), rate).unwrap_or(profile).cut(us(at * 2)),
            None => profile,
        })
    })
}

fn classes() -> impl Strategy<Value = Classes> {
    let share = prop_oneof![
        (1..50u64).prop_map(Share::Fixed),
        (1..50u32).prop_map(|weight| Share::Weight(weight.try_into().unwrap()))
    ];
    let task = (text(), option::of(1..9u32)).prop_map(|(name, weight)| TaskChoice { name, weight });
    let host = option::of(select(vec!["tcp://[::1]:9000".to_owned(), "wss://h/p?realm=1".to_owned()]));
    let class = (text(), share, vec(text(), 1..3), vec(task, 0..3), host)
        .prop_map(|(name, share, mods, tasks, host)| Class { name, share, mods, tasks, host });
    vec(class, 1..4).prop_filter_map("two of a name", |mut list| {
        list.push(Class::new("rest", Share::Weight(std::num::NonZeroU32::MIN), vec!["role".into()]));
        Classes::new(list).ok()
    })
}

fn speech() -> impl Strategy<Value = Speech> {
    let name = || "[A-Za-z_\"\n#]{1,8}";
    let dialect = select(vec![Dialect::Msg, Dialect::Rpc]);
    let replies = prop::collection::btree_map(text(), text(), 0..4);
    (dialect, [name(), name(), name()], text(), any::<bool>(), replies).prop_map(
        |(dialect, [type_name, name_field, body_field], package, packed, replies)| {
            let envelope = Envelope { type_name, name_field, body_field };
            Speech { dialect, envelope, package, packed, replies }
        },
    )
}

fn network() -> impl Strategy<Value = Network> {
    let ips = prop::collection::btree_set(any::<IpAddr>(), 0..4);
    let headers = prop::collection::btree_map("X-[A-Zbd-g.~!]{1,8}", "[ -~\té]{0,20}", 0..4);
    let headers = headers
        .prop_map(|headers| headers.into_iter().filter(|(name, _)| !super::super::secret::is_suspect(name)));
    (ips, option::of(Just(PEM.to_owned())), any::<bool>(), headers, option::of("[a-z.]{1,9}")).prop_map(
        |(ips, ca, insecure, headers, subprotocol)| Network {
            source_ips: ips.into_iter().collect(),
            ca,
            insecure,
            headers: headers.collect(),
            subprotocol,
        },
    )
}

fn data() -> impl Strategy<Value = Vec<DataSet>> {
    let set =
        |name: &str, path: &str| DataSet { name: name.into(), path: path.into(), policy: DataPolicy::Cycle };
    let sets = vec![set("a", "data/a.csv"), set("the \"items\"", "data/items.jsonl")];
    prop::sample::subsequence(sets, 0..=2)
}

fn tags() -> impl Strategy<Value = Tags> {
    let tag = || vec("[a-z\"\\\\#\t✓-]{1,9}", 0..4);
    (tag(), tag()).prop_map(|(only, without)| Tags { only, without })
}

fn timeouts() -> impl Strategy<Value = Timeouts> {
    let time = |least: u64| (least..3_600_000_000).prop_map(us);
    (time(1_000), time(1_000), time(0)).prop_map(|(connect, request, stop)| Timeouts {
        connect,
        request,
        stop,
    })
}

/// What a robot does when it ends or its worker does.
fn policies() -> impl Strategy<Value = (LossPolicy, OnEnd, Reconnect)> {
    let pauses = (1..1_000_000u64, 1_000_000..3_600_000_000u64)
        .prop_map(|(first, most)| Reconnect::Backoff { first: us(first), most: us(most) });
    (
        select(vec![LossPolicy::Rebalance, LossPolicy::Continue, LossPolicy::Fail]),
        select(vec![OnEnd::Replace, OnEnd::Leave]),
        prop_oneof![Just(Reconnect::Off), pauses],
    )
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let seed = prop_oneof![Just(u64::MAX), any::<u64>()];
    let profile = seed.prop_flat_map(|seed| (Just(seed), prop_oneof![closed(), open(seed)]));
    let parts = (
        classes(),
        speech(),
        network(),
        tags(),
        data(),
        timeouts(),
        policies(),
        (0..=1_000u32, 0..=600_000_000u64),
    );
    (profile, parts).prop_map(
        |((seed, profile), (classes, speech, network, tags, data, timeouts, policies, (kept, hold)))| {
            let (on_worker_loss, on_end, reconnect) = policies;
            let is_small = profile.peak() <= ROWS as u64;
            let data = data.into_iter().map(|set| match set.name.as_str() {
                "a" if is_small => DataSet { policy: DataPolicy::Unique, ..set },
                _ => set,
            });
            Plan {
                seed,
                speech,
                network,
                tags,
                data: data.collect(),
                timeouts,
                on_worker_loss,
                on_end,
                reconnect,
                keep_failures: kept,
                hold: us(hold),
                ..Plan::new(profile, classes, "ws://127.0.0.1:8765/game?realm=eu")
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_that_is_written_and_read_again_is_the_same(
        plan in any_plan(), workers in 1..=64usize, patience in option::of(1..86_400_000_000u64),
    ) {
        let (_folder, sources) = folder();
        let muster = Muster { workers, patience: patience.map(us) };
        let read = read_again(&export(Uuid::from_u128(7), muster, &plan, &sources));
        prop_assert_eq!(&read.plan, &plan);
        prop_assert_eq!(read.muster, muster);
        let data: BTreeMap<_, _> =
            sources.data.iter().filter(|(name, _)| plan.data.iter().any(|set| set.name == **name)).collect();
        prop_assert_eq!(read.sources.data.iter().collect::<BTreeMap<_, _>>(), data);
        prop_assert_eq!(read.sources.thresholds, sources.thresholds);
        prop_assert_eq!((read.sources.schema, read.sources.mods), (sources.schema, sources.mods));
    }
}
