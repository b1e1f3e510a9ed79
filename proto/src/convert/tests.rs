//! Every message there and back, and what a peer must not send.

use std::num::NonZeroU32;

use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::arrivals::Arrivals;
use crate::class::{Class, Classes, Share, TaskChoice};
use crate::data::{DataPolicy, DataSet};
use crate::ending::OnEnd;
use crate::histogram::{Histogram, Sparse};
use crate::message::{PROTOCOL_MAJOR, PROTOCOL_MINOR, Welcome};
use crate::network::Network;
use crate::plan::{LossPolicy, Timeouts};
use crate::profile::{Edge, Profile, Stage};
use crate::reconnect::Reconnect;
use crate::report::{Census, FailureDelta, KeptFailure, MessageDelta, SeriesDelta};
use crate::series::{FailureClass, Kind, RobotState, Series};
use crate::shipping::Parcel;
use crate::speech::{Dialect, Speech};
use crate::tags::Tags;

fn roundtrip<T: Wire + Clone + PartialEq + std::fmt::Debug>(value: T) {
    let bytes = value.clone().into_wire().encode_to_vec();
    let back = T::from_wire(T::Pb::decode(bytes.as_slice()).unwrap()).unwrap();
    assert_eq!(back, value);
}

fn hello() -> Hello {
    Hello {
        name: "worker-1.eu_west".into(),
        incarnation: Uuid::from_u128(1),
        session: Uuid::from_u128(2),
        version: "0.1.0".into(),
        protocol_major: PROTOCOL_MAJOR,
        protocol_minor: PROTOCOL_MINOR,
        cores: 4,
        open_files: 20_000,
        mods: vec!["role".into()],
        bundle: Some([3; 32]),
    }
}

fn report() -> Report {
    let mut histogram = Histogram::new();
    [1, 250, 251, 7_000_000].into_iter().for_each(|us| histogram.record(Duration::from_micros(us)));
    let mut census = Census::of("default");
    census.add(RobotState::Playing, 250);
    let series = Series::new(Kind::Request, "EchoRequest");
    let (ok, failed) = (histogram.to_sparse(), Sparse::default());
    let failure = FailureDelta {
        series: series.clone(),
        class: FailureClass::Timeout,
        count: 2,
        first: Duration::from_millis(10),
        last: Duration::from_millis(20),
        example: "no EchoResponse within 10 s".into(),
    };
    Report {
        run: Uuid::from_u128(3),
        sequence: 9,
        from: Duration::from_secs(4),
        to: Duration::from_secs(5),
        robots: vec![census],
        series: vec![SeriesDelta {
            series,
            response: ok.clone(),
            ok,
            failed,
            bytes_sent: 44,
            bytes_received: 60,
        }],
        failures: vec![failure],
        messages: vec![MessageDelta {
            name: "EchoRequest".into(),
            sent: 4,
            bytes_sent: 176,
            ..MessageDelta::default()
        }],
        kept: vec![KeptFailure {
            robot: 7,
            at: Duration::from_secs(5),
            reason: "no EchoResponse within 10 s".into(),
            lines: vec!["-> game EchoRequest".into()],
        }],
        last: true,
        more: true,
    }
}

fn plan() -> Plan {
    let stage = |seconds, robots, edge| Stage::new(Duration::from_secs(seconds), robots, edge);
    let stages = vec![stage(10, 100, Edge::Linear), stage(20, 200, Edge::Step)];
    let tasks = vec![
        TaskChoice { name: "echo".into(), weight: None },
        TaskChoice { name: "walk".into(), weight: Some(2) },
    ];
    let classes = vec![
        Class { tasks, ..Class::new("a", Share::Fixed(3), vec!["role".into()]) },
        Class {
            host: Some("ws://127.0.0.1:1".into()),
            ..Class::new("b", Share::Weight(NonZeroU32::MIN), vec!["role".into(), "hero".into()])
        },
    ];
    Plan {
        seed: 7,
        timeouts: Timeouts::default(),
        on_worker_loss: LossPolicy::Fail,
        speech: Speech {
            dialect: Dialect::Rpc,
            packed: false,
            replies: [("Enter".into(), "Scene".into())].into(),
            ..Speech::default()
        },
        network: Network {
            source_ips: vec!["127.0.0.2".parse().unwrap(), "::1".parse().unwrap()],
            ca: Some("-----BEGIN CERTIFICATE-----".into()),
            insecure: true,
            headers: vec![("X-Realm".into(), "eu 1".into())],
            subprotocol: Some("sproto".into()),
        },
        reconnect: Reconnect::Off,
        on_end: OnEnd::Leave,
        tags: Tags { only: vec!["chat".into()], without: vec!["slow".into()] },
        data: vec![DataSet {
            name: "accounts".into(),
            path: "data/accounts.csv".into(),
            policy: DataPolicy::Unique,
        }],
        keep_failures: 5,
        hold: Duration::from_secs(30),
        paused: true,
        ..Plan::new(
            Profile::new(stages).unwrap().cut(Duration::from_secs(25)),
            Classes::new(classes).unwrap(),
            "ws://127.0.0.1:8765",
        )
    }
}

