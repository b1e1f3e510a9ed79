//! What is measured: a series is one (kind, name), such as (request, EchoRequest).

use serde::Serialize;

/// The most bytes that the name of a series, class or worker may have.
pub const LONGEST_NAME: usize = 256;

/// What sort of thing a series measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Opening a connection, all handshakes included.
    Connect,
    /// The TLS handshake of a connection.
    Tls,
    /// From when a robot begins to connect until its tasks begin.
    Login,
    /// A message sent -> its reply.
    Request,
    /// A message that came unasked; counted by name. Timed if its mod says which moment it tells of.
    Push,
    /// One run of a task.
    Task,
    /// Waiting for other robots, off the timed path.
    Wait,
    /// From when a robot begins to connect until it has said goodbye.
    Session,
    /// What a mod counts and times by itself.
    Custom,
}

impl Kind {
    /// All kinds, in the order of a robot's life.
    pub const ALL: [Self; 9] = [
        Self::Connect,
        Self::Tls,
        Self::Login,
        Self::Request,
        Self::Push,
        Self::Task,
        Self::Wait,
        Self::Session,
        Self::Custom,
    ];

    /// Its name, as tables and files show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Request => "request",
            Self::Push => "push",
            Self::Task => "task",
            Self::Wait => "wait",
            Self::Session => "session",
            Self::Custom => "custom",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The identity of a series.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Series {
    /// What sort of thing.
    pub kind: Kind,
    /// Which one: a connection's, message's or task's name.
    pub name: String,
}

impl Series {
    /// A series by kind and name.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

/// Why something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// No answer in time.
    Timeout,
    /// The connection ended before the answer.
    Closed,
    /// The connection was never made.
    Refused,
    /// The answer could not be read.
    Decode,
    /// The peer broke the rules of the transport or dialect.
    Protocol,
    /// The mod's own code gave up.
    Task,
}

impl FailureClass {
    /// Its name, as tables and files show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::Decode => "decode",
            Self::Protocol => "protocol",
            Self::Task => "task error",
        }
    }
}

impl std::fmt::Display for FailureClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where in its life a robot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotState {
    /// It has no connection yet, or none any more.
    Connecting,
    /// It is connected and its mods log it in.
    LoggingIn,
    /// It is in, and waits for its mods to let its tasks begin.
    Ready,
    /// Its tasks run.
    Playing,
    /// Retired: logging out and closing.
    Leaving,
}

impl RobotState {
    /// All states, in the order of a robot's life.
    pub const ALL: [Self; 5] = [Self::Connecting, Self::LoggingIn, Self::Ready, Self::Playing, Self::Leaving];

    /// Its name, as tables and files show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::LoggingIn => "logging in",
            Self::Ready => "ready",
            Self::Playing => "playing",
            Self::Leaving => "leaving",
        }
    }
}

impl std::fmt::Display for RobotState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
