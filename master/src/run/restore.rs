//! A run as its journal tells of it, for a master that was started again. Its workers are away, and have the time of their
//! leases to come back; then it goes on like any run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proto::message::{Assignment, Bundle, BundleHash, SILENCE};
use uuid::Uuid;

use super::phases::GRACE;
use super::{Phase, Run};
use crate::config::Muster;
use crate::fleet::WorkerId;
use crate::journal::{Dealing, Record};
use crate::notice::Notice;
use crate::threshold::Threshold;
use crate::worker::Away;

/// How long a master that was started again waits for the first of its workers.
const RECOVERY: Duration = Duration::from_secs(10);

/// Why a run can't be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Its files are others.
    #[error(
        "its run {0} has another bundle than the files given now; give those of that run, or another folder"
    )]
    Bundle(Uuid),
    /// It does not begin as one does.
    #[error("it does not tell how its run began")]
    NoBegin,
}

impl Run {
    /// The run that those records tell of, at `now`.
    ///
    /// # Errors
    /// When they don't tell of a run with that bundle.
    pub fn restore(
        now: Duration,
        muster: Muster,
        bundle: Arc<Bundle>,
        records: Vec<Record>,
        thresholds: &[Threshold],
    ) -> Result<Self, RestoreError> {
        let mut records = records.into_iter().filter(|record| !matches!(record, Record::Mark(_)));
        let mut first = records.next();
        if let Some(Record::Started { run: id, bundle: hash, plan }) = first {
            first = records.next();
            if first.is_none() {
                is_same(id, hash, &bundle)?;
                return Ok(
                    Self::new(now, id, muster, Arc::unwrap_or_clone(plan), bundle).judged_by(thresholds)
                );
            }
        }
        let Some(Record::Began { run: id, bundle: hash, start }) = first else {
            return Err(RestoreError::NoBegin);
        };
        let Some(Record::Plan(plan)) = records.next() else { return Err(RestoreError::NoBegin) };
        is_same(id, hash, &bundle)?;
        let mut run = Self::new(now, id, muster, Arc::unwrap_or_clone(plan), bundle).judged_by(thresholds);
        (run.start, run.phase) = (Some(start), Phase::Running);
        let mut present = BTreeSet::new();
        records.for_each(|record| run.recall(record, &mut present));
        run.resume(now, &present);
        Ok(run)
    }

    fn recall(&mut self, record: Record, present: &mut BTreeSet<WorkerId>) {
        match record {
            Record::Plan(plan) => self.take_plan(plan),
            Record::Changed(change) => self.recall_change(change),
            Record::Member { id, name, incarnation } => self.fleet.recall(id, name, incarnation),
            Record::Dealt(dealing) => {
                // Whoever is to have slots is awaited, also if it was given none yet: they would be nobody's.
                match &dealing {
                    Dealing::Stripes(owners) => present.extend(owners),
                    Dealing::Join(owner) => drop(present.insert(*owner)),
                    Dealing::Lose(..) | Dealing::Relieve(..) => {}
                }
                dealing.apply(&mut self.deal);
            }
            Record::Order { id, epoch, slots } => {
                self.epoch = epoch;
                if !slots.is_empty() {
                    present.insert(id);
                }
                self.grants.grant(id, &slots);
                let (run, plan, start) = (self.id, self.plan.clone(), self.start.unwrap_or_default());
                self.order(id, Assignment { run, epoch, plan, slots, start });
            }
            Record::Settled(id) => {
                let order = self.fleet.get(id).and_then(|worker| worker.order.as_ref());
                order.map(|order| self.grants.settle(id, &order.slots));
            }
            Record::Released(id) => {
                present.remove(&id);
                self.grants.release(id);
            }
            Record::Merged { id, report } => self.merge(id, &report),
            Record::Closed => drop(self.close_second()),
            Record::Lost { id, loss } => {
                present.remove(&id);
                self.grants.release(id);
                self.note_loss(id, loss);
            }
            Record::Problem(problem) => self.problems.push(problem),
            Record::Stopped(at, why) => self.stopped = Some((at, why)),
            Record::Ended(at) => self.ended = Some(at),
            Record::Mark(_) | Record::Began { .. } | Record::Started { .. } | Record::Over => {}
        }
    }

    /// What was to be a worker's that never heard of it is the others': the journal may end in the middle of that.
    fn forget_untold(&mut self) {
        let owners = self.deal.owners().iter().copied();
        let is_told = |id: &WorkerId| self.fleet.get(*id).is_some_and(|worker| worker.order.is_some());
        let (told, untold): (Vec<_>, Vec<_>) = owners.partition(is_told);
        untold.into_iter().for_each(|id| self.redeal(Dealing::Lose(id, told.clone())));
    }

    /// Goes on from here. What was decided before is known to everybody.
    fn resume(&mut self, now: Duration, present: &BTreeSet<WorkerId>) {
        self.effects.clear();
        self.forget_untold();
        for id in present {
            let why = "it did not come back when the master was started again".to_owned();
            let away = Away { since: now, until: now + SILENCE, why };
            self.fleet.leave(*id, Some(away));
        }
        self.alone = now + RECOVERY;
        if self.ended.is_some() {
            self.phase = Phase::Draining { until: now + self.plan.timeouts.stop + GRACE };
        }
        self.announce(Notice::Resumed { run: self.id, at: self.elapsed(now), workers: present.len() });
    }
}

/// Whether a run's files are those that are there.
fn is_same(run: Uuid, hash: BundleHash, bundle: &Bundle) -> Result<(), RestoreError> {
    if hash == bundle.hash { Ok(()) } else { Err(RestoreError::Bundle(run)) }
}
