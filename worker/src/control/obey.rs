//! What a worker makes of its master's messages, and what it sends because of them.

use std::sync::Arc;

use proto::command::Command;
use proto::message::{Assignment, Bundle, BundleHash, Echo, Welcome};
use proto::mutant::{Mutant, is_planted};
use proto::shipping::Part;
use proto::slots::{Share, SlotSet};
use proto::talk::Tells;
use proto::{Down, Up};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Control, Held};
use crate::backoff::Backoff;
use crate::capacity::Capacity;
use crate::deadline::Deadline;
use crate::errand::{Errand, MOST_ERRANDS};
use crate::exchange::Exchange;
use crate::kit::{Kit, Loaded};
use crate::lease::Lease;
use crate::orders::Orders;
use crate::recorder::shortened;
use crate::reporter::{Reporter, RunClock};

/// The most faults of a bundle that the master is told, and the most bytes of each: together they fit a message.
const MOST_FAULTS: usize = 100;
const LONGEST_FAULT: usize = 1_000;

impl Control {
    pub(super) fn obey(&mut self, message: Down, up: &mpsc::Sender<Up>) {
        match message {
            Down::Welcome(welcome) => self.be_welcome(welcome, up),
            Down::Part(part) => self.arrive(part, up),
            Down::Assignment(assignment) => self.carry_out(*assignment, up),
            Down::Echo(echo) => self.note_echo(echo, up),
            Down::Ack(sequence) => self.reporter.iter_mut().for_each(|reporter| reporter.ack(sequence)),
            Down::Groups(tells) => self.hear(tells),
            Down::Command(command) => self.command(command),
            Down::Dismiss(..) => {} // ends the session before it gets here
        }
    }

    /// The master says what it is about. Of another run nothing is kept.
    fn be_welcome(&mut self, welcome: Welcome, up: &mpsc::Sender<Up>) {
        if self.held.as_ref().is_some_and(|held| held.assignment.run != welcome.run) {
            tracing::warn!("the master is about another run: robots of this one are dropped");
            self.drop_robots();
        }
        self.reporter.take_if(|reporter| reporter.run() != welcome.run);
        self.welcome = Some(welcome);
        self.backoff = Backoff::quick();
        self.lease.get_or_insert_with(|| Lease::new(self.began));
        // It answers the Hello, so it was there when that was sent.
        let began = self.began;
        self.change_lease(|lease| lease.contact(began));
        self.reporter.iter_mut().for_each(Reporter::resend);
        self.ready = self.loaded.as_ref().map(|(hash, _)| *hash).filter(|hash| *hash == welcome.bundle);
        self.say_ready(up);
    }

    /// Takes a part of the bundle; loads it once it is whole.
    fn arrive(&mut self, part: Part, up: &mpsc::Sender<Up>) {
        match self.arrival.take(part) {
            Ok(Some(bundle)) => self.load(bundle.into(), up),
            Ok(None) => {}
            // The master sends it all again in the next session; without it this worker never says that it is ready.
            Err(fault) => tracing::error!("the bundle did not arrive: {fault}"),
        }
    }

    fn load(&mut self, bundle: Arc<Bundle>, up: &mpsc::Sender<Up>) {
        let hash = bundle.hash;
        match Loaded::new(bundle) {
            Ok(loaded) => {
                self.loaded = Some((hash, loaded));
                self.ready = Some(hash);
                self.say_ready(up);
            }
            Err(faults) => self.reject(hash, faults, up),
        }
    }

    /// Says what can't be done. Then nothing of it is done.
    fn reject(&mut self, hash: BundleHash, faults: Vec<String>, up: &mpsc::Sender<Up>) {
        self.drop_robots();
        let faults = told(faults);
        let _full = up.try_send(Up::Rejected(hash, faults));
    }

    fn note_echo(&mut self, echo: Echo, up: &mpsc::Sender<Up>) {
        let now = Instant::now();
        self.clock.note(echo, now);
        let sent = self.clock.at(echo.sent).filter(|sent| *sent >= self.began && *sent <= now);
        if let (Some(sent), Some(_)) = (sent, &self.welcome) {
            self.change_lease(|lease| lease.contact(sent));
        }
        self.say_ready(up);
    }

    /// Says Ready once both the bundle is loaded and the master's time is known.
    fn say_ready(&mut self, up: &mpsc::Sender<Up>) {
        if let Some(hash) = self.ready.filter(|_| self.clock.is_known()) {
            self.ready = up.try_send(Up::Ready(hash)).is_err().then_some(hash);
        }
    }

    /// Makes an assignment what runs here. An older one than is carried out already is out of date.
    fn carry_out(&mut self, assignment: Assignment, up: &mpsc::Sender<Up>) {
        if self.welcome.is_none_or(|welcome| welcome.run != assignment.run) {
            return tracing::warn!("an assignment came of a run that the master is not about; left alone");
        }
        let Some((hash, loaded)) = self.loaded.clone() else {
            return tracing::warn!("an assignment came before its bundle; left alone");
        };
        self.exchange.iter_mut().for_each(|exchange| exchange.open(assignment.run));
        if self.held.as_ref().is_some_and(|held| held.assignment.epoch >= assignment.epoch) {
            return;
        }
        let kit = loaded.kit(&assignment.plan, &self.registry);
        match kit.and_then(|kit| self.has_room(&assignment).map(|()| kit)) {
            Ok(kit) => self.begin(assignment, kit.into()),
            Err(faults) => self.reject(hash, faults, up),
        }
    }

