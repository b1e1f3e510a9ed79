//! One run, from waiting for workers to the verdict. A state machine without I/O and without a clock: events come in
//! with the time at which they happened, effects go out.

mod arrivals;
mod changes;
mod dealing;
mod groups;
mod judge;
mod losses;
mod members;
mod merging;
mod mods;
mod next;
mod phases;
mod ramp;
mod restore;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proto::message::{Bundle, Down, Hello, Up};
use proto::plan::Plan;
use proto::slots::Deal;
use uuid::Uuid;

use crate::change::{Change, Declined, Told, Wish};
use crate::config::Muster;
use crate::fleet::{Fleet, SessionId, WorkerId};
use crate::grants::Grants;
use crate::journal::Record;
use crate::loss::Loss;
use crate::notice::Notice;
use crate::refusal::Refusal;
use crate::threshold::{Threshold, Watch};
use crate::totals::Totals;
use crate::verdict::{Problem, Severity, Verdict};
pub use restore::RestoreError;

use groups::Groups;
use ramp::Ramp;
use rows::Rows;

/// How long after it was dealt a run starts: time for all assignments to arrive, so that all start at one instant.
pub const HEAD_START: Duration = Duration::from_millis(500);

/// Who it is that stops a run without a name.
const SIGNAL: &str = "a signal";

/// What happens to a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// A worker opened a stream and said who it is.
    Joined(SessionId, Hello),
    /// It said something else.
    Said(SessionId, Up),
    /// Its stream ended.
    Left(SessionId, String),
    /// The master itself ended its stream.
    Dropped(SessionId, String),
    /// Time went on.
    Tick,
    /// Somebody wants it to stop; the second time at once.
    Stop,
    /// People ask for something, and want an answer; and who they are.
    Wish(Wish, String),
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Remember it, before anybody is told of what it says.
    Keep(Record),
    /// Tell a worker.
    Send(SessionId, Down),
    /// Send a worker the files that robots need.
    Ship(SessionId),
    /// Tell a worker that it is not wanted, and end its stream.
    Refuse(SessionId, Refusal),
    /// End a stream.
    Close(SessionId),
    /// Tell people.
    Announce(Notice),
    /// Tell whoever asked what comes of it.
    Answer(Result<Told, Declined>),
    /// This second of the run is complete.
    Second(u64),
    /// There is a verdict: send all workers home.
    Finish,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// For workers; until when, and when it was last said.
    Waiting {
        /// When it gives up.
        until: Option<Duration>,
        /// When people are told again who is there.
        remind: Duration,
    },
    /// Robots are alive by the plan.
    Running,
    /// The plan is over; last reports come until then.
    Draining {
        /// When it waits no more.
        until: Duration,
    },
    /// There is a verdict.
    Over,
}

/// One run.
#[derive(Debug)]
pub struct Run {
    id: Uuid,
    muster: Muster,
    plan: Arc<Plan>,
    bundle: Arc<Bundle>,
    phase: Phase,
    /// Whether it waits for people to start it.
    held: bool,
    /// It does not begin before.
    earliest: Duration,
    /// How many plans it had.
    revision: u64,
    /// What people did to it.
    changes: Vec<Change>,
    fleet: Fleet,
    totals: Totals,
    /// What its figures have to keep to.
    watches: Vec<Watch>,
    epoch: u64,
    deal: Deal<WorkerId>,
    grants: Grants,
    start: Option<Duration>,
    /// When the plan was over, from the start.
    ended: Option<Duration>,
    stopped: Option<(Duration, String)>,
    losses: Vec<Loss>,
    /// Lost workers that did not deliver all, with the place of their last loss.
    lossy: BTreeMap<WorkerId, usize>,
    problems: Vec<Problem>,
    ramp: Ramp,
    /// Where its robots meet.
    groups: Groups,
    /// What they take rows from.
    rows: Rows,
    foreign: u64,
    /// Until when a run without any worker waits for one: a master that was started again gives them time to find it.
    alone: Duration,
    /// When it was last told that time went on.
    ticked: Duration,
    effects: Vec<Effect>,
}

impl Run {
    /// A run that waits for its workers from `now` on.
    pub fn new(now: Duration, id: Uuid, muster: Muster, plan: Plan, bundle: Arc<Bundle>) -> Self {
        Self::with_rows(now, id, muster, (plan, bundle), Rows::default())
    }

