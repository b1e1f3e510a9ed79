//! What robots of a run say to each other over the cluster: their workers ask, the [hub](crate::hub) tells.
//! In order, over the one stream of a worker, in batches of bounded size.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::bounds::{self, OutOfBounds};

/// The most bytes that the key of a gathering or of a board, or a topic, may have.
pub const LONGEST_KEY: usize = 256;

/// The most bytes that a value may have, as JSON.
pub const LARGEST_VALUE: usize = 64 << 10;

/// The most robots that one group may have.
pub const MOST_MEMBERS: u32 = 10_000;

/// The most entries that one message may have.
pub const MOST_IN_BATCH: usize = 1_024;

/// A message is closed once its entries weigh so many bytes; one entry more than that is the most it has.
pub const LARGEST_BATCH: usize = 32 << 10;

/// What a worker asks for its robots. Each robot is named by its number, each gathering of it by a ticket that the worker
/// uses once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A robot waits for a group.
    Gather(Gather),
    /// It waits no more.
    Cancel {
        /// Who waited.
        robot: u64,
        /// For what.
        ticket: u64,
    },
    /// Said again after a reconnect: a robot is in a group, and knows it.
    Hold {
        /// Who.
        robot: u64,
        /// Which group.
        group: u64,
    },
    /// A robot leaves a group.
    Quit {
        /// Who.
        robot: u64,
        /// Which group.
        group: u64,
    },
    /// A robot's session is over: it waits for nothing and is in no group.
    Gone {
        /// Who.
        robot: u64,
    },
    /// A robot tells all that listen to a topic, itself excepted.
    Publish {
        /// Who.
        robot: u64,
        /// The topic.
        topic: Arc<str>,
        /// JSON.
        value: Arc<str>,
    },
    /// Some robot of the worker listens to a topic.
    Subscribe(Arc<str>),
    /// None does any more.
    Unsubscribe(Arc<str>),
    /// A robot writes on its group's board.
    Set {
        /// Who.
        robot: u64,
        /// Which group.
        group: u64,
        /// Where on the board.
        key: Arc<str>,
        /// JSON.
        value: Arc<str>,
    },
}

/// A robot waits for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// Who.
    pub robot: u64,
    /// Names this waiting; said again it is the same one.
    pub ticket: u64,
    /// What those who come together name.
    pub key: Arc<str>,
    /// How many they are: from 1 to [`MOST_MEMBERS`].
    pub size: u32,
    /// How long it waits, from when the hub hears of it.
    pub timeout: Duration,
}

/// What the hub tells a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tell {
    /// A group was formed.
    Formed {
        /// Its number: unique in the run, growing.
        group: u64,
        /// All members, in the order in which they came.
        members: Arc<[u64]>,
        /// Those of this worker, each with its ticket.
        yours: Vec<(u64, u64)>,
    },
    /// Nobody else came in time; the robot is out of the line.
    Expired {
        /// Who waited.
        robot: u64,
        /// For what.
        ticket: u64,
    },
    /// What was asked is not done.
    Denied {
        /// Who asked; 0 if it was the worker itself.
        robot: u64,
        /// The ticket of a gathering; 0 of anything else.
        ticket: u64,
        /// The key or topic.
        about: Arc<str>,
        /// Why.
        why: Denial,
    },
    /// A message on a topic.
    Published {
        /// The topic.
        topic: Arc<str>,
        /// Who said it.
        robot: u64,
        /// JSON.
        value: Arc<str>,
    },
    /// Something was written on a group's board.
    Set {
        /// Which group.
        group: u64,
        /// Where on the board.
        key: Arc<str>,
        /// JSON.
        value: Arc<str>,
    },
    /// A member left its group.
    Left {
        /// Which group.
        group: u64,
        /// Who.
        robot: u64,
    },
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// One key, two sizes.
    #[error("others wait for this key with another size")]
    Size,
    /// One robot, twice in a line.
    #[error("the robot waits for this key already")]
    Twice,
    /// More than is kept.
    #[error("too many at once: waiting robots, groups of a robot, or topics")]
    TooMany,
    /// It is in no such group.
    #[error("the robot is not, or no longer, in this group")]
    NoMember,
    /// More than a board holds.
    #[error("the group's board is full")]
    BoardFull,
    /// A worker of those that should get it is behind.
    #[error("a worker that listens is too far behind; it did not get it")]
    Behind,
    /// The robot is not the worker's.
    #[error("the robot is not this worker's")]
    NotYours,
}

/// Asks of one worker, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asks {
    /// The run whose robots ask.
    pub run: Uuid,
    /// Messages of the hub up to and with this number have reached their robots.
    pub seen: u64,
    /// It still says again what is so, after its stream began; what it has not said when this ends is over.
    pub restating: bool,
    /// What is asked.
    pub list: Vec<Ask>,
}