fn open_plan(model: Arrivals) -> Plan {
    let profile = Profile::arrivals(12.345_678, model, Duration::from_millis(20_500), 9).unwrap();
    Plan { profile: profile.cut(Duration::from_secs(10)), ..plan() }
}

#[test]
fn a_plan_comes_back_as_it_went() {
    roundtrip(plan());
    roundtrip(open_plan(Arrivals::Constant));
    roundtrip(open_plan(Arrivals::Poisson));
    roundtrip(Plan::new(plan().profile, plan().classes, "ws://a:1"));
    // As they are when they are changed, and when they are stopped at once.
    let (closed, open) = (plan(), open_plan(Arrivals::Poisson));
    let t = Duration::from_millis(3_210);
    roundtrip(Plan { profile: closed.profile.changed(t, 7, 3.0).unwrap(), ..closed.clone() });
    roundtrip(Plan { profile: open.profile.with_arrivals(t, 0.25).unwrap(), ..open.clone() });
    for plan in [closed, open] {
        roundtrip(Plan { profile: plan.profile.clone().cut(Duration::ZERO), ..plan });
    }
}

#[test]
fn a_plan_out_of_bounds_is_refused_with_a_sentence() {
    let spoil = |change: fn(&mut pb::Plan)| {
        let mut pb = open_plan(Arrivals::Poisson).into_wire();
        change(&mut pb);
        Plan::from_wire(pb).unwrap_err().to_string()
    };
    fn arrivals(pb: &mut pb::Plan) -> &mut pb::Arrivals {
        pb.arrivals.as_mut().unwrap()
    }
    fn rates(pb: &mut pb::Plan) -> &mut pb::RateStage {
        &mut arrivals(pb).stages[0]
    }
    fn speech(pb: &mut pb::Plan) -> &mut pb::Speech {
        pb.speech.as_mut().unwrap()
    }
    fn network(pb: &mut pb::Plan) -> &mut pb::Network {
        pb.network.as_mut().unwrap()
    }
    let rate = |rate| {
        let wrong = "per second is not possible; give a number above 0 and up to 100000";
        format!("an arrival rate of {rate} {wrong}")
    };
    let table: [(String, &str); 32] = [
        (spoil(|pb| rates(pb).per_second = f64::NAN), &format!("rate: {}", rate("NaN"))),
        (spoil(|pb| rates(pb).per_second = f64::INFINITY), &format!("rate: {}", rate("inf"))),
        (spoil(|pb| rates(pb).per_second = -2.0), &format!("rate: {}", rate("-2"))),
        (spoil(|pb| rates(pb).per_second = 0.0), &format!("arrivals: {}", rate("0"))),
        (
            spoil(|pb| rates(pb).duration_us = u64::MAX),
            "arrivals: the profile lasts 18446744073709.55 s; the longest run is 24 h",
        ),
        (spoil(|pb| rates(pb).edge = 0), "edge: missing"),
        (
            spoil(|pb| arrivals(pb).stages = vec![*rates(pb); 1_001]),
            "arrivals: 1001 stages are more than a profile can hold (1000); give fewer stages, or change it less often",
        ),
        (spoil(|pb| arrivals(pb).spacing = 7), "spacing: missing"),
        (
            spoil(|pb| pb.stages = vec![pb::Stage::default()]),
            "arrivals: there are stages too; a profile has either",
        ),
        (
            spoil(|pb| pb.arrivals = None),
            "stages: the profile has no stage that lasts; give at least one duration above 0",
        ),
        (spoil(|pb| pb.host = String::new()), "plan: host: empty"),
        (spoil(|pb| pb.speech = None), "speech: missing"),
        (spoil(|pb| speech(pb).dialect = 9), "dialect: missing"),
        (spoil(|pb| speech(pb).envelope_body = String::new()), "plan: envelope: empty"),
        (
            spoil(|pb| speech(pb).package = "x".repeat(300)),
            "plan: package: 300 bytes long; at most 256 are taken",
        ),
        (
            spoil(|pb| speech(pb).replies = (0..1_001).map(|i| (i.to_string(), "R".into())).collect()),
            "plan: replies: 1001 entries; at most 1000 are taken",
        ),
        (spoil(|pb| network(pb).source_ips = vec!["127.0.0.1\n".into()]), "source address: `127.0.0.1\\n`"),
        (
            spoil(|pb| network(pb).source_ips = vec!["127.0.0.1".into(); 1_001]),
            "plan: source addresses: 1001 entries; at most 1000 are taken",
        ),
        (
            spoil(|pb| network(pb).headers = vec![pb::Header { name: "a b".into(), value: String::new() }]),
            "plan: header: `a b` is no token; give letters, digits and `-`",
        ),
        (
            spoil(|pb| {
                network(pb).headers = vec![pb::Header { name: "a".into(), value: "b\r\nc: d".into() }]
            }),
            "plan: header: the value of `a` can't be sent; give at most 8192 bytes of text",
        ),
        (
            spoil(|pb| network(pb).subprotocol = Some("a,b".into())),
            "plan: subprotocol: `a,b` is no token; give letters, digits and `-`",
        ),
        (
            spoil(|pb| network(pb).ca = Some("x".repeat((1 << 20) + 1))),
            "plan: certificates: 1048577 bytes long; at most 1048576 are taken",
        ),
        (
            spoil(|pb| pb.reconnect = Some(pb::Reconnect { first_us: 0, most_us: 5 })),
            "plan: reconnect: pauses from 0ns to 5µs can't be; give them ascending, above 0 and up to 1 h",
        ),
        (spoil(|pb| pb.on_end = 0), "on end: missing"),
        (spoil(|pb| pb.tags = vec![String::new()]), "plan: tags: empty"),
        (
            spoil(|pb| pb.exclude_tags = vec!["x".into(); 1_001]),
            "plan: excluded tags: 1001 entries; at most 1000 are taken",
        ),
        (
            spoil(|pb| pb.data[0].path = "../etc/passwd".into()),
            "plan: data set: `../etc/passwd` does not stay in the bundle; give a relative path",
        ),
        (spoil(|pb| pb.data[0].policy = 0), "data policy: missing"),
        (
            spoil(|pb| pb.data.push(pb.data[0].clone())),
            "plan: data set `accounts` is there twice; give each its own name",
        ),
        (
            spoil(|pb| pb.keep_failures = 1_001),
            "plan: failing robots to keep: 1001 entries; at most 1000 are taken",
        ),
        (spoil(|pb| pb.classes[0].tasks[0].name = String::new()), "classes: tasks of class `a`: empty"),
        (
            spoil(|pb| pb.classes.truncate(1)),
            "plan: the classes have fixed counts of 3 robots in all, the profile wants TOTAL; give a class a weight",
        ),
    ];
    let total = open_plan(Arrivals::Poisson).profile.peak().to_string();
    for (told, sentence) in table {
        assert_eq!(told, sentence.replace("TOTAL", &total));
    }
}

