//! Plans and what they hold, to and from the wire. Bounds are checked by [`Plan::check`] and its parts, in one place.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Malformed, Wire, all_from, all_into, malformed, missing, us};
use crate::arrivals::{Arrivals, Flow, Rate, RateStage};
use crate::class::{Class, Classes, Share, TaskChoice};
use crate::data::{DataPolicy, DataSet};
use crate::ending::OnEnd;
use crate::network::Network;
use crate::pb;
use crate::plan::{LONGEST_HOLD, LossPolicy, Plan, Timeouts};
use crate::profile::{Edge, Profile, ProfileError, Stage};
use crate::reconnect::Reconnect;
use crate::speech::{Dialect, Envelope, Speech};
use crate::tags::Tags;

impl Wire for Plan {
    type Pb = pb::Plan;

    fn into_wire(self) -> pb::Plan {
        pb::Plan {
            stages: self.profile.stages().iter().copied().map(Stage::into_wire).collect(),
            arrivals: self.profile.flow().map(arrivals_into),
            classes: self.classes.list().iter().cloned().map(Class::into_wire).collect(),
            host: self.host,
            seed: self.seed,
            connect_timeout_us: us(self.timeouts.connect),
            request_timeout_us: us(self.timeouts.request),
            stop_timeout_us: us(self.timeouts.stop),
            loss_policy: pb::LossPolicy::from(self.on_worker_loss).into(),
            speech: Some(self.speech.into_wire()),
            network: Some(self.network.into_wire()),
            reconnect: reconnect_into(self.reconnect),
            on_end: pb::OnEnd::from(self.on_end).into(),
            tags: self.tags.only,
            exclude_tags: self.tags.without,
            data: all_into(self.data),
            keep_failures: self.keep_failures,
            hold_us: us(self.hold),
            paused: self.paused,
        }
    }

    fn from_wire(pb: pb::Plan) -> Result<Self, Malformed> {
        let (on_worker_loss, on_end) = (loss_policy_from(pb.loss_policy())?, on_end_from(pb.on_end())?);
        let plan = Self {
            profile: profile_from(pb.stages, pb.arrivals)?,
            classes: Classes::new(all_from("classes", pb.classes)?).map_err(|e| malformed("classes", e))?,
            host: pb.host,
            seed: pb.seed,
            timeouts: Timeouts {
                connect: Duration::from_micros(pb.connect_timeout_us),
                request: Duration::from_micros(pb.request_timeout_us),
                stop: Duration::from_micros(pb.stop_timeout_us),
            },
            on_worker_loss,
            speech: Speech::from_wire(pb.speech.ok_or_else(|| missing("speech"))?)?,
            network: Network::from_wire(pb.network.ok_or_else(|| missing("network"))?)?,
            reconnect: reconnect_from(pb.reconnect),
            on_end,
            tags: Tags { only: pb.tags, without: pb.exclude_tags },
            data: all_from("data", pb.data)?,
            keep_failures: pb.keep_failures,
            hold: Duration::from_micros(pb.hold_us).min(LONGEST_HOLD),
            paused: pb.paused,
        };
        plan.check().map_err(|e| malformed("plan", e))?;
        Ok(plan)
    }
}

fn arrivals_into(flow: &Flow) -> pb::Arrivals {
    let spacing = match flow.model() {
        Arrivals::Constant => pb::Spacing::Constant,
        Arrivals::Poisson => pb::Spacing::Poisson,
    };
    pb::Arrivals { spacing: spacing.into(), seed: flow.seed(), stages: all_into(flow.stages().to_vec()) }
}