    fn begin(&mut self, assignment: Assignment, kit: Arc<Kit>) {
        let Some(start) = self.report_on(&assignment) else {
            return tracing::warn!("an assignment came before the master's time was known; left alone");
        };
        tracing::info!(epoch = assignment.epoch, "takes {} of the slots", assignment.slots.len());
        let leave = self.stopping.is_some();
        let deadline = self.held.take().map_or_else(Deadline::never, |held| held.deadline);
        let orders = Orders {
            run: assignment.run,
            epoch: assignment.epoch,
            plan: assignment.plan.clone(),
            kit: kit.clone(),
            slots: if leave { SlotSet::none() } else { assignment.slots.clone() },
            start,
            deadline: deadline.clone(),
            leave,
        };
        let hold = assignment.plan.hold;
        self.held = Some(Held { assignment, deadline, kit });
        // First the deadline, then the robots that it is for.
        self.change_lease(|lease| lease.hold(hold));
        self.engine.follow(orders);
    }

    /// Whether this machine can hold the robots of an assignment. Those that are taken over from a lost worker are better tried
    /// than refused.
    fn has_room(&self, assignment: &Assignment) -> Result<(), Vec<String>> {
        let plan = &assignment.plan;
        // How many robots of an open model are there at a time is up to the target.
        let robots = if plan.profile.is_open() { 0 } else { plan.profile.peak() };
        let room = Capacity::here().check(plan, Share::of(&assignment.slots).below(robots));
        match room {
            Err(faults) if self.held.is_some() => {
                faults.iter().for_each(|fault| tracing::warn!("{fault}"));
                Ok(())
            }
            room => room,
        }
    }

    /// Points the reporter at the assignment's run. The run's start, here; it is fixed for the whole run. None if it can't be
    /// known yet.
    fn report_on(&mut self, assignment: &Assignment) -> Option<Instant> {
        if let Some(reporter) = &self.reporter {
            return Some(reporter.start());
        }
        let start = self.clock.is_known().then(|| self.clock.local(assignment.start))?;
        let clock = RunClock { run: assignment.run, start, master_start: assignment.start };
        self.reporter = Some(Reporter::new(clock, self.engine.width()));
        Some(start)
    }

    /// Notes what happened to the lease, and tells the robots until when they may run now.
    pub(super) fn change_lease(&mut self, change: impl FnOnce(&mut Lease)) {
        let Some(lease) = &mut self.lease else { return };
        change(lease);
        if let Some(held) = self.held.as_ref().filter(|_| !is_planted(Mutant::NoLease)) {
            held.deadline.set(lease.until()); // if it is over already that is found out next
        }
    }

    /// Drops the robots if the lease is over; whether it was.
    pub(super) fn drop_overdue(&mut self) -> bool {
        let overdue = self.held.as_ref().is_some_and(|held| held.deadline.is_over());
        if overdue {
            tracing::warn!("the master was not heard of for too long: robots are dropped");
            self.drop_robots();
        }
        overdue
    }

    /// Drops all robots at once, and forgets what they were for.
    pub(super) fn drop_robots(&mut self) {
        if let Some(held) = self.held.take() {
            held.deadline.end();
        }
        self.engine.rest();
        self.exchange.iter_mut().for_each(Exchange::forget);
    }

    /// Has robots told a command. Commands are numbered as they are given, so one that is not newer was told already.
    fn command(&mut self, command: Command) {
        let (id, name) = (command.id, command.name.clone());
        let Some(Held { assignment, kit, .. }) = &self.held else {
            return tracing::warn!(id, "command `{name}`: no robots are here");
        };
        let run = assignment.run;
        if self.commanded.0 == run && id <= self.commanded.1 {
            return tracing::warn!(id, "command `{name}` came twice; left alone");
        }
        let errand = match Errand::new(command, run, assignment.epoch, kit) {
            Ok(errand) => errand,
            Err(e) => return tracing::warn!(id, "command `{name}`: what goes with it is no JSON: {e}"),
        };
        if !errand.is_known {
            tracing::warn!(id, "command `{name}`: no mod of the plan has a handler for it");
        }
        self.commanded = (run, id);
        if !self.engine.tell(errand) {
            tracing::warn!(id, "command `{name}` is refused: {MOST_ERRANDS} others wait already");
        }
    }

    /// Takes what robots are told by others.
    fn hear(&mut self, tells: Tells) {
        if let Some(exchange) = &mut self.exchange {
            exchange.hear(tells);
        }
    }
}

/// Faults as the master is told them; the rest is in the worker's log.
fn told(faults: Vec<String>) -> Vec<String> {
    if faults.len() > MOST_FAULTS {
        faults.iter().for_each(|fault| tracing::error!("{fault}"));
    }
    faults.into_iter().take(MOST_FAULTS).map(|fault| shortened(fault, LONGEST_FAULT)).collect()
}

#[cfg(test)]
mod tests {
    use proto::control::LARGEST_UP;

    use super::*;

    #[test]
    fn faults_without_end_fit_one_message() {
        let told = told(vec!["ä".repeat(1 << 20); 1_000]);
        assert_eq!((told.len(), told[0].len()), (MOST_FAULTS, LONGEST_FAULT));
        assert!(told.concat().len() + 8 * MOST_FAULTS + 64 < LARGEST_UP);
    }
}
