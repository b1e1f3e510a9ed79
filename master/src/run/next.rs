//! One run after the other: a run that is held gathers workers until people start it, and takes those of the run before.

use std::time::Duration;

use proto::message::SILENCE;
use proto::plan::Plan;
use uuid::Uuid;

use super::ramp::Ramp;
use super::{Effect, Phase, Run};
use crate::change::Declined;
use crate::journal::Record;
use crate::notice::Notice;
use crate::start::Start;
use crate::threshold::Watch;

impl Run {
    /// The same run, which begins only when it is asked for.
    #[must_use]
    pub fn held(mut self) -> Self {
        self.held = true;
        self
    }

    /// Whether it waits to be asked for.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Puts the next run in its place, held, with the workers that are there; each is told of it.
    pub fn renew(&mut self, now: Duration, id: Uuid, plan: Plan) -> Vec<Effect> {
        // Robots that nobody saw end may live as long as their worker's lease.
        let are_left = self.fleet.workers().any(|(_, worker)| worker.order.is_some() && !worker.delivered);
        let (parts, rows) = ((plan, self.bundle.clone()), std::mem::take(&mut self.rows));
        let mut next = Self::with_rows(now, id, self.muster, parts, rows).held();
        next.watches = self.watches.iter().map(Watch::anew).collect();
        let fleet = std::mem::replace(self, next).fleet.succeed();
        self.earliest = if are_left { now + SILENCE } else { now };
        let here: Vec<_> = fleet.workers().filter_map(|(id, worker)| Some((id, worker.session?))).collect();
        self.fleet = fleet;
        for (id, session) in here {
            self.groups.joined(id);
            // What it has loaded, or is loading, is the same bundle.
            self.welcome(session, Some(self.bundle.hash));
        }
        std::mem::take(&mut self.effects)
    }

    /// Lets a run that was held come about.
    pub(super) fn start_with(
        &mut self,
        now: Duration,
        start: &Start,
        who: String,
    ) -> Result<String, Declined> {
        let plan = start.plan(&self.plan)?;
        self.check(&plan)?;
        self.groups.admit(plan.profile.peak());
        self.ramp = Ramp::of(&plan.profile);
        self.plan = plan.into();
        self.held = false;
        let (run, bundle) = (self.id, self.bundle.hash);
        self.keep(Record::Started { run, bundle, plan: self.plan.clone() });
        self.phase =
            Phase::Waiting { until: self.muster.patience.map(|patience| now + patience), remind: now };
        self.announce(Notice::Started(who));
        Ok(format!("a run is started: {}", self.who_is_there()))
    }

    /// Whether nobody waits for a verdict.
    pub(super) fn is_idle(&self) -> bool {
        self.held && matches!(self.phase, Phase::Waiting { .. })
    }
}
