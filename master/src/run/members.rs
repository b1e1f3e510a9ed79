//! What workers say, and what comes of it. What a worker says that it runs is believed; what it was told is told again.

use std::time::Duration;

use proto::message::{Beat, BundleHash, Down, Echo, Hello, Up, Welcome};

use proto::mutant::{Mutant, is_planted};

use super::{Effect, Phase, Run, mods};
use crate::fleet::{SessionId, WorkerId};
use crate::notice::Notice;
use crate::refusal::Refusal;
use crate::verdict::Severity;

/// A difference between what a worker runs and what it was told is mended after this time.
const REPAIR: Duration = Duration::from_secs(1);

impl Run {
    pub(super) fn joined(&mut self, now: Duration, session: SessionId, mut hello: Hello) {
        let (name, loaded) = (hello.name.clone(), hello.bundle);
        let faults = mods::faults(&self.plan, &self.bundle, &hello);
        hello.mods = Vec::new(); // asked for once; a worker could name 256 KB of them
        match self.fleet.join(now, session, hello) {
            Err(refusal) => self.refuse(session, &name, refusal),
            Ok(joined) if !faults.is_empty() && self.is_idle() => {
                self.effects.extend(joined.fenced.map(Effect::Close));
                self.expel(now, joined.id, Refusal::Unfit(faults.join("; ")));
            }
            Ok(joined) if faults.is_empty() || !matches!(self.phase, Phase::Waiting { .. }) => {
                self.effects.extend(joined.fenced.map(Effect::Close));
                self.groups.joined(joined.id);
                self.welcome(session, loaded);
            }
            Ok(_) => {
                faults.into_iter().for_each(|fault| self.problem(Severity::Usage, fault));
                self.finish(now);
            }
        }
    }

    pub(super) fn welcome(&mut self, session: SessionId, loaded: Option<BundleHash>) {
        let bundle = self.bundle.hash;
        self.send(session, Down::Welcome(Welcome { run: self.id, bundle }));
        if loaded != Some(bundle) {
            self.effects.push(Effect::Ship(session));
        }
    }

    pub(super) fn said(&mut self, now: Duration, session: SessionId, up: Up) {
        let Some(id) = self.fleet.of(session) else { return };
        if let Some(worker) = self.fleet.get_mut(id) {
            worker.heard = now;
        }
        match up {
            Up::Hello(_) => self.expel(now, id, Refusal::SecondHello),
            Up::Ready(hash) => self.ready(now, id, hash),
            Up::Rejected(hash, faults) => self.rejected(now, id, hash, faults),
            Up::Beat(beat) => self.beat(now, id, session, &beat),
            Up::Report(report) => self.report(now, id, report.into()),
            Up::Groups(asks) => self.groups(now, id, asks),
        }
    }

    fn ready(&mut self, now: Duration, id: WorkerId, hash: BundleHash) {
        if hash != self.bundle.hash {
            return self.expel(now, id, Refusal::Bundle);
        }
        let Some(worker) = self.fleet.get_mut(id) else { return };
        worker.ready = true;
        let (name, known) = (worker.name().to_owned(), worker.order.is_some());
        match self.phase {
            Phase::Waiting { .. } => self.tell_who_is_there(),
            _ if known => {
                self.announce(Notice::Returned(name));
                self.enlist(now, id);
                // It may still run what it had: it is told what is its now, which is nothing if others have its slots.
                if !is_planted(Mutant::EdgeTriggered) {
                    self.tell(now, id);
                }
            }
            _ => {
                self.announce(Notice::Late(name));
                self.enlist(now, id);
            }
        }
    }

    fn rejected(&mut self, now: Duration, id: WorkerId, hash: BundleHash, faults: Vec<String>) {
        if hash != self.bundle.hash {
            return self.expel(now, id, Refusal::Bundle);
        }
        if self.held || !matches!(self.phase, Phase::Waiting { .. }) {
            let fault = faults.first().map_or("no fault named", String::as_str);
            return self.expel(now, id, Refusal::Unfit(crate::text::fit(fault, 500)));
        }
        let name = self.fleet.name(id).to_owned();
        let faults = if faults.is_empty() { vec!["no fault named".into()] } else { faults };
        for fault in faults.iter().take(100) {
            let reason = format!("worker {name} can't use the bundle: {}", crate::text::fit(fault, 500));
            self.problem(Severity::Usage, reason);
        }
        self.finish(now);
    }

    fn beat(&mut self, now: Duration, id: WorkerId, session: SessionId, beat: &Beat) {
        // The echo prolongs the worker's lease. So it comes from here, where it is decided whether the worker is dead.
        self.send(session, Down::Echo(Echo { sent: beat.sent, master: now }));
        let Some(worker) = self.fleet.get_mut(id) else { return };
        let began_to_leave = beat.leaving && !worker.leaving;
        worker.beat(beat);
        let gave_way = worker.look(beat, now);
        let looks = !is_planted(Mutant::EdgeTriggered);
        if looks && worker.is_ready() && worker.strays(beat, now, REPAIR) {
            let name = worker.name().to_owned();
            self.announce(Notice::Stray(name));
            self.tell(now, id);
        }
        if gave_way {
            let name = self.fleet.name(id).to_owned();
            self.announce(Notice::Strained(name));
            self.relieve(now, id);
        }
        if began_to_leave {
            self.dismiss(now, id);
        }
        self.settle(now, id, beat);
    }

    /// Sends a worker away for what it did.
    pub(super) fn expel(&mut self, now: Duration, id: WorkerId, refusal: Refusal) {
        let Some(session) = self.fleet.get(id).and_then(|worker| worker.session) else { return };
        let (name, why) = (self.fleet.name(id).to_owned(), refusal.to_string());
        self.refuse(session, &name, refusal);
        self.dropped(now, session, &why);
    }
}
