//! What keeps a run from passing, and what must be known to read its figures.

use std::time::Duration;

use proto::plan::LossPolicy;
use proto::series::{Kind, RobotState};

use super::{Run, arrivals};
use crate::config::open_address;
use crate::notice::Notice;
use crate::threshold::Judgement;
use crate::totals::Second;
use crate::verdict::Severity;
use crate::worker::{MOST_LAG, Worker};

/// When no robot could connect in this time since the start, none will: the target is not there.
pub(super) const UNREACHABLE: Duration = Duration::from_secs(10);

/// A worker that did not keep up for so long spoils the run: what it measured is its own slowness.
const MOST_STRAIN: Duration = Duration::from_secs(5);

impl Run {
    /// Why the run can't go on, if nobody could connect in all that time.
    pub(super) fn unreachable(&self, t: Duration) -> Option<String> {
        if t < UNREACHABLE { None } else { self.nobody_connected() }
    }

    fn nobody_connected(&self) -> Option<String> {
        let (0, 1..) = self.totals.of_kind(Kind::Connect) else { return None };
        let example = self.totals.failures().find(|(series, ..)| series.kind == Kind::Connect);
        let example = example
            .map_or_else(|| "no example".into(), |(.., failure)| crate::text::fit(&failure.example, 300));
        Some(format!("no robot could connect to {}: {example}", open_address(&self.plan.host)))
    }

    /// Adds the problems that only show at the end.
    pub(super) fn judge(&mut self) {
        let known = self.problems.iter().any(|problem| problem.severity == Severity::Broken);
        match self.nobody_connected() {
            Some(reason) if !known => self.problem(Severity::Broken, reason),
            _ => {}
        }
        if self.problems.is_empty() && self.start.is_some() && self.is_empty_handed() {
            self.problem(Severity::Broken, self.nothing());
        }
        let delivered = self.fleet.workers().any(|(_, worker)| worker.delivered);
        if self.problems.is_empty() && !self.losses.is_empty() && !delivered {
            self.problem(Severity::Invalid, "no worker delivered its last report".into());
        }
        let strained = self.fleet.workers().filter(|(_, worker)| worker.strain >= MOST_STRAIN);
        let reasons: Vec<_> = strained.map(|(_, worker)| saturated(worker)).collect();
        reasons.into_iter().for_each(|reason| self.problem(Severity::Invalid, reason));
        // Under `continue` a loss alone explains robots that are missing.
        let explained = self.plan.on_worker_loss == LossPolicy::Continue && !self.losses.is_empty();
        if self.problems.is_empty() && !explained {
            let profile = &self.plan.profile;
            let shortfall = match profile.is_open() {
                true => arrivals::shortfall(profile, self.ran(), &self.totals, self.losses.len()),
                false => self.ramp.shortfall(self.ran()),
            };
            shortfall.into_iter().for_each(|reason| self.problem(Severity::Invalid, reason));
        }
        if self.start.is_some() {
            let complaints: Vec<_> = self.judgements().iter().filter_map(Judgement::complaint).collect();
            complaints.into_iter().for_each(|reason| self.problem(Severity::Crossed, reason));
        }
    }

    /// How each threshold stands.
    pub fn judgements(&self) -> Vec<Judgement> {
        let told = Duration::from_secs(self.totals.timeline.seconds().len() as u64);
        let ran = self.ended.unwrap_or(told);
        self.watches.iter().map(|watch| watch.judge(ran)).collect()
    }

    fn is_empty_handed(&self) -> bool {
        self.totals.series().iter().all(|total| total.ok.count() == 0 && total.failed.count() == 0)
    }

    fn nothing(&self) -> String {
        match self.losses.last() {
            Some(loss) => format!("nothing was measured: {loss}"),
            None => "nothing was measured: the run ended before any robot connected".into(),
        }
    }

    /// Robots that were alive but never got in: the target was under less load than the plan says.
    /// Of an open model nobody says how many are to play at a time: those that are in are gone the sooner.
    fn outside(&self) -> Option<String> {
        if self.plan.profile.is_open() {
            return None;
        }
        let seconds = self.totals.timeline.seconds();
        let playing = seconds.iter().map(|second| second.users[RobotState::Playing as usize]).max()?;
        let alive = seconds.iter().map(Second::alive).max()?;
        let outside = playing.saturating_add((alive / 100).max(1)) < alive;
        outside
            .then(|| format!("at most {playing} of {alive} robots were playing at a time: see what failed"))
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let late = |lag: Duration| format!("{} ms", lag.as_millis());
        let lagging = self.fleet.workers().filter(|(_, worker)| worker.lag > MOST_LAG).map(|(_, worker)| {
            let (name, lag) = (worker.name(), late(worker.lag));
            format!("worker {name}: a robot thread woke {lag} late; its latencies may be too high")
        });
        let mut warnings: Vec<_> = self.losses.iter().map(|loss| loss.to_string()).chain(lagging).collect();
        for (_, worker) in self.fleet.workers().filter(|(_, worker)| worker.told > worker.robots) {
            let (name, told, robots) = (worker.name(), worker.told, worker.robots);
            warnings.push(format!("worker {name} told of {told} robots, but at most {robots} were its"));
        }
        warnings.extend(self.outside());
        if self.foreign > 0 {
            warnings.push(format!("{} reports of other runs came and were left out", self.foreign));
        }
        if self.totals.folded() > 0 {
            warnings.push(Notice::Folded.to_string());
        }
        if self.totals.timeline.is_coarse() {
            warnings.push(
                "the run has too many figures: its later seconds tell sums only, not single series".into(),
            );
        }
        warnings
    }
}

fn saturated(worker: &Worker) -> String {
    let (name, strain) = (worker.name(), crate::text::seconds(worker.strain));
    format!(
        "worker {name} was saturated for {strain}: its threads were full and woke more than {} ms late; give it fewer \
         robots, or add workers",
        MOST_LAG.as_millis()
    )
}
