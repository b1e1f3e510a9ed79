//! The edge between our types and the generated ones. Out never fails; in checks every bound that the types promise,
//! so that whatever a peer sends is either one of our values or an error that names the field.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::class::{Class, Classes, Share};
use crate::histogram::Sparse;
use crate::message::{
    Assignment, Beat, Bundle, BundleHash, Dismissal, Down, Echo, Hello, Up, is_worker_name,
};
use crate::pb;
use crate::plan::{LossPolicy, Plan, Timeouts};
use crate::profile::{Edge, Profile, Stage};
use crate::report::{Census, FailureDelta, LONGEST_EXAMPLE, MOST_SERIES, Report, SeriesDelta};
use crate::series::{FailureClass, Kind, LONGEST_NAME, RobotState, Series};
use crate::slots::SlotSet;

/// Why a message can't be one of ours: the field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct Malformed {
    field: &'static str,
    fault: String,
}

fn malformed(field: &'static str, fault: impl ToString) -> Malformed {
    Malformed { field, fault: fault.to_string() }
}

fn missing(field: &'static str) -> Malformed {
    malformed(field, "missing")
}

/// A type of ours with its generated twin.
pub trait Wire: Sized {
    /// The twin.
    type Pb: prost::Message + Default;
    /// Ours -> twin.
    fn into_wire(self) -> Self::Pb;
    /// Twin -> ours.
    fn from_wire(pb: Self::Pb) -> Result<Self, Malformed>;
}

fn all_into<T: Wire>(list: Vec<T>) -> Vec<T::Pb> {
    list.into_iter().map(T::into_wire).collect()
}

fn all_from<T: Wire>(field: &'static str, list: Vec<T::Pb>) -> Result<Vec<T>, Malformed> {
    if list.len() > MOST_SERIES {
        return Err(malformed(field, format!("{} entries; at most {MOST_SERIES} are taken", list.len())));
    }
    list.into_iter().map(T::from_wire).collect()
}

