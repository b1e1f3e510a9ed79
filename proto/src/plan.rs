//! Everything that a run is, as data. The same plan gives each worker, alone, the same arithmetic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bounds::{self, LONGEST_TEXT, MOST_ENTRIES, OutOfBounds};
use crate::class::{ClassError, Classes};
use crate::data::DataSet;
use crate::ending::OnEnd;
use crate::network::Network;
use crate::profile::Profile;
use crate::reconnect::Reconnect;
use crate::speech::Speech;
use crate::tags::Tags;

/// The most failing robots whose last messages can be kept.
pub const MOST_KEPT: u32 = 1_000;

/// The longest that robots play on without a master.
pub const LONGEST_HOLD: Duration = Duration::from_secs(600);

/// What becomes of a lost worker's robots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LossPolicy {
    /// The survivors take them over.
    #[default]
    Rebalance,
    /// The run goes on without them.
    Continue,
    /// The run ends as invalid.
    Fail,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening a connection, its handshake included.
    pub connect: Duration,
    /// Waiting for a reply.
    pub request: Duration,
    /// Logging out when a robot retires; then it is dropped.
    pub stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), request: seconds(10), stop: seconds(5) }
    }
}

/// Everything that a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many robots are alive at each moment.
    pub profile: Profile,
    /// What kinds of robots there are.
    pub classes: Classes,
    /// The address that robots begin with, such as `ws://127.0.0.1:8765`.
    pub host: String,
    /// Every random choice of robot `i` comes from this and `i`.
    pub seed: u64,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// What becomes of a lost worker's robots.
    pub on_worker_loss: LossPolicy,
    /// How robots speak where a mod says nothing else.
    pub speech: Speech,
    /// How robots reach the target.
    pub network: Network,
    /// Whether a robot whose session broke tries again.
    pub reconnect: Reconnect,
    /// What becomes of a robot that ends by itself.
    pub on_end: OnEnd,
    /// Which tasks run.
    pub tags: Tags,
    /// Rows that robots take.
    pub data: Vec<DataSet>,
    /// How many failing robots' last messages are kept, at most [`MOST_KEPT`].
    pub keep_failures: u32,
    /// How long robots play on while connects to the master are refused: nobody is there who could deal them again. At most
    /// [`LONGEST_HOLD`].
    pub hold: Duration,
    /// Whether robots begin no task: they live on and keep their connections.
    pub paused: bool,
}

/// Why a plan can't be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Its classes don't go with its profile.
    #[error(transparent)]
    Classes(#[from] ClassError),
    /// A part is too large.
    #[error(transparent)]
    Bounds(#[from] OutOfBounds),
    /// Two data sets of one name.
    #[error("data set `{0}` is there twice; give each its own name")]
    DataTwice(String),
}

impl Plan {
    /// A plan of three parts, and of all others as they are if nothing is said.
    pub fn new(profile: Profile, classes: Classes, host: impl Into<String>) -> Self {
        Self {
            profile,
            classes,
            host: host.into(),
            seed: 0,
            timeouts: Timeouts::default(),
            on_worker_loss: LossPolicy::default(),
            speech: Speech::default(),
            network: Network::default(),
            reconnect: Reconnect::default(),
            on_end: OnEnd::default(),
            tags: Tags::default(),
            data: Vec::new(),
            keep_failures: 0,
            hold: Duration::ZERO,
            paused: false,
        }
    }

    /// Checks what its parts' types still allow, and what can only be wrong between them.
    ///
    /// # Errors
    /// When the profile wants more robots than the classes' fixed counts give, or something is too long or too many.
    pub fn check(&self) -> Result<(), PlanError> {
        self.classes.cover(self.profile.peak())?;
        bounds::text("host", &self.host, LONGEST_TEXT)?;
        self.speech.check()?;
        self.network.check()?;
        self.reconnect.check()?;
        self.tags.check()?;
        self.check_data()?;
        bounds::count("failing robots to keep", self.keep_failures as usize, MOST_KEPT as usize)?;
        Ok(())
    }

    /// The address that robot `robot` begins with.
    pub fn host_of(&self, robot: u64) -> &str {
        self.classes.class_of(robot).and_then(|class| class.host.as_deref()).unwrap_or(&self.host)
    }

    fn check_data(&self) -> Result<(), PlanError> {
        bounds::count("data sets", self.data.len(), MOST_ENTRIES)?;
        for (i, set) in self.data.iter().enumerate() {
            set.check()?;
            if self.data[..i].iter().any(|other| other.name == set.name) {
                return Err(PlanError::DataTwice(set.name.clone()));
            }
        }
        Ok(())
    }
}
