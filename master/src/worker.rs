//! What the master knows of one worker: who it is, whether it is there, and how far its reports are merged.

use std::time::Duration;

use proto::message::{Assignment, BEAT_EVERY, Beat, Hello, PROTOCOL_MAJOR, PROTOCOL_MINOR};
use proto::mutant::{Mutant, is_planted};
use proto::report::Report;
use uuid::Uuid;

use crate::fleet::SessionId;

/// A robot thread that wakes later than this makes the target look slower than it is.
pub(crate) const MOST_LAG: Duration = Duration::from_millis(500);

/// A robot thread that is busy for so many thousandths of the time has no room.
const FULL: u32 = 900;

/// Who is late and full for so long does not keep up.
const STRAINED: Duration = Duration::from_secs(2);

/// A worker, as long as anything of it counts in the run.
#[derive(Debug)]
pub struct Worker {
    /// Who it is.
    pub hello: Hello,
    /// Its stream; none while it is gone.
    pub session: Option<SessionId>,
    /// Whether it has loaded the bundle in this session.
    pub ready: bool,
    /// When this session began.
    pub joined: Duration,
    /// When it was last heard of.
    pub heard: Duration,
    /// Its stream is gone, but it may come back.
    pub away: Option<Away>,
    /// Whether it said that it wants no robots any more.
    pub leaving: bool,
    /// What it shall run.
    pub order: Option<Assignment>,
    /// When it was given robots first; none if it never was.
    pub employed: Option<Duration>,
    /// When it was last told that in this session.
    pub told_at: Option<Duration>,
    /// The most robots that it was ever given.
    pub robots: u64,
    /// The most robots that it ever told of.
    pub told: u64,
    /// Its reports up to and with this one are merged.
    pub applied: u64,
    /// How far its reports reach, on the master's clock.
    pub reported: Duration,
    /// Whether its last report is merged.
    pub delivered: bool,
    /// The latest that one of its robot threads ever woke.
    pub lag: Duration,
    /// Since when it has not kept up, if it does not; and for how long that was before.
    pub strained: Option<Duration>,
    /// How long it did not keep up, in all.
    pub strain: Duration,
    /// The busiest that one of its robot threads ever was, in thousandths.
    pub busy_permille: u32,
    /// What it said in its last beat.
    pub latest: Latest,
}

/// What a worker said in its last beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latest {
    /// Robots that are alive.
    pub robots: u64,
    /// The latest that one of its robot threads woke since the beat before.
    pub lag: Duration,
    /// The busiest that one of them was since then, in thousandths.
    pub busy_permille: u32,
}

/// A worker without a stream that may come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Since when.
    pub since: Duration,
    /// Until when it is waited for; then what it had goes to others.
    pub until: Duration,
    /// How it went.
    pub why: String,
}

/// What is to be done with a report, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// It is the next: merge it.
    Next,
    /// It is merged already.
    Repeat,
    /// One before it is missing.
    Gap,
}

impl Worker {
    pub(crate) fn new(now: Duration, session: SessionId, hello: Hello) -> Self {
        Self { session: Some(session), joined: now, heard: now, ..Self::unheard(hello) }
    }

    /// A worker of which nothing is known but who it is.
    pub(crate) fn recalled(name: String, incarnation: Uuid) -> Self {
        let hello = Hello {
            name,
            incarnation,
            session: Uuid::nil(),
            version: String::new(),
            protocol_major: PROTOCOL_MAJOR,
            protocol_minor: PROTOCOL_MINOR,
            cores: 0,
            open_files: 0,
            mods: Vec::new(),
            bundle: None,
        };
        // When it was given robots nobody remembers: it may have been at the start.
        Self { employed: Some(Duration::ZERO), ..Self::unheard(hello) }
    }

    fn unheard(hello: Hello) -> Self {
        Self {
            hello,
            session: None,
            ready: false,
            joined: Duration::ZERO,
            heard: Duration::ZERO,
            away: None,
            leaving: false,
            order: None,
            employed: None,
            told_at: None,
            robots: 0,
            told: 0,
            applied: 0,
            reported: Duration::ZERO,
            delivered: false,
            lag: Duration::ZERO,
            busy_permille: 0,
            strained: None,
            strain: Duration::ZERO,
            latest: Latest::default(),
        }
    }