fn us(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

fn uuid(field: &'static str, bytes: &[u8]) -> Result<Uuid, Malformed> {
    Uuid::from_slice(bytes).map_err(|_| malformed(field, format!("a uuid has 16 bytes, not {}", bytes.len())))
}

fn hash(bytes: &[u8]) -> Result<BundleHash, Malformed> {
    bytes
        .try_into()
        .map_err(|_| malformed("bundle hash", format!("a hash has 32 bytes, not {}", bytes.len())))
}

/// A name that may stand in tables, files and logs.
fn name(field: &'static str, name: String) -> Result<String, Malformed> {
    match name.len() {
        0 => Err(malformed(field, "empty")),
        n if n > LONGEST_NAME => {
            Err(malformed(field, format!("{n} bytes long; at most {LONGEST_NAME} are taken")))
        }
        _ => Ok(name),
    }
}

impl Wire for Up {
    type Pb = pb::Up;

    fn into_wire(self) -> pb::Up {
        use pb::up::Kind;
        let kind = match self {
            Self::Hello(hello) => Kind::Hello(hello.into_wire()),
            Self::Ready(bundle) => Kind::Ready(pb::Ready { bundle: bundle.to_vec() }),
            Self::Rejected(bundle, faults) => {
                Kind::Rejected(pb::Rejected { bundle: bundle.to_vec(), faults })
            }
            Self::Beat(beat) => Kind::Beat(beat.into_wire()),
            Self::Report(report) => Kind::Report(report.into_wire()),
        };
        pb::Up { kind: Some(kind) }
    }

    fn from_wire(pb: pb::Up) -> Result<Self, Malformed> {
        use pb::up::Kind;
        Ok(match pb.kind.ok_or_else(|| missing("message"))? {
            Kind::Hello(hello) => Self::Hello(Hello::from_wire(hello)?),
            Kind::Ready(ready) => Self::Ready(hash(&ready.bundle)?),
            Kind::Rejected(rejected) => Self::Rejected(hash(&rejected.bundle)?, rejected.faults),
            Kind::Beat(beat) => Self::Beat(Beat::from_wire(beat)?),
            Kind::Report(report) => Self::Report(Report::from_wire(report)?),
        })
    }
}

impl Wire for Down {
    type Pb = pb::Down;

    fn into_wire(self) -> pb::Down {
        use pb::down::Kind;
        let kind = match self {
            Self::Bundle(bundle) => Kind::Bundle(bundle_into(&bundle)),
            Self::Assignment(assignment) => Kind::Assignment(assignment.into_wire()),
            Self::Echo(echo) => Kind::Echo(pb::Echo { sent_us: us(echo.sent), master_us: us(echo.master) }),
            Self::Ack(sequence) => Kind::Ack(pb::Ack { sequence }),
            Self::Dismiss(dismissal, reason) => {
                Kind::Dismiss(pb::Dismiss { dismissal: pb::Dismissal::from(dismissal).into(), reason })
            }
        };
        pb::Down { kind: Some(kind) }
    }

    fn from_wire(pb: pb::Down) -> Result<Self, Malformed> {
        use pb::down::Kind;
        Ok(match pb.kind.ok_or_else(|| missing("message"))? {
            Kind::Bundle(bundle) => Self::Bundle(Arc::new(bundle_from(bundle)?)),
            Kind::Assignment(assignment) => Self::Assignment(Box::new(Assignment::from_wire(assignment)?)),
            Kind::Echo(echo) => Self::Echo(Echo {
                sent: Duration::from_micros(echo.sent_us),
                master: Duration::from_micros(echo.master_us),
            }),
            Kind::Ack(ack) => Self::Ack(ack.sequence),
            Kind::Dismiss(dismiss) => Self::Dismiss(dismissal_from(dismiss.dismissal())?, dismiss.reason),
        })
    }
}

impl From<Dismissal> for pb::Dismissal {
    fn from(dismissal: Dismissal) -> Self {
        match dismissal {
            Dismissal::Over => Self::Over,
            Dismissal::Refused => Self::Refused,
        }
    }
}

fn dismissal_from(pb: pb::Dismissal) -> Result<Dismissal, Malformed> {
    match pb {
        pb::Dismissal::Unspecified => Err(missing("dismissal")),
        pb::Dismissal::Over => Ok(Dismissal::Over),
        pb::Dismissal::Refused => Ok(Dismissal::Refused),
    }
}

fn bundle_into(bundle: &Bundle) -> pb::Bundle {
    let file =
        |(path, content): &(String, Vec<u8>)| pb::BundleFile { path: path.clone(), content: content.clone() };
    pb::Bundle { hash: bundle.hash.to_vec(), files: bundle.files.iter().map(file).collect() }
}

fn bundle_from(pb: pb::Bundle) -> Result<Bundle, Malformed> {
    let told = hash(&pb.hash)?;
    let bundle = Bundle::new(pb.files.into_iter().map(|file| (file.path, file.content)).collect());
    if bundle.hash == told {
        Ok(bundle)
    } else {
        Err(malformed("bundle", "the content is not what its hash names"))
    }
}

impl Wire for Hello {
    type Pb = pb::Hello;

    fn into_wire(self) -> pb::Hello {
        pb::Hello {
            name: self.name,
            incarnation: self.incarnation.as_bytes().to_vec(),
            session: self.session.as_bytes().to_vec(),
            version: self.version,
            protocol_major: self.protocol_major,
            protocol_minor: self.protocol_minor,
            cores: self.cores,
            open_files: self.open_files,
        }
    }

    fn from_wire(pb: pb::Hello) -> Result<Self, Malformed> {
        if !is_worker_name(&pb.name) {
            return Err(malformed(
                "worker name",
                "give 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with a dot",
            ));
        }
        Ok(Self {
            name: pb.name,
            incarnation: uuid("incarnation", &pb.incarnation)?,
            session: uuid("session", &pb.session)?,
            version: name("version", pb.version)?,
            protocol_major: pb.protocol_major,
            protocol_minor: pb.protocol_minor,
            cores: pb.cores,
            open_files: pb.open_files,
        })
    }
}

impl Wire for Beat {
    type Pb = pb::Beat;

    fn into_wire(self) -> pb::Beat {
        pb::Beat {
            sent_us: us(self.sent),
            run: self.run.as_bytes().to_vec(),
            epoch: self.epoch,
            robots: all_into(self.robots),
            lag_us: us(self.lag),
            busy_permille: self.busy_permille,
        }
    }

    fn from_wire(pb: pb::Beat) -> Result<Self, Malformed> {
        Ok(Self {
            sent: Duration::from_micros(pb.sent_us),
            run: uuid("run", &pb.run)?,
            epoch: pb.epoch,
            robots: all_from("robots", pb.robots)?,
            lag: Duration::from_micros(pb.lag_us),
            busy_permille: pb.busy_permille.min(1000),
        })
    }
}

impl Wire for Census {
    type Pb = pb::Census;

    fn into_wire(self) -> pb::Census {
        pb::Census { by_state: RobotState::ALL.map(|state| self.get(state)).to_vec(), class: self.class }
    }

    fn from_wire(pb: pb::Census) -> Result<Self, Malformed> {
        let mut census = Self::of(name("class", pb.class)?);
        RobotState::ALL.into_iter().zip(pb.by_state).for_each(|(state, n)| census.add(state, n));
        Ok(census)
    }
}

impl Wire for Report {
    type Pb = pb::Report;

    fn into_wire(self) -> pb::Report {
        pb::Report {
            run: self.run.as_bytes().to_vec(),
            sequence: self.sequence,
            master_from_us: us(self.from),
            master_to_us: us(self.to),
            robots: all_into(self.robots),
            series: all_into(self.series),
            failures: all_into(self.failures),
            last: self.last,
        }
    }

    fn from_wire(pb: pb::Report) -> Result<Self, Malformed> {
        Ok(Self {
            run: uuid("run", &pb.run)?,
            sequence: pb.sequence,
            from: Duration::from_micros(pb.master_from_us),
            to: Duration::from_micros(pb.master_to_us),
            robots: all_from("robots", pb.robots)?,
            series: all_from("series", pb.series)?,
            failures: all_from("failures", pb.failures)?,
            last: pb.last,
        })
    }
}

impl Wire for SeriesDelta {
    type Pb = pb::SeriesDelta;

    fn into_wire(self) -> pb::SeriesDelta {
        pb::SeriesDelta {
            kind: pb::Kind::from(self.series.kind).into(),
            name: self.series.name,
            ok: Some(self.ok.into_wire()).filter(|pb| !pb.buckets.is_empty()),
            failed: Some(self.failed.into_wire()).filter(|pb| !pb.buckets.is_empty()),
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
        }
    }

    fn from_wire(pb: pb::SeriesDelta) -> Result<Self, Malformed> {
        Ok(Self {
            series: Series { kind: kind_from(pb.kind())?, name: name("series name", pb.name)? },
            ok: Sparse::from_wire(pb.ok.unwrap_or_default())?,
            failed: Sparse::from_wire(pb.failed.unwrap_or_default())?,
            bytes_sent: pb.bytes_sent,
            bytes_received: pb.bytes_received,
        })
    }
}

impl Wire for Sparse {
    type Pb = pb::Sparse;

    fn into_wire(self) -> pb::Sparse {
        pb::Sparse { buckets: self.buckets, sum_us: self.sum_us, min_us: self.min_us, max_us: self.max_us }
    }

    fn from_wire(pb: pb::Sparse) -> Result<Self, Malformed> {
        let sparse = Self { buckets: pb.buckets, sum_us: pb.sum_us, min_us: pb.min_us, max_us: pb.max_us };
        sparse.check().map_err(|e| malformed("series", e))?;
        Ok(sparse)
    }
}

impl Wire for FailureDelta {
    type Pb = pb::FailureDelta;

    fn into_wire(self) -> pb::FailureDelta {
        pb::FailureDelta {
            kind: pb::Kind::from(self.series.kind).into(),
            name: self.series.name,
            class: pb::FailureClass::from(self.class).into(),
            count: self.count,
            master_first_us: us(self.first),
            master_last_us: us(self.last),
            example: self.example,
        }
    }

    fn from_wire(pb: pb::FailureDelta) -> Result<Self, Malformed> {
        if pb.example.len() > LONGEST_EXAMPLE {
            return Err(malformed("failure example", format!("over {LONGEST_EXAMPLE} bytes")));
        }
        Ok(Self {
            series: Series { kind: kind_from(pb.kind())?, name: name("series name", pb.name.clone())? },
            class: failure_class_from(pb.class())?,
            count: pb.count,
            first: Duration::from_micros(pb.master_first_us),
            last: Duration::from_micros(pb.master_last_us),
            example: pb.example,
        })
    }
}

impl From<Kind> for pb::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Connect => Self::Connect,
            Kind::Request => Self::Request,
            Kind::Push => Self::Push,
            Kind::Task => Self::Task,
            Kind::Session => Self::Session,
        }
    }
}

