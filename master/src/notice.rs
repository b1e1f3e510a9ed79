//! What people are told while a run goes on.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use crate::change::Change;
use crate::loss::Loss;
use crate::refusal::Refusal;
use crate::text::seconds;

/// How many workers are named in one line.
const MOST_NAMES: usize = 20;

/// Something that people should know.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Who is there, and how many are awaited.
    Waiting {
        /// How many the run begins with.
        expected: usize,
        /// Those that are ready.
        ready: Vec<String>,
        /// Those that still load the bundle.
        loading: Vec<String>,
    },
    /// The run was dealt.
    Begins {
        /// The most robots that it will have.
        robots: u64,
        /// Whether they arrive and go, one session each.
        open: bool,
        /// Each worker with the robots that it gets.
        shares: Vec<(String, u64)>,
    },
    /// A master that was started again goes on with a run.
    Resumed {
        /// Its name.
        run: Uuid,
        /// Where it stands.
        at: Duration,
        /// How many workers are waited for.
        workers: usize,
    },
    /// The plan can't reach what was asked for.
    ShortRun {
        /// Asked for.
        wanted: u64,
        /// What the time is enough for.
        reached: u64,
    },
    /// A worker came when the run was dealt, and takes an even share.
    Late(String),
    /// A worker's stream broke; it may come back.
    Away(String, String),
    /// A worker does not keep up.
    Strained(String),
    /// A worker was told to stop; others take over its robots.
    Leaves(String, u64),
    /// A worker came back, and goes on with what is its.
    Returned(String),
    /// A worker without robots went.
    Left(String, String),
    /// A worker was sent away.
    Refused(String, Refusal),
    /// A worker went in mid-run.
    Lost(Loss),
    /// The lost worker's robots have new owners.
    Dealt {
        /// To how many.
        workers: usize,
    },
    /// A worker runs something else than it was told, and is told again.
    Stray(String),
    /// A report of another run came, and does not count.
    Foreign(String),
    /// People started it.
    Started(String),
    /// People changed it.
    Changed(Change),
    /// The plan was cut.
    Cut(Duration, String),
    /// The run's time is over; the last reports are awaited.
    Draining,
    /// There are too many series.
    Folded,
    /// A worker told more than is kept of one.
    Overfull(String),
    /// Something kept the run from passing.
    Problem(String),
}

impl Notice {
    /// Whether it is bad news.
    pub fn is_warning(&self) -> bool {
        !matches!(
            self,
            Self::Waiting { .. }
                | Self::Begins { .. }
                | Self::Late(_)
                | Self::Leaves(..)
                | Self::Started(_)
                | Self::Changed(_)
                | Self::Cut(..)
                | Self::Draining
        )
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { expected, ready, loading } => waiting(f, *expected, ready, loading),
            Self::Begins { robots, open, shares } => {
                begins(f, *robots, if *open { "sessions will arrive" } else { "robots" }, shares)
            }
            Self::Resumed { run, at, workers } => {
                write!(f, "run {run} goes on at {}; {workers} workers have 3 s to come back", seconds(*at))
            }
            Self::ShortRun { wanted, reached } => {
                write!(f, "the run ends before its ramp does: {reached} of {wanted} robots will live")
            }
            Self::Late(name) => write!(f, "worker {name} came in mid-run and takes an even share"),
            Self::Away(name, why) => {
                let why = crate::text::clean(why);
                write!(f, "worker {name} is gone ({why}); its robots wait a moment for it to come back")
            }
            Self::Strained(name) => {
                write!(f, "worker {name} does not keep up; it gets no more robots while others have room")
            }
            Self::Leaves(name, robots) => {
                write!(f, "worker {name} leaves; its {robots} robots are handed over")
            }
            Self::Returned(name) => write!(f, "worker {name} came back"),
            Self::Left(name, why) => write!(f, "worker {name} left: {}", crate::text::clean(why)),
            Self::Refused(name, refusal) => write!(f, "refused {}: {refusal}", crate::text::clean(name)),
            Self::Lost(loss) => write!(f, "{loss}"),
            Self::Dealt { workers } => write!(f, "its robots are dealt to {workers} workers"),
            Self::Stray(name) => write!(f, "worker {name} does not run what it was told; it is told again"),
            Self::Foreign(name) => write!(f, "worker {name} reports another run; that does not count"),
            Self::Started(who) => write!(f, "{who} starts a run"),
            Self::Changed(change) => write!(f, "changed at {change}"),
            Self::Cut(at, why) => write!(f, "stopping at {}: {why}", seconds(*at)),
            Self::Draining => write!(f, "the run's time is over; waiting for the last reports"),
            Self::Folded => {
                let most = crate::totals::MOST_SERIES;
                write!(f, "more than {most} series; further ones are counted as `{}`", crate::totals::OTHER)
            }
            Self::Overfull(name) => {
                let (most, other) = (crate::totals::MOST_OF_WORKER >> 20, crate::totals::OTHER);
                write!(
                    f,
                    "worker {name} told more than {most} MiB of series and latencies; further ones are counted as `{other}`"
                )
            }
            Self::Problem(reason) => f.write_str(reason),
        }
    }
}

fn waiting(f: &mut fmt::Formatter<'_>, expected: usize, ready: &[String], loading: &[String]) -> fmt::Result {
    write!(f, "{} of {expected} workers", ready.len())?;
    if !ready.is_empty() {
        write!(f, ": {}", some(ready))?;
    }
    if !loading.is_empty() {
        write!(f, " (loading: {})", some(loading))?;
    }
    Ok(())
}

/// The first few of a fleet.
fn some(names: &[String]) -> String {
    match names.len().checked_sub(MOST_NAMES) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..MOST_NAMES].join(", ")),
    }
}

fn begins(f: &mut fmt::Formatter<'_>, robots: u64, what: &str, shares: &[(String, u64)]) -> fmt::Result {
    let list: Vec<_> = shares.iter().map(|(name, share)| format!("{name} {share}")).collect();
    write!(f, "the run begins: {robots} {what} on {} workers ({})", shares.len(), some(&list))
}
