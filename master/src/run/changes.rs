//! People change a run while it goes on. Whatever is granted is a new revision of the plan, or a command to robots, and
//! stands on the timeline with who asked.

use std::time::Duration;

use proto::command::Command;
use proto::message::Down;
use proto::plan::Plan;
use proto::profile::ProfileError;

use super::{Effect, Phase, Run};
use crate::change::{Change, Declined, MOST_CHANGES, MOST_CHANGES_A_SECOND, Told, Wish};
use crate::journal::Record;
use crate::notice::Notice;
use crate::{ports, start};

impl Run {
    /// Grants a wish, or says why not.
    pub(super) fn wish(&mut self, now: Duration, wish: Wish, who: &str) {
        let granted = self.grant(now, wish, crate::text::fit(who, 100));
        let (run, revision) = (self.id.to_string(), self.revision);
        self.effects.push(Effect::Answer(granted.map(|told| Told { run, revision, told })));
    }

    fn grant(&mut self, now: Duration, wish: Wish, who: String) -> Result<String, Declined> {
        self.stands_for(now, &wish)?;
        match wish {
            Wish::Start(start) => self.start_with(now, &start, who),
            Wish::Stop => Ok(self.stop_for(now, who)),
            Wish::Command { name, share_permille, args } => {
                let id = self.changes.len() as u64 + 1;
                self.command(now, Command { id, name, share_permille, args: args.into() }, who)
            }
            wish => self.amend(now, self.precise(wish), who),
        }
    }

    /// Whether the run stands where such a wish can be granted.
    fn stands_for(&self, at: Duration, wish: &Wish) -> Result<(), Declined> {
        let now = |why: &str| Err(Declined::Now(why.into()));
        match (self.phase, wish) {
            (_, Wish::Start(_)) if self.held => Ok(()),
            (_, Wish::Start(_)) => now("a run goes on already; stop it first"),
            _ if self.held => now("no run goes on; start one first"),
            (Phase::Over, _) => now("the run is over"),
            (_, Wish::Stop) => Ok(()),
            (Phase::Waiting { .. }, _) => {
                Err(Declined::Now(format!("the run has not begun: {}", self.who_is_there())))
            }
            (Phase::Draining { .. }, _) => now("the run is stopping"),
            (Phase::Running, _) if self.changes.len() >= MOST_CHANGES => Err(Declined::Now(format!(
                "the run was changed {MOST_CHANGES} times; it takes no more than its end"
            ))),
            (Phase::Running, _) if self.is_hasty(at) => Err(Declined::Now(format!(
                "the run was changed {MOST_CHANGES_A_SECOND} times within a second; ask again a little later"
            ))),
            (Phase::Running, _) => Ok(()),
        }
    }

    /// Whether people changed it so often just now that workers need time to read it.
    fn is_hasty(&self, now: Duration) -> bool {
        let t = self.elapsed(now);
        let second = |change: &&Change| change.at + Duration::from_secs(1) > t;
        self.changes.iter().rev().take_while(second).count() >= MOST_CHANGES_A_SECOND
    }

    /// The wish with all that it leaves open.
    fn precise(&self, wish: Wish) -> Wish {
        match wish {
            Wish::Users { users, rate: None } => {
                Wish::Users { users, rate: Some(start::rate(&self.plan.profile)) }
            }
            other => other,
        }
    }

    /// Goes on by a new revision of the plan.
    fn amend(&mut self, now: Duration, wish: Wish, who: String) -> Result<String, Declined> {
        let plan = self.amended(self.elapsed(now), &wish)?;
        self.take_plan(plan.into());
        self.keep(Record::Plan(self.plan.clone()));
        let told = self.note(now, wish, who);
        self.revise(now);
        Ok(told)
    }

    fn amended(&self, t: Duration, wish: &Wish) -> Result<Plan, Declined> {
        let mut plan = Plan::clone(&self.plan);
        let profile = &self.plan.profile;
        match wish {
            Wish::Users { users, rate } => {
                let rate = rate.unwrap_or(f64::NAN);
                let changed = start::possible(*users).and_then(|users| profile.changed(t, users, rate));
                plan.profile = changed.map_err(declined)?;
            }
            Wish::Arrivals { rate } => plan.profile = profile.with_arrivals(t, *rate).map_err(declined)?,
            Wish::Pause if plan.paused => return Err(Declined::Now("the run is paused already".into())),
            Wish::Resume if !plan.paused => return Err(Declined::Now("the run is not paused".into())),
            Wish::Pause | Wish::Resume => plan.paused = *wish == Wish::Pause,
            Wish::Start(_) | Wish::Stop | Wish::Command { .. } => {} // no revision
        }
        self.check(&plan)?;
        Ok(plan)
    }

    /// What can only be wrong of the whole plan.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), Declined> {
        plan.check().map_err(Declined::never)?;
        let workers = self.muster.workers.max(self.fleet.ready().count());
        if let Some(lacking) = ports::lacking(plan, workers as u64).first() {
            return Err(Declined::never(lacking));
        }
        self.rows.check(plan).map_err(Declined::Never)
    }

    /// Puts a plan in place of the one so far.
    pub(super) fn take_plan(&mut self, plan: std::sync::Arc<Plan>) {
        self.groups.admit(plan.profile.peak());
        self.plan = plan;
        self.revision += 1;
    }

    fn stop_for(&mut self, now: Duration, who: String) -> String {
        self.stop(now, &who);
        if self.phase == Phase::Over {
            "stopped at once".into()
        } else {
            "stopping: last reports are awaited".into()
        }
    }

    /// Tells every worker that is there what robots are to do.
    fn command(&mut self, now: Duration, command: Command, who: String) -> Result<String, Declined> {
        command.check().map_err(Declined::never)?;
        let sessions: Vec<_> = self.fleet.ready().filter_map(|(_, worker)| worker.session).collect();
        if sessions.is_empty() {
            return Err(Declined::Now("no worker is there to be told".into()));
        }
        let Command { name, share_permille, args, .. } = command.clone();
        let told = self.note(now, Wish::Command { name, share_permille, args: args.as_ref().into() }, who);
        sessions.into_iter().for_each(|session| self.send(session, Down::Command(command.clone())));
        Ok(told)
    }

    /// Puts on the timeline what people did.
    pub(super) fn note(&mut self, now: Duration, what: Wish, who: String) -> String {
        let told = what.to_string();
        let change = Change { at: self.elapsed(now), revision: self.revision, what: what.brief(), who };
        if change.what != Wish::Stop {
            self.announce(Notice::Changed(change.clone())); // a stop is told as what it does
        }
        self.keep(Record::Changed(change.clone()));
        self.recall_change(change);
        told
    }

    pub(super) fn recall_change(&mut self, change: Change) {
        if let Wish::Users { users, .. } = change.what {
            self.ramp.follow(&self.plan.profile, change.at, users);
        }
        self.changes.push(change);
    }
}

fn declined(error: ProfileError) -> Declined {
    match error {
        ProfileError::Over { .. } | ProfileError::TooManyStages(_) => Declined::Now(error.to_string()),
        _ => Declined::never(error),
    }
}