fn kind_from(pb: pb::Kind) -> Result<Kind, Malformed> {
    Ok(match pb {
        pb::Kind::Unspecified => return Err(missing("kind")),
        pb::Kind::Connect => Kind::Connect,
        pb::Kind::Request => Kind::Request,
        pb::Kind::Push => Kind::Push,
        pb::Kind::Task => Kind::Task,
        pb::Kind::Session => Kind::Session,
    })
}

impl From<FailureClass> for pb::FailureClass {
    fn from(class: FailureClass) -> Self {
        match class {
            FailureClass::Timeout => Self::Timeout,
            FailureClass::Closed => Self::Closed,
            FailureClass::Refused => Self::Refused,
            FailureClass::Decode => Self::Decode,
            FailureClass::Protocol => Self::Protocol,
            FailureClass::Task => Self::Task,
        }
    }
}

fn failure_class_from(pb: pb::FailureClass) -> Result<FailureClass, Malformed> {
    Ok(match pb {
        pb::FailureClass::Unspecified => return Err(missing("failure class")),
        pb::FailureClass::Timeout => FailureClass::Timeout,
        pb::FailureClass::Closed => FailureClass::Closed,
        pb::FailureClass::Refused => FailureClass::Refused,
        pb::FailureClass::Decode => FailureClass::Decode,
        pb::FailureClass::Protocol => FailureClass::Protocol,
        pb::FailureClass::Task => FailureClass::Task,
    })
}