fn command() -> Command {
    Command { id: 3, name: "storm".into(), share_permille: 300, args: "{\"map\": 7}".into() }
}

#[test]
fn a_command_out_of_bounds_is_refused_with_a_sentence() {
    let spoil = |change: fn(&mut Command)| {
        let mut command = command();
        change(&mut command);
        Command::from_wire(command.into_wire()).unwrap_err().to_string()
    };
    let table: [(String, &str); 7] = [
        (spoil(|c| c.name.clear()), "command: name: empty"),
        (spoil(|c| c.name = "x".repeat(257)), "command: name: 257 bytes long; at most 256 are taken"),
        (spoil(|c| c.share_permille = 1_001), "command: share: 1001 thousandths; give 1 to 1000"),
        (spoil(|c| c.args = "".into()), "command: args: empty"),
        (
            spoil(|c| c.args = format!("\"{}\"", "x".repeat(65_536)).into()),
            "command: args: 65538 bytes long; at most 65536 are taken",
        ),
        (
            spoil(|c| c.args = "[1".into()),
            "command: args: no JSON: EOF while parsing a list at line 1 column 2",
        ),
        (
            spoil(|c| c.args = "[".repeat(10_000).into()),
            "command: args: no JSON: recursion limit exceeded at line 1 column 128",
        ),
    ];
    for (told, sentence) in table {
        assert_eq!(told, sentence);
    }
}

