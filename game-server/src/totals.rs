//! What a server counted, exactly, from its start to the moment of asking; one line of JSON.

use std::collections::BTreeMap;

use serde::Serialize;

/// A server's counts. Names are those of messages, services and kinds of errors; all are there, also at 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Connections accepted, by service.
    pub connections: BTreeMap<&'static str, u64>,
    /// Connections that are open now.
    pub live_connections: u64,
    /// The most connections that were open at once.
    pub peak_connections: u64,
    /// Connections that ended without a close frame from the peer.
    pub dropped_connections: u64,
    /// Times that the system refused to hand over a connection.
    pub accept_errors: u64,
    /// Logins answered.
    pub logins: u64,
    /// Players who are in now.
    pub live_sessions: u64,
    /// The most players who were in at once.
    pub peak_sessions: u64,
    /// Messages read, by name.
    pub messages_in: BTreeMap<&'static str, u64>,
    /// Messages written, by name.
    pub messages_out: BTreeMap<&'static str, u64>,
    /// Requests answered, by name.
    pub requests: BTreeMap<&'static str, u64>,
    /// Requests that were read but could not be answered, for the peer had gone.
    pub unanswered: BTreeMap<&'static str, u64>,
    /// Connections closed for what the peer did, by kind.
    pub protocol_errors: BTreeMap<&'static str, u64>,
}