impl Wire for Assignment {
    type Pb = pb::Assignment;

    fn into_wire(self) -> pb::Assignment {
        pb::Assignment {
            run: self.run.as_bytes().to_vec(),
            epoch: self.epoch,
            plan: Some(plan_into(&self.plan)),
            slots: self.slots.to_bytes(),
            master_start_us: us(self.start),
        }
    }

    fn from_wire(pb: pb::Assignment) -> Result<Self, Malformed> {
        Ok(Self {
            run: uuid("run", &pb.run)?,
            epoch: pb.epoch,
            plan: Arc::new(plan_from(pb.plan.ok_or_else(|| missing("plan"))?)?),
            slots: SlotSet::from_bytes(&pb.slots)
                .ok_or_else(|| malformed("slots", "not a bitmap of 16384 slots"))?,
            start: Duration::from_micros(pb.master_start_us),
        })
    }
}

fn plan_into(plan: &Plan) -> pb::Plan {
    pb::Plan {
        stages: plan.profile.stages().iter().copied().map(Stage::into_wire).collect(),
        end_us: us(plan.profile.end()),
        classes: plan.classes.list().iter().cloned().map(Class::into_wire).collect(),
        host: plan.host.clone(),
        seed: plan.seed,
        connect_timeout_us: us(plan.timeouts.connect),
        request_timeout_us: us(plan.timeouts.request),
        stop_timeout_us: us(plan.timeouts.stop),
        loss_policy: pb::LossPolicy::from(plan.on_worker_loss).into(),
    }
}

fn plan_from(pb: pb::Plan) -> Result<Plan, Malformed> {
    let on_worker_loss = loss_policy_from(pb.loss_policy())?;
    let profile = Profile::new(all_from("stages", pb.stages)?).map_err(|e| malformed("stages", e))?;
    let plan = Plan {
        profile: profile.cut(Duration::from_micros(pb.end_us)),
        classes: Classes::new(all_from("classes", pb.classes)?).map_err(|e| malformed("classes", e))?,
        host: pb.host,
        seed: pb.seed,
        timeouts: Timeouts {
            connect: Duration::from_micros(pb.connect_timeout_us),
            request: Duration::from_micros(pb.request_timeout_us),
            stop: Duration::from_micros(pb.stop_timeout_us),
        },
        on_worker_loss,
    };
    plan.check().map_err(|e| malformed("plan", e))?;
    Ok(plan)
}

impl Wire for Stage {
    type Pb = pb::Stage;

