//! One run, from waiting for workers to the verdict. A state machine without I/O and without a clock: events come in
//! with the time at which they happened, effects go out.

mod arrivals;
mod groups;
mod judge;
mod losses;
mod mods;
mod phases;
mod ramp;

use std::sync::Arc;
use std::time::Duration;

use proto::message::{Assignment, Beat, Bundle, BundleHash, Down, Hello, Up};
use proto::plan::Plan;
use proto::report::Report;
use proto::slots::Deal;
use uuid::Uuid;

use crate::config::Muster;
use crate::fleet::{Fleet, SessionId, WorkerId};
use crate::loss::Loss;
use crate::notice::Notice;
use crate::refusal::Refusal;
use crate::totals::{self, Totals};
use crate::verdict::{Problem, Severity, Verdict};
use crate::worker::Order;
use groups::Groups;
use ramp::Ramp;

/// How long after it was dealt a run starts: time for all assignments to arrive, so that all start at one instant.
pub const HEAD_START: Duration = Duration::from_millis(500);

/// A difference between what a worker runs and what it was told is mended after this time.
const REPAIR: Duration = Duration::from_secs(1);

/// How far a report may lie ahead of the master's clock: what two clocks can differ, generously.
const AHEAD: Duration = Duration::from_secs(5);

/// What happens to a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// A worker opened a stream and said who it is.
    Joined(SessionId, Hello),
    /// It said something else.
    Said(SessionId, Up),
    /// Its stream ended.
    Left(SessionId, String),
    /// Time went on.
    Tick,
    /// Somebody wants it to stop; the second time at once.
    Stop,
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Tell a worker.
    Send(SessionId, Down),
    /// Tell a worker that it is not wanted, and end its stream.
    Refuse(SessionId, Refusal),
    /// End a stream.
    Close(SessionId),
    /// Tell people.
    Announce(Notice),
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
    fleet: Fleet,
    totals: Totals,
    epoch: u64,
    deal: Deal<WorkerId>,
    start: Option<Duration>,
    /// When the plan was over, from the start.
    ended: Option<Duration>,
    stopped: Option<(Duration, String)>,
    losses: Vec<Loss>,
    problems: Vec<Problem>,
    ramp: Ramp,
    /// Where its robots meet.
    groups: Groups,
    foreign: u64,
    /// When it was last told that time went on.
    ticked: Duration,
    effects: Vec<Effect>,
}

