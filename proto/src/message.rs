//! What master and worker say to each other. Up is what is so; down is what shall be so, whole, or an answer.
//! Times on the master's clock are durations since its start; they are the time line of the run.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::command::Command;
use crate::plan::Plan;
use crate::report::{Census, Report};
use crate::shipping::Part;
use crate::slots::SlotSet;
use crate::talk::{Asks, Tells};

/// Peers of another major can't work together.
pub const PROTOCOL_MAJOR: u32 = 1;

/// Peers of another minor can: what one does not know it ignores.
pub const PROTOCOL_MINOR: u32 = 0;

/// How often a worker says what it runs.
pub const BEAT_EVERY: Duration = Duration::from_millis(500);

/// How often a worker reports what it measured.
pub const REPORT_EVERY: Duration = Duration::from_secs(1);

/// For how long after it sent a beat that the master echoed a worker may run robots. Then it drops them by itself.
pub const LEASE: Duration = Duration::from_millis(2_750);

/// A worker that was not heard of for so long is dead. Longer than its lease, so that its robots are gone by then.
pub const SILENCE: Duration = Duration::from_millis(3_000);

/// For how long a worker whose stream broke may run robots, unless it is taken back or finds that no master is there.
pub const BREAK_LEASE: Duration = Duration::from_millis(500);

/// The slots of a worker whose stream broke are dealt after this time, if it is not back. Longer than [`BREAK_LEASE`].
pub const BREAK_GRACE: Duration = Duration::from_millis(750);

/// From worker to master.
#[derive(Debug, Clone, PartialEq)]
pub enum Up {
    /// Who I am; the first message of a stream.
    Hello(Hello),
    /// I loaded the bundle with this hash, and know the time: I can be given robots.
    Ready(BundleHash),
    /// I can't use the bundle with this hash; each fault says where and what.
    Rejected(BundleHash, Vec<String>),
    /// What I run.
    Beat(Beat),
    /// What I measured.
    Report(Report),
    /// What my robots ask of others.
    Groups(Asks),
}

/// From master to worker.
#[derive(Debug, Clone, PartialEq)]
pub enum Down {
    /// What this master is about: first of all, and when there is another run.
    Welcome(Welcome),
    /// A piece of the files that robots need.
    Part(Part),
    /// All that you shall run; a newer epoch replaces the whole.
    Assignment(Box<Assignment>),
    /// The answer to one beat.
    Echo(Echo),
    /// Reports up to and with this number are merged.
    Ack(u64),
    /// What your robots are told by others.
    Groups(Tells),
    /// Your robots are told something.
    Command(Command),
    /// You are not wanted, or no longer.
    Dismiss(Dismissal, String),
}

/// Who a worker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Its name: 1 to 64 letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// One per process start.
    pub incarnation: Uuid,
    /// One per connection; a newer one fences the older.
    pub session: Uuid,
    /// Its release, for people.
    pub version: String,
    /// [`PROTOCOL_MAJOR`] of its build.
    pub protocol_major: u32,
    /// [`PROTOCOL_MINOR`] of its build.
    pub protocol_minor: u32,
    /// Threads that run robots.
    pub cores: u32,
    /// How many descriptors it may open.
    pub open_files: u64,
    /// The mods that are compiled into it; empty if it does not say.
    pub mods: Vec<String>,
    /// The bundle that it has loaded already.
    pub bundle: Option<BundleHash>,
}

/// What a worker runs, said every [`BEAT_EVERY`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// When it was sent, on the worker's own clock.
    pub sent: Duration,
    /// The run of the assignment that it carries out; nil if none.
    pub run: Uuid,
    /// The epoch of that assignment; 0 if none.
    pub epoch: u64,
    /// Its robots.
    pub robots: Vec<Census>,
    /// The latest that a robot thread woke since the last beat.
    pub lag: Duration,
    /// Busy thousandths of the busiest robot thread since the last beat.
    pub busy_permille: u32,
    /// The newest epoch of the run outside whose slots no robot is left; 0 if it is not known.
    pub settled: u64,
    /// Whether it was told to stop: it wants no robots, and hands over those that it has.
    pub leaving: bool,
    /// How many reports are not merged yet.
    pub backlog: u32,
}

/// What a master is about. Whatever a worker runs of another run it drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Welcome {
    /// The run.
    pub run: Uuid,
    /// The files that its robots need. They follow if the worker has not loaded them.
    pub bundle: BundleHash,
}

/// The whole desired state of one worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The run.
    pub run: Uuid,
    /// Grows with each change; the latest wins.
    pub epoch: u64,
    /// What the run is.
    pub plan: Arc<Plan>,
    /// Which robots are this worker's.
    pub slots: SlotSet,
    /// When the run starts, on the master's clock.
    pub start: Duration,
}

/// The master's answer to one beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// [`Beat::sent`] of the beat.
    pub sent: Duration,
    /// When the master answered, on its clock.
    pub master: Duration,
}

/// How a worker was sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dismissal {
    /// There is no more work; all is well.
    Over,
    /// It may not take part, or broke the rules.
    Refused,
}

/// Names a bundle by its content.
pub type BundleHash = [u8; 32];

/// The files that robots need, named by their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Names the content.
    pub hash: BundleHash,
    /// Path (relative, forward slashes) and content, in the order of the paths.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Bundle {
    /// A bundle of files, put in the order of their paths.
    pub fn new(mut files: Vec<(String, Vec<u8>)>) -> Self {
        files.sort();
        let mut hash = Sha256::new();
        for (path, content) in &files {
            // Lengths keep two different splits of the same bytes apart.
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path);
            hash.update((content.len() as u64).to_le_bytes());
            hash.update(content);
        }
        Self { hash: hash.finalize().into(), files }
    }
}

/// Whether `name` can be a worker's: 1 to 64 letters, digits, `.`, `_` and `-`, not beginning with a dot.
pub fn is_worker_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=64).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(good)
}