fn profile_from(stages: Vec<pb::Stage>, arrivals: Option<pb::Arrivals>) -> Result<Profile, Malformed> {
    let Some(arrivals) = arrivals else {
        return Profile::new(all_from("stages", stages)?).map_err(|e| malformed("stages", e));
    };
    if !stages.is_empty() {
        return Err(malformed("arrivals", "there are stages too; a profile has either"));
    }
    let model = match arrivals.spacing() {
        pb::Spacing::Unspecified => return Err(missing("spacing")),
        pb::Spacing::Constant => Arrivals::Constant,
        pb::Spacing::Poisson => Arrivals::Poisson,
    };
    Profile::open(all_from("arrivals", arrivals.stages)?, model, arrivals.seed)
        .map_err(|e| malformed("arrivals", e))
}

impl Wire for Stage {
    type Pb = pb::Stage;

    fn into_wire(self) -> pb::Stage {
        pb::Stage {
            duration_us: us(self.duration),
            robots: self.robots,
            edge: pb::Edge::from(self.edge).into(),
            cut_us: self.cut.map(us),
        }
    }

    fn from_wire(pb: pb::Stage) -> Result<Self, Malformed> {
        Ok(Self {
            duration: Duration::from_micros(pb.duration_us),
            robots: pb.robots,
            edge: edge_from(pb.edge())?,
            cut: pb.cut_us.map(Duration::from_micros),
        })
    }
}

impl Wire for RateStage {
    type Pb = pb::RateStage;

    fn into_wire(self) -> pb::RateStage {
        pb::RateStage {
            duration_us: us(self.duration),
            per_second: self.rate.per_second(),
            edge: pb::Edge::from(self.edge).into(),
            cut_us: self.cut.map(us),
        }
    }

    fn from_wire(pb: pb::RateStage) -> Result<Self, Malformed> {
        let impossible = || malformed("rate", ProfileError::ArrivalRate(pb.per_second));
        Ok(Self {
            duration: Duration::from_micros(pb.duration_us),
            rate: Rate::new(pb.per_second).ok_or_else(impossible)?,
            edge: edge_from(pb.edge())?,
            cut: pb.cut_us.map(Duration::from_micros),
        })
    }
}

impl From<Edge> for pb::Edge {
    fn from(edge: Edge) -> Self {
        match edge {
            Edge::Linear => Self::Linear,
            Edge::Step => Self::Step,
        }
    }
}

fn edge_from(pb: pb::Edge) -> Result<Edge, Malformed> {
    match pb {
        pb::Edge::Unspecified => Err(missing("edge")),
        pb::Edge::Linear => Ok(Edge::Linear),
        pb::Edge::Step => Ok(Edge::Step),
    }
}

impl Wire for Class {
    type Pb = pb::Class;

    fn into_wire(self) -> pb::Class {
        let share = match self.share {
            Share::Fixed(n) => pb::class::Share::Fixed(n),
            Share::Weight(w) => pb::class::Share::Weight(w.get()),
        };
        pb::Class {
            name: self.name,
            share: Some(share),
            mods: self.mods,
            tasks: all_into(self.tasks),
            host: self.host,
        }
    }

