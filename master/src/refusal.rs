//! Why a worker may not take part, as it is told to the worker and to the log.

use proto::message::PROTOCOL_MAJOR;

/// Why a worker is sent away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Releases that can't work together.
    #[error(
        "this worker speaks control protocol {theirs}, the master {PROTOCOL_MAJOR}; use the same release of both"
    )]
    Protocol {
        /// The worker's major.
        theirs: u32,
    },
    /// Two processes of one name.
    #[error("a worker named {0} is already here; give this one a name of its own")]
    NameTaken(String),
    /// It said who it is more than once.
    #[error("a worker says Hello once per stream; this one said it again")]
    SecondHello,
    /// It did not say who it is.
    #[error("a worker says Hello first, within 10 s; this one did not")]
    NoHello,
    /// It sent what is no control message.
    #[error("not understood: {0}")]
    Malformed(String),
    /// It has loaded something else.
    #[error("it is ready for another bundle than it was sent")]
    Bundle,
    /// It can't do what the plan wants.
    #[error("it can't take part: {0}")]
    Unfit(String),
    /// It took too long.
    #[error("it did not load the bundle within 5 min")]
    Loading,
    /// A report is missing.
    #[error("report {got} came where {expected} was next; those between are lost")]
    Gap {
        /// What would have been next.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// A report that can't be true.
    #[error("its report can't be true: {0}")]
    Impossible(String),
    /// It floods the master.
    #[error("more than {0} messages in a second")]
    Flood(u32),
    /// The run is decided.
    #[error("the run is over")]
    Over,
}
