//! What can go wrong on a robot's connection, each with its failure class.

use std::time::Duration;

use proto::series::FailureClass;

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
}

impl Error {
    /// The class that the failure counts as.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Refused { .. } => FailureClass::Refused,
            Self::Timeout { .. } => FailureClass::Timeout,
            Self::Closed { .. } => FailureClass::Closed,
            Self::Decode { .. } => FailureClass::Decode,
            Self::Protocol { .. } => FailureClass::Protocol,
            Self::NoConnection { .. } | Self::Usage { .. } => FailureClass::Task,
        }
    }
}