    fn from_wire(pb: pb::Class) -> Result<Self, Malformed> {
        let share = match pb.share.ok_or_else(|| missing("share"))? {
            pb::class::Share::Fixed(n) => Share::Fixed(n),
            pb::class::Share::Weight(w) => {
                Share::Weight(NonZeroU32::new(w).ok_or_else(|| malformed("weight", "0"))?)
            }
        };
        let tasks = all_from("tasks", pb.tasks)?;
        Ok(Self { name: pb.name, share, mods: pb.mods, tasks, host: pb.host })
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

impl Wire for TaskChoice {
    type Pb = pb::TaskChoice;

    fn into_wire(self) -> pb::TaskChoice {
        pb::TaskChoice { name: self.name, weight: self.weight }
    }

    fn from_wire(pb: pb::TaskChoice) -> Result<Self, Malformed> {
        Ok(Self { name: pb.name, weight: pb.weight })
    }
}

impl Wire for Speech {
    type Pb = pb::Speech;

    fn into_wire(self) -> pb::Speech {
        let dialect = match self.dialect {
            Dialect::Msg => pb::Dialect::Msg,
            Dialect::Rpc => pb::Dialect::Rpc,
        };
        pb::Speech {
            dialect: dialect.into(),
            envelope_type: self.envelope.type_name,
            envelope_name: self.envelope.name_field,
            envelope_body: self.envelope.body_field,
            package: self.package,
            packed: self.packed,
            replies: self.replies.into_iter().collect(),
        }
    }

    fn from_wire(pb: pb::Speech) -> Result<Self, Malformed> {
        let dialect = match pb.dialect() {
            pb::Dialect::Unspecified => return Err(missing("dialect")),
            pb::Dialect::Msg => Dialect::Msg,
            pb::Dialect::Rpc => Dialect::Rpc,
        };
        let envelope = Envelope {
            type_name: pb.envelope_type,
            name_field: pb.envelope_name,
            body_field: pb.envelope_body,
        };
        let replies = pb.replies.into_iter().collect();
        Ok(Self { dialect, envelope, package: pb.package, packed: pb.packed, replies })
    }
}

impl Wire for Network {
    type Pb = pb::Network;

    fn into_wire(self) -> pb::Network {
        let header = |(name, value)| pb::Header { name, value };
        pb::Network {
            source_ips: self.source_ips.iter().map(ToString::to_string).collect(),
            ca: self.ca,
            insecure: self.insecure,
            headers: self.headers.into_iter().map(header).collect(),
            subprotocol: self.subprotocol,
        }
    }

    fn from_wire(pb: pb::Network) -> Result<Self, Malformed> {
        let address = |text: &String| {
            text.parse().map_err(|_| malformed("source address", format!("`{}`", text.escape_debug())))
        };
        Ok(Self {
            source_ips: pb.source_ips.iter().map(address).collect::<Result<_, _>>()?,
            ca: pb.ca,
            insecure: pb.insecure,
            headers: pb.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            subprotocol: pb.subprotocol,
        })
    }
}

fn reconnect_into(reconnect: Reconnect) -> Option<pb::Reconnect> {
    match reconnect {
        Reconnect::Off => None,
        Reconnect::Backoff { first, most } => Some(pb::Reconnect { first_us: us(first), most_us: us(most) }),
    }
}

fn reconnect_from(pb: Option<pb::Reconnect>) -> Reconnect {
    pb.map_or(Reconnect::Off, |pb| Reconnect::Backoff {
        first: Duration::from_micros(pb.first_us),
        most: Duration::from_micros(pb.most_us),
    })
}

impl From<OnEnd> for pb::OnEnd {
    fn from(on_end: OnEnd) -> Self {
        match on_end {
            OnEnd::Replace => Self::Replace,
            OnEnd::Leave => Self::Leave,
        }
    }
}

fn on_end_from(pb: pb::OnEnd) -> Result<OnEnd, Malformed> {
    match pb {
        pb::OnEnd::Unspecified => Err(missing("on end")),
        pb::OnEnd::Replace => Ok(OnEnd::Replace),
        pb::OnEnd::Leave => Ok(OnEnd::Leave),
    }
}

impl Wire for DataSet {
    type Pb = pb::DataSet;

    fn into_wire(self) -> pb::DataSet {
        let policy = match self.policy {
            DataPolicy::Cycle => pb::DataPolicy::Cycle,
            DataPolicy::Unique => pb::DataPolicy::Unique,
        };
        pb::DataSet { name: self.name, path: self.path, policy: policy.into() }
    }

    fn from_wire(pb: pb::DataSet) -> Result<Self, Malformed> {
        let policy = match pb.policy() {
            pb::DataPolicy::Unspecified => return Err(missing("data policy")),
            pb::DataPolicy::Cycle => DataPolicy::Cycle,
            pb::DataPolicy::Unique => DataPolicy::Unique,
        };
        Ok(Self { name: pb.name, path: pb.path, policy })
    }
}
