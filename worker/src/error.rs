//! What can go wrong on a robot's connection and between robots, each with its failure class.

use std::time::Duration;

use proto::series::FailureClass;
use proto::talk::Denial;

/// Why a connect or a request failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The connection was never made.
    #[error("{connection}: {url} can't be reached: {reason}")]
    Refused {
        /// The connection's name.
        connection: String,
        /// Where it was to go.
        url: String,
        /// What the system or the peer said.
        reason: String,
    },
    /// No answer in time.
    #[error("{connection}: no {awaited} within {after:?}")]
    Timeout {
        /// The connection's name.
        connection: String,
        /// What did not come.
        awaited: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection ended first.
    #[error("{connection}: closed: {reason}")]
    Closed {
        /// The connection's name.
        connection: String,
        /// Who closed it, and what was said.
        reason: String,
    },
    /// What came could not be read.
    #[error("{connection}: {reason}")]
    Decode {
        /// The connection's name.
        connection: String,
        /// The place in the message and what is wrong there.
        reason: String,
    },
    /// The peer broke the rules of the transport.
    #[error("{connection}: {reason}")]
    Protocol {
        /// The connection's name.
        connection: String,
        /// Which rule.
        reason: String,
    },
    /// The mod sent what can't be sent: no such message, a field of the wrong type.
    #[error("{connection}: {reason}")]
    Usage {
        /// The connection's name.
        connection: String,
        /// The place in the message and what is wrong there.
        reason: String,
    },
    /// The mod asked for a connection that is not there.
    #[error("{connection}: no such connection is open")]
    NoConnection {
        /// The name it asked for.
        connection: String,
    },
    /// Not enough robots came for a group.
    #[error("`{key}`: no group of {size} within {after:?}")]
    Ungathered {
        /// What was to bring them together.
        key: String,
        /// How many they were to be.
        size: u32,
        /// How long it was waited for.
        after: Duration,
    },
    /// Nobody wrote a value on the group's board.
    #[error("`{key}`: not on the group's board within {after:?}")]
    Unwritten {
        /// The value's key.
        key: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// What was asked of other robots is not done.
    #[error("`{about}`: {why}")]
    Denied {
        /// The key or topic.
        about: String,
        /// Why.
        why: Denial,
    },
    /// So much is being said by the worker's robots that this found no room.
    #[error("`{about}`: not said: this worker's robots say more than can be sent")]
    Busy {
        /// The key or topic.
        about: String,
    },
    /// The robot's time was over before those that it waited for came.
    #[error("`{about}`: the robot leaves")]
    Leaving {
        /// The key that it waited for.
        about: String,
    },
    /// The mod asked for what can't be.
    #[error("{about}: {reason}")]
    Misused {
        /// The key, topic or table.
        about: String,
        /// What is wrong.
        reason: String,
    },
    /// A shared table takes no more.
    #[error("table `{table}` is full: {reason}")]
    TableFull {
        /// Its name.
        table: String,
        /// Which bound was reached.
        reason: String,
    },
    /// The code of a mod in Lua gave up, or let a failure through.
    #[error("{told}")]
    Script {
        /// The class of the failure.
        class: FailureClass,
        /// What it said, with file and line, and the calls that led there.
        told: String,
    },
}

impl Error {
    /// The class that the failure counts as.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Refused { .. } => FailureClass::Refused,
            Self::Timeout { .. } | Self::Ungathered { .. } | Self::Unwritten { .. } => FailureClass::Timeout,
            Self::Closed { .. } | Self::Leaving { .. } => FailureClass::Closed,
            Self::Decode { .. } => FailureClass::Decode,
            Self::Protocol { .. } => FailureClass::Protocol,
            Self::Script { class, .. } => *class,
            Self::NoConnection { .. }
            | Self::Usage { .. }
            | Self::Denied { .. }
            | Self::Busy { .. }
            | Self::Misused { .. }
            | Self::TableFull { .. } => FailureClass::Task,
        }
    }
}
