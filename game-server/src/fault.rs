//! What a peer can do wrong. Each fault ends that peer's connection: it is counted by kind, logged with its reason,
//! and told to the peer in the close frame.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The longest name of a peer's that a log line repeats.
const SHOWN_NAME: usize = 64;

/// The kinds of faults, as totals count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Handshake,
    HandshakeTimeout,
    WebSocket,
    TextFrame,
    Oversized,
    Malformed,
    UnknownMessage,
    OutOfTurn,
    NeverReads,
}

impl FaultKind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Handshake,
        Self::HandshakeTimeout,
        Self::WebSocket,
        Self::TextFrame,
        Self::Oversized,
        Self::Malformed,
        Self::UnknownMessage,
        Self::OutOfTurn,
        Self::NeverReads,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::WebSocket => "websocket",
            Self::TextFrame => "text_frame",
            Self::Oversized => "oversized",
            Self::Malformed => "malformed",
            Self::UnknownMessage => "unknown_message",
            Self::OutOfTurn => "out_of_turn",
            Self::NeverReads => "never_reads",
        }
    }
}

/// One fault, with what a log line says of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("no WebSocket handshake: {0}")]
    Handshake(String),
    #[error("no handshake within {0:?}")]
    HandshakeTimeout(Duration),
    #[error("broke the WebSocket protocol: {0}")]
    WebSocket(String),
    #[error("sent a text frame; messages travel in binary frames")]
    TextFrame,
    #[error("sent {size} bytes in one message; the limit is {limit} (--max-frame)")]
    Oversized { size: usize, limit: usize },
    #[error("sent bytes that are no message: {0}")]
    Malformed(#[from] sproto::Error),
    #[error("sent a message without {0}")]
    Missing(&'static str),
    #[error("sent `{0}`, which is no request of the role protocol")]
    UnknownMessage(String),
    #[error("sent {request} {why}")]
    OutOfTurn { request: &'static str, why: &'static str },
    #[error("read nothing for {0:?} while an answer waited")]
    NeverReads(Duration),
}

impl Fault {
    pub(crate) fn kind(&self) -> FaultKind {
        match self {
            Self::Handshake(_) => FaultKind::Handshake,
            Self::HandshakeTimeout(_) => FaultKind::HandshakeTimeout,
            Self::WebSocket(_) => FaultKind::WebSocket,
            Self::TextFrame => FaultKind::TextFrame,
            Self::Oversized { .. } => FaultKind::Oversized,
            Self::Malformed(_) | Self::Missing(_) => FaultKind::Malformed,
            Self::UnknownMessage(_) => FaultKind::UnknownMessage,
            Self::OutOfTurn { .. } => FaultKind::OutOfTurn,
            Self::NeverReads(_) => FaultKind::NeverReads,
        }
    }

    /// A message name as a peer sent it: cut, and harmless to a terminal.
    pub(crate) fn unknown_message(name: &str) -> Self {
        Self::UnknownMessage(name.chars().take(SHOWN_NAME).flat_map(char::escape_debug).collect())
    }

    pub(crate) fn close_code(&self) -> CloseCode {
        match self.kind() {
            FaultKind::TextFrame => CloseCode::Unsupported,
            FaultKind::Oversized => CloseCode::Size,
            FaultKind::WebSocket => CloseCode::Protocol,
            FaultKind::Malformed => CloseCode::Invalid,
            _ => CloseCode::Policy,
        }
    }

    /// The fault behind a read error; none if the peer or the network is simply gone.
    pub(crate) fn of_read(error: WsError) -> Option<Self> {
        match error {
            WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                Some(Self::Oversized { size, limit: max_size })
            }
            WsError::Io(_)
            | WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            other => Some(Self::WebSocket(other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_cut_and_escaped() {
        let fault = Fault::unknown_message(&format!("\u{1b}[2J\n{}", "x".repeat(1_000_000)));
        let said = fault.to_string();
        assert!(said.starts_with(r"sent `\u{1b}[2J\nxxx"), "{said}");
        assert!(said.len() < 150, "{said}");
    }

    #[test]
    fn a_peer_that_is_gone_did_nothing_wrong() {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert!(Fault::of_read(WsError::Io(reset)).is_none());
        assert!(Fault::of_read(WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake)).is_none());
    }
}
