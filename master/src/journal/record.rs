//! One thing that happened to a run and must not be forgotten.

use std::sync::Arc;
use std::time::Duration;

use proto::message::BundleHash;
use proto::plan::Plan;
use proto::report::Report;
use proto::slots::{Deal, SlotSet};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::change::Change;
use crate::clock::Mark;
use crate::fleet::WorkerId;
use crate::loss::Loss;
use crate::verdict::Problem;

/// One thing that happened to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// How the master's clock goes: with the first, and again each time a master is started.
    Mark(Mark),
    /// It began.
    Began {
        /// Its name.
        run: Uuid,
        /// The files of its robots.
        bundle: BundleHash,
        /// When it starts, on the master's clock.
        start: Duration,
    },
    /// What it is from here on.
    Plan(#[serde(with = "plan")] Arc<Plan>),
    /// A worker takes part.
    Member {
        /// How it is called in further records.
        id: WorkerId,
        /// Its name.
        name: String,
        /// Its process.
        incarnation: Uuid,
    },
    /// The slots have other owners.
    Dealt(Dealing),
    /// A worker is to run this, and may from here on.
    Order {
        /// Which worker.
        id: WorkerId,
        /// Its number.
        epoch: u64,
        /// What it may run.
        #[serde(with = "slots")]
        slots: SlotSet,
    },
    /// A worker runs nothing outside its last order.
    Settled(WorkerId),
    /// A worker runs nothing any more.
    Released(WorkerId),
    /// A report was merged.
    Merged {
        /// Whose.
        id: WorkerId,
        /// What it says.
        #[serde(with = "report")]
        report: Arc<Report>,
    },
    /// The next second is complete.
    Closed,
    /// A worker was lost.
    Lost {
        /// Which.
        id: WorkerId,
        /// What that cost.
        loss: Loss,
    },
    /// Something keeps the run from passing.
    Problem(Problem),
    /// It was stopped before its time: when, and why.
    Stopped(Duration, String),
    /// The plan is over, so long after the start.
    Ended(Duration),
    /// There is a verdict.
    Over,
    /// People changed it.
    Changed(Change),
    /// People started it, and it begins when its workers are there.
    Started {
        /// Its name.
        run: Uuid,
        /// The files of its robots.
        bundle: BundleHash,
        /// What it is to be.
        #[serde(with = "plan")]
        plan: Arc<Plan>,
    },
}

/// How slots change owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dealing {
    /// In stripes, to all of these.
    Stripes(Vec<WorkerId>),
    /// One more takes an even share.
    Join(WorkerId),
    /// One has none any more; these take them over.
    Lose(WorkerId, Vec<WorkerId>),
    /// One gives away those from this slot on; these take them over.
    Relieve(WorkerId, u16, Vec<WorkerId>),
}

impl Dealing {
    /// Does so.
    pub(crate) fn apply(&self, deal: &mut Deal<WorkerId>) {
        match self {
            Self::Stripes(owners) => *deal = Deal::stripes(owners.iter().copied()),
            Self::Join(owner) => deal.join(*owner),
            Self::Lose(owner, takers) => deal.lose_to(*owner, takers),
            Self::Relieve(owner, from, takers) => deal.give(*owner, *from, takers),
        }
    }
}

/// What has a form on the wire is kept in that form.
macro_rules! as_bytes {
    ($module:ident, $type:ty, $read:expr) => {
        mod $module {
            use super::*;
            use serde::de::Error;
            use serde::{Deserializer, Serializer};

            pub(super) fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                value.to_bytes().serialize(serializer)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let bytes = Vec::<u8>::deserialize(deserializer)?;
                let read: fn(&[u8]) -> Result<$type, String> = $read;
                read(&bytes).map_err(D::Error::custom)
            }
        }
    };
}

as_bytes!(plan, Arc<Plan>, |bytes| Plan::from_bytes(bytes).map(Arc::new));
as_bytes!(report, Arc<Report>, |bytes| Report::from_bytes(bytes).map(Arc::new));
as_bytes!(slots, SlotSet, |bytes| SlotSet::from_bytes(bytes).ok_or_else(|| "not a set of slots".into()));
