//! What keeps a server from starting; each variant says what to do about it.

use std::net::SocketAddr;

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Options that contradict each other or say nothing useful.
    #[error("{0}")]
    Options(String),
    /// Another process has the port.
    #[error("{address} is in use: stop what listens there, or choose another port with {option}")]
    PortInUse {
        /// Where to listen was tried.
        address: SocketAddr,
        /// The option that names the port.
        option: &'static str,
    },
    /// The system refuses the address.
    #[error("can't listen on {address}: {source}; choose another with --bind or {option}")]
    Listen {
        /// Where to listen was tried.
        address: SocketAddr,
        /// The option that names the port.
        option: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Schema files that can't be read or don't hold together.
    #[error("--schema: {0}")]
    Schema(#[from] sproto::Error),
    /// Schema files that say something else than the role protocol.
    #[error(
        "--schema {directory}: {faults}; take the types of the role protocol as they are, or leave --schema out"
    )]
    OtherProtocol {
        /// The directory that was read.
        directory: String,
        /// What differs, type by type.
        faults: String,
    },
}