    fn into_wire(self) -> pb::Stage {
        let edge = match self.edge {
            Edge::Linear => pb::Edge::Linear,
            Edge::Step => pb::Edge::Step,
        };
        pb::Stage { duration_us: us(self.duration), robots: self.robots, edge: edge.into() }
    }

    fn from_wire(pb: pb::Stage) -> Result<Self, Malformed> {
        let edge = match pb.edge() {
            pb::Edge::Unspecified => return Err(missing("edge")),
            pb::Edge::Linear => Edge::Linear,
            pb::Edge::Step => Edge::Step,
        };
        Ok(Self { duration: Duration::from_micros(pb.duration_us), robots: pb.robots, edge })
    }
}

impl Wire for Class {
    type Pb = pb::Class;

    fn into_wire(self) -> pb::Class {
        let share = match self.share {
            Share::Fixed(n) => pb::class::Share::Fixed(n),
            Share::Weight(w) => pb::class::Share::Weight(w.get()),
        };
        pb::Class { name: self.name, share: Some(share), mods: self.mods }
    }

    fn from_wire(pb: pb::Class) -> Result<Self, Malformed> {
        let share = match pb.share.ok_or_else(|| missing("share"))? {
            pb::class::Share::Fixed(n) => Share::Fixed(n),
            pb::class::Share::Weight(w) => {
                Share::Weight(NonZeroU32::new(w).ok_or_else(|| malformed("weight", "0"))?)
            }
        };
        Ok(Self { name: name("class", pb.name)?, share, mods: pb.mods })
    }
}

impl From<LossPolicy> for pb::LossPolicy {
    fn from(policy: LossPolicy) -> Self {
        match policy {
            LossPolicy::Rebalance => Self::Rebalance,
            LossPolicy::Continue => Self::Continue,
            LossPolicy::Fail => Self::Fail,
        }
    }
}

fn loss_policy_from(pb: pb::LossPolicy) -> Result<LossPolicy, Malformed> {
    match pb {
        pb::LossPolicy::Unspecified => Err(missing("loss policy")),
        pb::LossPolicy::Rebalance => Ok(LossPolicy::Rebalance),
        pb::LossPolicy::Continue => Ok(LossPolicy::Continue),
        pb::LossPolicy::Fail => Ok(LossPolicy::Fail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;
    use crate::message::{PROTOCOL_MAJOR, PROTOCOL_MINOR};
    use prost::Message;

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
            series: vec![SeriesDelta { series, ok, failed, bytes_sent: 44, bytes_received: 60 }],
            failures: vec![failure],
            last: true,
        }
    }

    fn plan() -> Plan {
        let class = |name: &str, share| Class { name: name.into(), share, mods: vec!["role".into()] };
        let stage = |seconds, robots, edge| Stage { duration: Duration::from_secs(seconds), robots, edge };
        let stages = vec![stage(10, 100, Edge::Linear), stage(20, 200, Edge::Step)];
        Plan {
            profile: Profile::new(stages).unwrap().cut(Duration::from_secs(25)),
            classes: Classes::new(vec![
                class("a", Share::Fixed(3)),
                class("b", Share::Weight(NonZeroU32::MIN)),
            ])
            .unwrap(),
            host: "ws://127.0.0.1:8765".into(),
            seed: 7,
            timeouts: Timeouts::default(),
            on_worker_loss: LossPolicy::Fail,
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
        for down in [
            Down::Bundle(Arc::new(bundle)),
            Down::Assignment(Box::new(assignment)),
            Down::Echo(echo),
            Down::Ack(7),
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
                spoil(|pb| pb.series[0].ok = Some(pb::Sparse { buckets: vec![1], ..Default::default() })),
                "series: a histogram ends in an index without a count",
            ),
        ];
        for (told, sentence) in table {
            assert_eq!(told, sentence);
        }
    }

    #[test]
    fn a_worker_name_can_stand_in_a_file_name_and_a_terminal() {
        for name in ["", ".", "../x", "a b", "a\nb", "\u{1b}[31m", "ä", &"x".repeat(65)] {
            let pb = pb::Hello { name: name.into(), ..hello().into_wire() };
            assert!(Hello::from_wire(pb).is_err(), "{name:?}");
        }
    }
}
