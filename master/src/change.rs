//! What people ask of a run while it goes on, and what came of it, as the run's timeline tells it.

use std::fmt;
use std::time::Duration;

use proto::command::WHOLE;
use serde::{Deserialize, Serialize};

use crate::start::Start;
use crate::text::seconds;

/// The most changes that a run takes; an end is always taken.
pub const MOST_CHANGES: usize = 1_000;

/// The most of them in any second, so that no worker is sent more than it can read: one that does not keep up is lost.
pub const MOST_CHANGES_A_SECOND: usize = 10;

/// What somebody asks of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Wish {
    /// A run, where none goes on.
    Start(Start),
    /// From here on so many robots.
    Users {
        /// How many.
        users: u64,
        /// How many are born or retired per second; none is as many as the plan began with.
        rate: Option<f64>,
    },
    /// From here on so many sessions begin per second.
    Arrivals {
        /// How many.
        rate: f64,
    },
    /// No robot begins a task.
    Pause,
    /// They begin tasks again.
    Resume,
    /// An end: the first time cleanly, the second time at once.
    Stop,
    /// Robots are to do something.
    Command {
        /// What mods know it by.
        name: String,
        /// Which share of the robots, in thousandths.
        share_permille: u32,
        /// What goes with it, as JSON.
        args: String,
    },
}

/// One thing that people did to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When, from the start of the run.
    pub at: Duration,
    /// The number of the plan that holds from here on.
    pub revision: u64,
    /// What. Of a command only the begin of what goes with it.
    pub what: Wish,
    /// Who asked.
    pub who: String,
}

/// What came of a wish that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The run.
    pub run: String,
    /// The number of the plan that holds now.
    pub revision: u64,
    /// What happens now, for people.
    pub told: String,
}

/// Why a wish was not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// The run does not stand where it can be done.
    #[error("{0}")]
    Now(String),
    /// It can never be done.
    #[error("{0}")]
    Never(String),
}

impl Declined {
    /// It can never be done, as something else says.
    pub(crate) fn never(why: impl fmt::Display) -> Self {
        Self::Never(why.to_string())
    }
}

impl Wish {
    /// As it is remembered and told: a command may bring much.
    pub(crate) fn brief(self) -> Self {
        match self {
            Self::Command { name, share_permille, args } => {
                Self::Command { name, share_permille, args: crate::text::fit(&args, 200) }
            }
            other => other,
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(_) => write!(f, "a run"),
            Self::Users { users, rate: Some(rate) } => write!(f, "{users} robots at {rate} per second"),
            Self::Users { users, rate: None } => write!(f, "{users} robots"),
            Self::Arrivals { rate } => write!(f, "{rate} sessions begin per second"),
            Self::Pause => write!(f, "paused: no task begins"),
            Self::Resume => write!(f, "resumed: tasks begin again"),
            Self::Stop => write!(f, "stopped"),
            Self::Command { name, share_permille, args } => command(f, name, *share_permille, args),
        }
    }
}

fn command(f: &mut fmt::Formatter<'_>, name: &str, share_permille: u32, args: &str) -> fmt::Result {
    write!(f, "command {}", crate::text::fit(name, 60))?;
    if share_permille < WHOLE {
        write!(f, " to {} % of the robots", f64::from(share_permille) / 10.0)?;
    }
    if args == "null" { Ok(()) } else { write!(f, " with {}", crate::text::fit(args, 60)) }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", seconds(self.at), self.what, self.who)
    }
}
