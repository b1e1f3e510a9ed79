//! Why a master can't do its work at all. A run that ends badly is no error but a [`Verdict`](crate::verdict::Verdict).

use std::io;

use crate::config::Faults;
use crate::journal::JournalError;
use crate::run::RestoreError;

/// What, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration can't be used.
    #[error(transparent)]
    Config(#[from] Faults),
    /// The port can't be had.
    #[error("--bind {address}: {wrong}")]
    Bind {
        /// The address.
        address: String,
        /// What is wrong, and what to do.
        wrong: String,
    },
    /// The port for people can't be had.
    #[error("--web-port {address}: {wrong}")]
    Web {
        /// The address.
        address: String,
        /// What is wrong, and what to do.
        wrong: String,
    },
    /// The journal can't be used.
    #[error("--journal: {0}")]
    Journal(#[from] JournalError),
    /// What the journal tells can't be gone on with.
    #[error("--journal: {0}")]
    Restore(#[from] RestoreError),
    /// The system refused something that every run needs.
    #[error("{what}: {source}")]
    System {
        /// What it refused.
        what: &'static str,
        /// Its words.
        source: io::Error,
    },
    /// The gRPC server ended by itself.
    #[error("the server for workers ended: {0}")]
    Server(String),
}

impl Error {
    /// What the process ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Bind { .. } | Self::Web { .. } | Self::Journal(_) | Self::Restore(_) => 2,
            Self::System { .. } | Self::Server(_) => 1,
        }
    }
}