#[test]
fn every_message_comes_back_as_it_went() {
    let beat = Beat {
        sent: Duration::from_micros(5),
        run: Uuid::nil(),
        epoch: 0,
        robots: report().robots,
        lag: Duration::from_micros(800),
        busy_permille: 120,
        settled: 7,
        leaving: true,
        backlog: 3,
    };
    let rejected = Up::Rejected([2; 32], vec!["a.sproto:3: no".into()]);
    for up in [Up::Hello(hello()), Up::Ready([1; 32]), rejected, Up::Beat(beat), Up::Report(report())] {
        roundtrip(up);
    }
    let assignment = Assignment {
        run: Uuid::from_u128(3),
        epoch: 2,
        plan: Arc::new(plan()),
        slots: [1, 5, 9].into_iter().collect(),
        start: Duration::from_secs(2),
    };
    let bundle =
        Bundle::new(vec![("b.sproto".into(), b".B {}".to_vec()), ("a.sproto".into(), b".A {}".to_vec())]);
    let echo = Echo { sent: Duration::from_micros(1), master: Duration::from_micros(2) };
    let over = Down::Dismiss(Dismissal::Over, "the run is over".into());
    let welcome = Welcome { run: Uuid::from_u128(3), bundle: [4; 32] };
    for down in [
        Down::Welcome(welcome),
        Down::Part(Parcel::of(&bundle).parts().next().unwrap()),
        Down::Assignment(Box::new(assignment)),
        Down::Echo(echo),
        Down::Ack(7),
        Down::Command(command()),
        over,
    ] {
        roundtrip(down);
    }
}

#[test]
fn what_a_peer_must_not_send_is_named() {
    let spoil = |change: fn(&mut pb::Report)| {
        let mut pb = report().into_wire();
        change(&mut pb);
        Report::from_wire(pb).unwrap_err().to_string()
    };
    let table: [(String, &str); 8] = [
        (Up::from_wire(pb::Up::default()).unwrap_err().to_string(), "message: missing"),
        (spoil(|pb| pb.run = vec![1; 15]), "run: a uuid has 16 bytes, not 15"),
        (spoil(|pb| pb.series[0].name = String::new()), "series name: empty"),
        (
            spoil(|pb| pb.series[0].name = "x".repeat(257)),
            "series name: 257 bytes long; at most 256 are taken",
        ),
        (spoil(|pb| pb.series[0].kind = 99), "kind: missing"),
        (spoil(|pb| pb.failures[0].example = "x".repeat(1025)), "failure example: over 1024 bytes"),
        (
            spoil(|pb| pb.series = vec![pb::SeriesDelta::default(); 10_001]),
            "series: 10001 entries; at most 10000 are taken",
        ),
        (
            spoil(|pb| {
                let buckets = vec![1];
                pb.series[0].ok = Some(Box::new(pb::Sparse { buckets, ..Default::default() }));
            }),
            "series: a histogram ends in an index without a count",
        ),
    ];
    for (told, sentence) in table {
        assert_eq!(told, sentence);
    }
}

#[test]
fn a_worker_name_can_stand_in_a_file_name_and_a_terminal() {
    let many = pb::Hello { mods: vec!["a".into(); 1_001], ..hello().into_wire() };
    let wrong = "hello: mods: 1001 entries; at most 1000 are taken";
    assert_eq!(Hello::from_wire(many).unwrap_err().to_string(), wrong);
    for name in ["", ".", "../x", "a b", "a\nb", "\u{1b}[31m", "ä", &"x".repeat(65)] {
        let pb = pb::Hello { name: name.into(), ..hello().into_wire() };
        assert!(Hello::from_wire(pb).is_err(), "{name:?}");
    }
}

proptest! {
    /// Whatever comes is one of our plans or an error, and a plan that was taken keeps its bounds.
    #[test]
    fn bytes_that_are_nearly_a_plan_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        is_open: bool,
    ) {
        let plan = if is_open { open_plan(Arrivals::Poisson) } else { plan() };
        let mut bytes = plan.into_wire().encode_to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(Ok(plan)) = pb::Plan::decode(bytes.as_slice()).map(Plan::from_wire) {
            prop_assert_eq!(plan.check(), Ok(()));
            prop_assert!(plan.profile.peak() <= crate::profile::MOST_ROBOTS);
            prop_assert!(plan.profile.alive(plan.profile.end() / 2) <= plan.profile.peak());
        }
    }
}
