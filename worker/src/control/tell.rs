//! What a worker says to its master, and how it takes its leave.

use proto::Up;
use proto::message::{Beat, Hello, PROTOCOL_MAJOR, PROTOCOL_MINOR};
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Control, uuid};
use crate::reporter::Reporter;
use crate::serve::Ended;

impl Control {
    pub(super) fn hello(&mut self) -> Hello {
        Hello {
            name: self.config.name.clone(),
            incarnation: self.incarnation,
            session: uuid(&mut self.rng),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol_major: PROTOCOL_MAJOR,
            protocol_minor: PROTOCOL_MINOR,
            cores: u32::try_from(self.engine.width()).unwrap_or(u32::MAX),
            open_files: rlimit::Resource::NOFILE.get_soft().unwrap_or(0),
            mods: self.registry.names().map(str::to_owned).collect(),
            bundle: self.loaded.as_ref().map(|(hash, _)| *hash),
        }
    }

    /// How far all robots have got with the assignment, and whether the worker is leaving.
    fn stand(&self) -> (u64, bool) {
        let settled = self.held.as_ref().map_or(0, |held| self.engine.settled(held.assignment.run));
        (settled, self.stopping.is_some())
    }

    /// Whether others wait to hear what a beat would say: slots are free, or the worker leaves.
    pub(super) fn has_news(&self) -> bool {
        let (settled, leaving) = self.stand();
        settled > self.said.0 || leaving != self.said.1
    }

    /// Says what runs. A beat that finds the stream full is left out: the next says the same, and newer.
    pub(super) fn beat(&mut self, up: &mpsc::Sender<Up>) {
        let load = self.engine.load();
        let assignment = self.held.as_ref().map(|held| &held.assignment);
        let (settled, leaving) = self.stand();
        let beat = Beat {
            sent: self.clock.stamp(Instant::now()),
            run: assignment.map_or(Uuid::nil(), |assignment| assignment.run),
            epoch: assignment.map_or(0, |assignment| assignment.epoch),
            robots: load.robots,
            lag: load.lag,
            busy_permille: load.busy_permille,
            settled,
            leaving,
            backlog: self.reporter.as_ref().map_or(0, |reporter| reporter.waiting() as u32),
        };
        self.said = (settled, leaving);
        let _left_out = up.try_send(Up::Beat(beat));
    }

    /// Sends what robots ask of others, as far as the stream has room.
    pub(super) fn send_groups(&mut self, up: &mpsc::Sender<Up>) {
        let Some(exchange) = &mut self.exchange else { return };
        while let Ok(room) = up.try_reserve() {
            match exchange.next_asks() {
                Some(asks) => room.send(Up::Groups(asks)),
                None => return,
            }
        }
        exchange.hold_back();
    }

    /// Sends the reports that wait, as far as the stream has room and the master wants them.
    pub(super) fn send_reports(&mut self, up: &mpsc::Sender<Up>) {
        if self.welcome.is_none() {
            return;
        }
        let Some(reporter) = &mut self.reporter else { return };
        while let Ok(room) = up.try_reserve() {
            match reporter.next_to_send() {
                Some(report) => room.send(Up::Report(report)),
                None => return,
            }
        }
    }

    /// Begins to stop: the robots leave, and the last report is delivered.
    pub(super) fn stop(&mut self) {
        tracing::info!("told to stop: robots leave, then the last report is delivered");
        self.stopping = Some(Instant::now() + self.config.stop_timeout);
        self.engine.leave();
    }

    /// How it ended, of a worker that was told to stop and has nothing more to do, or no time.
    pub(super) fn stopped(&mut self) -> Option<Ended> {
        let limit = self.stopping?;
        let at_rest = self.engine.is_at_rest();
        if at_rest && self.held.is_some() {
            self.reporter.iter_mut().for_each(Reporter::close);
        }
        let reports = self.reporter.as_ref().map_or(0, Reporter::waiting);
        if at_rest && reports == 0 {
            return Some(Ended::Done("stopped".to_owned()));
        }
        (Instant::now() >= limit).then(|| {
            let robots: u64 = self.engine.robots();
            let most = self.config.stop_timeout;
            Ended::Undone(format!(
                "after {most:?} {robots} robots had not left and {reports} reports were not merged"
            ))
        })
    }
}