/// What the hub tells one worker, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tells {
    /// The run.
    pub run: Uuid,
    /// From 1 for each stream; [`Asks::seen`] answers it.
    pub number: u64,
    /// What is told.
    pub list: Vec<Tell>,
}

impl Ask {
    /// The robot that it is for; none if it is the worker itself.
    pub fn robot(&self) -> Option<u64> {
        match self {
            Self::Gather(Gather { robot, .. })
            | Self::Cancel { robot, .. }
            | Self::Hold { robot, .. }
            | Self::Quit { robot, .. }
            | Self::Gone { robot }
            | Self::Publish { robot, .. }
            | Self::Set { robot, .. } => Some(*robot),
            Self::Subscribe(_) | Self::Unsubscribe(_) => None,
        }
    }

    /// The denial of it.
    pub fn denied(&self, why: Denial) -> Option<Tell> {
        let (ticket, about) = match self {
            Self::Gather(gather) => (gather.ticket, &gather.key),
            Self::Publish { topic, .. } => (0, topic),
            Self::Set { key, .. } => (0, key),
            Self::Subscribe(topic) => (0, topic),
            _ => return None,
        };
        Some(Tell::Denied { robot: self.robot().unwrap_or(0), ticket, about: about.clone(), why })
    }

    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        ENTRY
            + match self {
                Self::Gather(gather) => gather.key.len(),
                Self::Publish { topic: key, value, .. } | Self::Set { key, value, .. } => {
                    key.len() + value.len()
                }
                Self::Subscribe(topic) | Self::Unsubscribe(topic) => topic.len(),
                Self::Cancel { .. } | Self::Hold { .. } | Self::Quit { .. } | Self::Gone { .. } => 0,
            }
    }

    /// # Errors
    /// What is out of bounds.
    pub fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Gather(gather) => {
                key("key", &gather.key)?;
                size(gather.size)
            }
            Self::Publish { topic, value: json, .. } => {
                key("topic", topic).and_then(|()| value("message", json))
            }
            Self::Set { key: place, value: json, .. } => {
                key("key", place).and_then(|()| value("value", json))
            }
            Self::Subscribe(topic) | Self::Unsubscribe(topic) => key("topic", topic),
            Self::Cancel { .. } | Self::Hold { .. } | Self::Quit { .. } | Self::Gone { .. } => Ok(()),
        }
    }
}

impl Tell {
    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        ENTRY
            + match self {
                Self::Formed { members, yours, .. } => 8 * members.len() + 16 * yours.len(),
                Self::Published { topic: key, value, .. } | Self::Set { key, value, .. } => {
                    key.len() + value.len()
                }
                Self::Denied { about, .. } => about.len(),
                Self::Expired { .. } | Self::Left { .. } => 0,
            }
    }

    /// About how many bytes it holds that nobody else does: members and values are shared.
    pub(crate) fn own(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Formed { yours, .. } => 16 * yours.len(),
                Self::Denied { about, .. } => about.len(),
                _ => 0,
            }
    }

    /// # Errors
    /// What is out of bounds.
    pub fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Formed { members, yours, .. } => {
                bounds::count("members", members.len(), MOST_MEMBERS as usize)?;
                bounds::count("members here", yours.len(), members.len())
            }
            Self::Published { topic, value: json, .. } => {
                key("topic", topic).and_then(|()| value("message", json))
            }
            Self::Set { key: place, value: json, .. } => {
                key("key", place).and_then(|()| value("value", json))
            }
            Self::Denied { about, .. } => key("key", about),
            Self::Expired { .. } | Self::Left { .. } => Ok(()),
        }
    }
}

/// What an entry weighs beside its texts.
const ENTRY: usize = 48;

/// The name that a key or topic is counted under: `match:17` and `match/17` are `match`.
///
/// ```
/// assert_eq!(proto::talk::counted_as("match:17"), "match");
/// assert_eq!(proto::talk::counted_as("guild/7/war"), "guild");
/// assert_eq!(proto::talk::counted_as("party"), "party");
/// ```
pub fn counted_as(key: &str) -> &str {
    let short = key.split([':', '/']).next().unwrap_or(key);
    if short.is_empty() { key } else { short }
}

fn key(what: &str, key: &str) -> Result<(), OutOfBounds> {
    bounds::text(what, key, LONGEST_KEY)
}

fn value(what: impl Display, json: &str) -> Result<(), OutOfBounds> {
    bounds::text(&what.to_string(), json, LARGEST_VALUE)
}

fn size(size: u32) -> Result<(), OutOfBounds> {
    if (1..=MOST_MEMBERS).contains(&size) {
        return Ok(());
    }
    Err(OutOfBounds::new("size", format!("{size} robots; give 1 to {MOST_MEMBERS}")))
}