    /// The same, where some rows are counted already.
    fn with_rows(
        now: Duration,
        id: Uuid,
        muster: Muster,
        (plan, bundle): (Plan, Arc<Bundle>),
        rows: Rows,
    ) -> Self {
        Self {
            id,
            muster,
            ramp: Ramp::of(&plan.profile),
            groups: Groups::new(id, plan.profile.peak()),
            rows: rows.with(&plan, &bundle),
            totals: Totals::keeping(plan.keep_failures),
            plan: Arc::new(plan),
            bundle,
            phase: Phase::Waiting { until: muster.patience.map(|patience| now + patience), remind: now },
            held: false,
            earliest: Duration::ZERO,
            revision: 1,
            changes: Vec::new(),
            fleet: Fleet::default(),
            watches: Vec::new(),
            epoch: 0,
            deal: Deal::stripes([]),
            grants: Grants::default(),
            start: None,
            ended: None,
            stopped: None,
            losses: Vec::new(),
            lossy: BTreeMap::new(),
            problems: Vec::new(),
            foreign: 0,
            alone: Duration::ZERO,
            ticked: now,
            effects: Vec::new(),
        }
    }

    /// The same run, judged by these as well.
    #[must_use]
    pub fn judged_by(mut self, thresholds: &[Threshold]) -> Self {
        self.watches = thresholds.iter().cloned().map(Watch::new).collect();
        self
    }

    /// Takes an event that happened at `now`, and says what is to be done.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Effect> {
        if self.phase == Phase::Over {
            return late(event);
        }
        match event {
            Event::Joined(session, hello) => self.joined(now, session, hello),
            Event::Said(session, up) => self.said(now, session, up),
            Event::Left(session, why) => self.left(now, session, &why),
            Event::Dropped(session, why) => self.dropped(now, session, &why),
            Event::Tick => self.tick(now),
            Event::Stop => self.stop(now, SIGNAL),
            Event::Wish(wish, who) => self.wish(now, wish, &who),
        }
        self.advance(now);
        self.talk(now);
        std::mem::take(&mut self.effects)
    }

    fn refuse(&mut self, session: SessionId, name: &str, refusal: Refusal) {
        self.announce(Notice::Refused(name.into(), refusal.clone()));
        self.effects.push(Effect::Refuse(session, refusal));
    }

    fn send(&mut self, session: SessionId, down: Down) {
        self.effects.push(Effect::Send(session, down));
    }

    fn keep(&mut self, record: Record) {
        self.effects.push(Effect::Keep(record));
    }

    fn announce(&mut self, notice: Notice) {
        self.effects.push(Effect::Announce(notice));
    }

    fn problem(&mut self, severity: Severity, reason: String) {
        self.announce(Notice::Problem(reason.clone()));
        let problem = Problem { severity, reason };
        self.keep(Record::Problem(problem.clone()));
        self.problems.push(problem);
    }

    /// What is measured so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The plan, as it stands now.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, as it stands now, for whoever keeps it.
    pub fn shared_plan(&self) -> Arc<Plan> {
        self.plan.clone()
    }

    /// The files that its robots need.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The run's name.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// When it starts or started, on the master's clock.
    pub fn start(&self) -> Option<Duration> {
        self.start
    }

    /// How long the plan ran; zero if it never did.
    pub fn ran(&self) -> Duration {
        self.ended.unwrap_or_default()
    }

    /// Sessions that began.
    pub fn begun(&self) -> u64 {
        arrivals::begun(&self.totals)
    }

    /// When and why it was stopped before its time.
    pub fn stopped(&self) -> Option<&(Duration, String)> {
        self.stopped.as_ref()
    }

    /// Whom it waits for.
    pub fn muster(&self) -> Muster {
        self.muster
    }

    /// What people did to it, in order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The number of the plan, as it stands now; the first is 1.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Workers that were lost.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// The workers that it has.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The verdict, as it stands now.
    pub fn verdict(&self) -> Verdict {
        Verdict::on(&self.problems, [self.warnings(), self.overfull()].concat())
    }
}

/// Whoever comes after the verdict is told so.
fn late(event: Event) -> Vec<Effect> {
    match event {
        Event::Joined(session, _) => vec![Effect::Refuse(session, Refusal::Over)],
        Event::Wish(..) => vec![Effect::Answer(Err(Declined::Now("the run is over".into())))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