    /// The same worker, with nothing of a run.
    pub(crate) fn renewed(self) -> Self {
        let Self { session, ready, joined, heard, leaving, .. } = self;
        Self { session, ready, joined, heard, leaving, ..Self::unheard(self.hello) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.hello.name
    }

    /// Whether its stream stands and it can be given robots.
    pub fn is_ready(&self) -> bool {
        self.session.is_some() && self.ready
    }

    /// Whether it is there, or may come back any moment.
    pub(crate) fn counts(&self) -> bool {
        self.session.is_some() || self.away.is_some()
    }

    /// What it measured before `until` and did not tell yet, at most, if it can't any more.
    pub(crate) fn untold(&self, until: Duration, start: Duration) -> Duration {
        let told = self.reported.max(start).max(self.employed.unwrap_or(until));
        if self.delivered { Duration::ZERO } else { until.saturating_sub(told) }
    }

    /// Whether it went when it had said so, and all that it had is merged.
    pub(crate) fn is_done(&self) -> bool {
        self.leaving && self.delivered
    }

    /// Whether the run still waits for its last report.
    pub(crate) fn owes(&self) -> bool {
        self.order.is_some() && self.counts() && !self.delivered
    }

    pub(crate) fn is(&self, hello: &Hello) -> bool {
        self.hello.name == hello.name && self.hello.incarnation == hello.incarnation
    }

    pub(crate) fn beat(&mut self, beat: &Beat) {
        self.lag = self.lag.max(beat.lag);
        self.busy_permille = self.busy_permille.max(beat.busy_permille);
        // A process that was told to stop does not take that back; a beat that was on its way before says nothing.
        self.leaving |= beat.leaving;
        let robots = beat.robots.iter().fold(0u64, |sum, census| sum.saturating_add(census.alive()));
        self.latest = Latest { robots, lag: beat.lag, busy_permille: beat.busy_permille };
        let runs = beat.run == self.run() && robots > 0;
        self.delivered &= !runs;
    }

    pub(crate) fn order_of(&self, sequence: u64) -> Order {
        match sequence {
            n if n <= self.applied && is_planted(Mutant::NoDedup) => Order::Next,
            n if n <= self.applied => Order::Repeat,
            n if n == self.applied.saturating_add(1) => Order::Next,
            _ => Order::Gap,
        }
    }

    pub(crate) fn applied(&mut self, report: &Report) {
        self.applied = self.applied.max(report.sequence);
        if !report.more {
            self.reported = self.reported.max(report.to);
        }
        self.delivered = report.last;
        let alive = report.robots.iter().fold(0u64, |sum, census| sum.saturating_add(census.alive()));
        self.told = self.told.max(alive);
    }

    /// Looks whether it keeps up. True when it is found that it does not, and did until then.
    pub(crate) fn look(&mut self, beat: &Beat, now: Duration) -> bool {
        let was = self.is_strained();
        if beat.lag <= MOST_LAG || beat.busy_permille < FULL {
            self.strained = None;
            return false;
        }
        let since = *self.strained.get_or_insert(now);
        if self.is_strained() || now.saturating_sub(since) >= STRAINED {
            self.strain += BEAT_EVERY;
        }
        !was && self.is_strained()
    }

    /// Whether it has not kept up for a while.
    pub(crate) fn is_strained(&self) -> bool {
        !self.strain.is_zero() && self.strained.is_some()
    }

    /// Whether it runs something else than it was told, and has had the time to hear it.
    pub(crate) fn strays(&self, beat: &Beat, now: Duration, patience: Duration) -> bool {
        let Some((order, told)) = self.order.as_ref().zip(self.told_at) else { return false };
        (beat.run, beat.epoch) != (order.run, order.epoch) && now.saturating_sub(told) >= patience
    }

    /// Whether it runs nothing outside the slots of what it was told last.
    pub(crate) fn has_settled(&self, beat: &Beat) -> bool {
        self.order.as_ref().is_some_and(|order| beat.run == order.run && beat.settled >= order.epoch)
    }

    /// The run that it carries out; nil if none.
    pub fn run(&self) -> Uuid {
        self.order.as_ref().map(|order| order.run).unwrap_or_default()
    }
}
