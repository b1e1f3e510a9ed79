//! Reports: each is merged once, kept, and acked, in this order.

use std::sync::Arc;
use std::time::Duration;

use proto::message::Down;
use proto::report::Report;

use super::Run;
use crate::fleet::WorkerId;
use crate::journal::Record;
use crate::notice::Notice;
use crate::refusal::Refusal;
use crate::totals;
use crate::worker::Order;

/// How far a report may lie ahead of the master's clock: what two clocks can differ, generously. A worker with a lease has heard
/// of the master's clock in less.
const AHEAD: Duration = Duration::from_secs(2);

impl Run {
    pub(super) fn report(&mut self, now: Duration, id: WorkerId, report: Arc<Report>) {
        let Some(worker) = self.fleet.get(id) else { return };
        if self.start.is_none() || report.run != self.id || worker.order.is_none() {
            return self.foreign(id);
        }
        let session = worker.session;
        match worker.order_of(report.sequence) {
            Order::Repeat => {}
            Order::Gap => {
                let expected = worker.applied.saturating_add(1);
                return self.expel(now, id, Refusal::Gap { expected, got: report.sequence });
            }
            Order::Next => {
                if let Err(wrong) = possible(&report, now) {
                    return self.expel(now, id, Refusal::Impossible(wrong));
                }
                self.merge(id, &report);
                self.keep(Record::Merged { id, report });
            }
        }
        let applied = self.fleet.get(id).map_or(0, |worker| worker.applied);
        if let Some(session) = session {
            self.send(session, Down::Ack(applied));
        }
    }

    pub(super) fn merge(&mut self, id: WorkerId, report: &Report) {
        let (Some(start), Some(worker)) = (self.start, self.fleet.get_mut(id)) else { return };
        worker.applied(report);
        if report.last {
            self.make_good(id);
        }
        let (was, was_overfull) = (self.totals.folded(), self.totals.is_overfull(id));
        let second = second_of(report.to, start);
        self.watches.iter_mut().for_each(|watch| watch.see(second, report));
        self.totals.apply(id, second, report);
        if was == 0 && self.totals.folded() > 0 {
            self.announce(Notice::Folded);
        }
        if !was_overfull && self.totals.is_overfull(id) {
            let name = self.fleet.name(id).to_owned();
            self.announce(Notice::Overfull(name));
        }
    }

    /// Warnings of workers that told more than is kept of one.
    pub(super) fn overfull(&self) -> Vec<String> {
        let workers = self.fleet.workers().filter(|(id, _)| self.totals.is_overfull(*id));
        workers.map(|(_, worker)| Notice::Overfull(worker.name().to_owned()).to_string()).collect()
    }

    pub(super) fn foreign(&mut self, id: WorkerId) {
        self.foreign += 1;
        if self.foreign == 1 {
            let name = self.fleet.name(id).to_owned();
            self.announce(Notice::Foreign(name));
        }
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