impl Run {
    /// A run that waits for its workers from `now` on.
    pub fn new(now: Duration, id: Uuid, muster: Muster, plan: Plan, bundle: Arc<Bundle>) -> Self {
        Self {
            id,
            muster,
            ramp: Ramp::of(&plan.profile),
            groups: Groups::new(id, plan.profile.peak()),
            plan: Arc::new(plan),
            bundle,
            phase: Phase::Waiting { until: muster.patience.map(|patience| now + patience), remind: now },
            fleet: Fleet::default(),
            totals: Totals::default(),
            epoch: 0,
            deal: Deal::stripes([]),
            start: None,
            ended: None,
            stopped: None,
            losses: Vec::new(),
            problems: Vec::new(),
            foreign: 0,
            ticked: now,
            effects: Vec::new(),
        }
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
            Event::Tick => self.tick(now),
            Event::Stop => self.stop(now),
        }
        self.advance(now);
        self.talk(now);
        std::mem::take(&mut self.effects)
    }

    fn joined(&mut self, now: Duration, session: SessionId, hello: Hello) {
        let name = hello.name.clone();
        let faults = mods::faults(&self.plan, &self.bundle, &hello);
        match self.fleet.join(now, session, hello) {
            Err(refusal) => self.refuse(session, &name, refusal),
            Ok(joined) if faults.is_empty() || !matches!(self.phase, Phase::Waiting { .. }) => {
                self.effects.extend(joined.fenced.map(Effect::Close));
                self.groups.joined(joined.id);
                self.send(session, Down::Bundle(Arc::clone(&self.bundle)));
            }
            Ok(_) => {
                faults.into_iter().for_each(|fault| self.problem(Severity::Usage, fault));
                self.finish(now);
            }
        }
    }

    fn said(&mut self, now: Duration, session: SessionId, up: Up) {
        let Some(id) = self.fleet.of(session) else { return };
        if let Some(worker) = self.fleet.get_mut(id) {
            worker.heard = now;
        }
        match up {
            Up::Hello(_) => self.expel(now, id, Refusal::SecondHello),
            Up::Ready(hash) => self.ready(now, id, hash),
            Up::Rejected(hash, faults) => self.rejected(now, id, hash, faults),
            Up::Beat(beat) => self.beat(now, id, &beat),
            Up::Report(report) => self.report(now, id, &report),
            Up::Groups(asks) => self.groups(now, id, asks),
        }
    }

    fn left(&mut self, now: Duration, session: SessionId, why: &str) {
        if let Some(id) = self.fleet.of(session) {
            self.gone(now, id, why);
        }
    }

    fn ready(&mut self, now: Duration, id: WorkerId, hash: BundleHash) {
        if hash != self.bundle.hash {
            return self.expel(now, id, Refusal::Bundle);
        }
        let Some(worker) = self.fleet.get_mut(id) else { return };
        worker.ready = true;
        let (name, known) = (worker.name().to_owned(), worker.order.is_some());
        if let Phase::Waiting { .. } = self.phase {
            self.tell_who_is_there();
        } else if known {
            // It may still run what it had: tell it what is its now, which is nothing if others have its slots.
            self.announce(Notice::Returned(name));
            self.assign(now, id);
        } else {
            self.announce(Notice::Spare(name));
        }
    }

    fn rejected(&mut self, now: Duration, id: WorkerId, hash: BundleHash, faults: Vec<String>) {
        if hash != self.bundle.hash || !matches!(self.phase, Phase::Waiting { .. }) {
            return self.expel(now, id, Refusal::Bundle);
        }
        let name = self.fleet.name(id).to_owned();
        let faults = if faults.is_empty() { vec!["no fault named".into()] } else { faults };
        for fault in faults.iter().take(100) {
            let reason = format!("worker {name} can't use the bundle: {}", crate::text::fit(fault, 500));
            self.problem(Severity::Usage, reason);
        }
        self.finish(now);
    }

    fn beat(&mut self, now: Duration, id: WorkerId, beat: &Beat) {
        let Some(worker) = self.fleet.get_mut(id) else { return };
        worker.beat(beat);
        if worker.is_ready() && worker.strays(beat, now, REPAIR) {
            let name = worker.name().to_owned();
            self.announce(Notice::Stray(name));
            self.assign(now, id);
        }
    }

    fn report(&mut self, now: Duration, id: WorkerId, report: &Report) {
        let Some(worker) = self.fleet.get_mut(id) else { return };
        let Some(start) = self.start.filter(|_| report.run == self.id && worker.order.is_some()) else {
            return self.foreign(id);
        };
        let session = worker.session;
        match worker.order_of(report.sequence) {
            Order::Repeat => {}
            Order::Gap => {
                let expected = worker.applied.saturating_add(1);
                return self.expel(now, id, Refusal::Gap { expected, got: report.sequence });
            }
            Order::Next => {
                if let Err(wrong) = possible(report, now) {
                    return self.expel(now, id, Refusal::Impossible(wrong));
                }
                worker.applied(report);
                let was = self.totals.folded();
                self.totals.apply(id, second_of(report.to, start), report);
                if was == 0 && self.totals.folded() > 0 {
                    self.announce(Notice::Folded);
                }
            }
        }
        let applied = self.fleet.get(id).map_or(0, |worker| worker.applied);
        if let Some(session) = session {
            self.send(session, Down::Ack(applied));
        }
    }

    fn foreign(&mut self, id: WorkerId) {
        self.foreign += 1;
        if self.foreign == 1 {
            let name = self.fleet.name(id).to_owned();
            self.announce(Notice::Foreign(name));
        }
    }

    /// Tells a worker all that it shall run.
    fn assign(&mut self, now: Duration, id: WorkerId) {
        let slots = self.deal.slots_of(id);
        let robots = self.share_of(id, self.plan.profile.peak());
        let Some(start) = self.start else { return };
        let (run, epoch, plan) = (self.id, self.epoch, Arc::clone(&self.plan));
        let assignment = Assignment { run, epoch, plan, slots, start };
        let Some(worker) = self.fleet.get_mut(id) else { return };
        worker.robots = worker.robots.max(robots);
        worker.order = Some((assignment.clone(), now));
        if let Some(session) = worker.session.filter(|_| worker.ready) {
            self.send(session, Down::Assignment(Box::new(assignment)));
        }
    }

    /// Sends a worker away for what it did.
    fn expel(&mut self, now: Duration, id: WorkerId, refusal: Refusal) {
        let Some(session) = self.fleet.get(id).and_then(|worker| worker.session) else { return };
        let (name, why) = (self.fleet.name(id).to_owned(), refusal.to_string());
        self.refuse(session, &name, refusal);
        self.gone(now, id, &why);
    }

    fn refuse(&mut self, session: SessionId, name: &str, refusal: Refusal) {
        self.announce(Notice::Refused(name.into(), refusal.clone()));
        self.effects.push(Effect::Refuse(session, refusal));
    }

    fn send(&mut self, session: SessionId, down: Down) {
        self.effects.push(Effect::Send(session, down));
    }

    fn announce(&mut self, notice: Notice) {
        self.effects.push(Effect::Announce(notice));
    }

    fn problem(&mut self, severity: Severity, reason: String) {
        self.announce(Notice::Problem(reason.clone()));
        self.problems.push(Problem { severity, reason });
    }

    /// What is measured so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The plan, as it stands now.
    pub fn plan(&self) -> &Plan {
        &self.plan
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
        Verdict::on(&self.problems, self.warnings())
    }
}

/// Whoever comes after the verdict is told so.
fn late(event: Event) -> Vec<Effect> {
    match event {
        Event::Joined(session, _) => vec![Effect::Refuse(session, Refusal::Over)],
        _ => Vec::new(),
    }
}

/// The second of the run that ends at `to`; the first is 1. A millisecond late is not the next one.
fn second_of(to: Duration, start: Duration) -> u64 {
    let run = to.saturating_sub(start).saturating_sub(Duration::from_millis(1));
    run.as_secs() + 1
}

fn possible(report: &Report, now: Duration) -> Result<(), String> {
    if report.to > now + AHEAD {
        return Err(format!("it ends {} ahead", crate::text::seconds(report.to - now)));
    }
    totals::check(report)
}

#[cfg(test)]
mod tests;
