//! Everything that a run is, as data. The same plan gives each worker, alone, the same arithmetic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::class::{ClassError, Classes};
use crate::profile::Profile;

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
}

impl Plan {
    /// Checks what can only be wrong between the parts.
    ///
    /// # Errors
    /// When the profile wants more robots than the classes' fixed counts give.
    pub fn check(&self) -> Result<(), ClassError> {
        self.classes.cover(self.profile.peak())
    }
}
