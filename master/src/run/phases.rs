//! How a run goes from one phase to the next. It depends on what is so, not on which event came last.

use std::time::Duration;

use proto::message::REPORT_EVERY;
use proto::plan::Plan;

use super::{Effect, HEAD_START, Phase, Run};
use crate::change::Wish;
use crate::config::show;
use crate::journal::{Dealing, Record};
use crate::loss::Loss;
use crate::notice::Notice;
use crate::refusal::Refusal;
use crate::verdict::Severity;

/// How long last reports may take after the robots' time to log out: two reports, and as much again for a slow network.
pub(super) const GRACE: Duration = REPORT_EVERY.saturating_mul(4);

/// A second is closed after this time even if a worker did not tell of it.
const CLOSING: Duration = Duration::from_secs(3);

/// A master that did not get to run for so long can't say who was silent.
const STALL: Duration = Duration::from_millis(500);

/// How often people are told who is awaited.
const REMIND: Duration = Duration::from_secs(10);

impl Run {
    /// Time went on: who is silent or slow, and which seconds are complete.
    pub(super) fn tick(&mut self, now: Duration) {
        let stall = now.saturating_sub(std::mem::replace(&mut self.ticked, now));
        if stall > STALL {
            // Whoever was not heard meanwhile may well have spoken.
            self.fleet.excuse(stall);
        }
        for id in self.fleet.silent(now) {
            let session = self.fleet.get(id).and_then(|worker| worker.session);
            self.effects.extend(session.map(Effect::Close));
            self.gone(now, id, "silent for 3 s", now);
        }
        self.fleet.overdue(now).into_iter().for_each(|id| self.give_up(now, id));
        for id in self.fleet.slow(now) {
            self.expel(now, id, Refusal::Loading);
        }
        self.close_seconds(now);
        if self.phase == Phase::Running
            && let Some(reason) = self.unreachable(self.elapsed(now))
        {
            self.problem(Severity::Broken, reason.clone());
            self.cut(now, reason);
        }
    }

    /// Goes into the next phase if it is time.
    pub(super) fn advance(&mut self, now: Duration) {
        match self.phase {
            Phase::Waiting { until, remind } => self.wait(now, until, remind),
            Phase::Running => self.go_on(now),
            Phase::Draining { until } => self.drain(now, until),
            Phase::Over => {}
        }
    }

    fn wait(&mut self, now: Duration, until: Option<Duration>, remind: Duration) {
        if self.held {
            return;
        }
        if self.fleet.ready().count() >= self.muster.workers && now >= self.earliest {
            self.begin(now);
        } else if until.is_some_and(|until| now >= until) {
            let waited = show(self.muster.patience.unwrap_or_default());
            let reason = format!("not enough workers within {waited}: {}", self.who_is_there());
            self.problem(Severity::Broken, reason);
            self.finish(now);
        } else if now >= remind {
            self.tell_who_is_there();
            self.phase = Phase::Waiting { until, remind: now + REMIND };
        }
    }

    pub(super) fn who_is_there(&self) -> Notice {
        let names = |ready| {
            let some = self.fleet.workers().filter(move |(_, worker)| worker.is_ready() == ready);
            some.map(|(_, worker)| worker.name().to_owned()).collect()
        };
        Notice::Waiting { expected: self.muster.workers, ready: names(true), loading: names(false) }
    }

    pub(super) fn tell_who_is_there(&mut self) {
        let notice = self.who_is_there();
        self.announce(notice);
    }

    fn begin(&mut self, now: Duration) {
        let owners: Vec<_> = self.fleet.ready().map(|(id, _)| id).collect();
        let start = now + HEAD_START;
        self.start = Some(start);
        self.phase = Phase::Running;
        self.keep(Record::Began { run: self.id, bundle: self.bundle.hash, start });
        self.keep(Record::Plan(self.plan.clone()));
        self.redeal(Dealing::Stripes(owners.clone()));
        let profile = &self.plan.profile;
        let (robots, wanted) = (profile.peak(), profile.stages().iter().map(|stage| stage.robots).max());
        let share = |id| (self.fleet.name(id).to_owned(), self.share_of(id, robots));
        let shares = owners.iter().map(|id| share(*id)).collect();
        self.announce(Notice::Begins { robots, open: profile.is_open(), shares });
        if let Some(wanted) = wanted.filter(|wanted| *wanted > robots) {
            self.announce(Notice::ShortRun { wanted, reached: robots });
        }
        self.revise(now);
    }

    fn go_on(&mut self, now: Duration) {
        if self.start.is_some_and(|start| now >= start + self.plan.profile.end()) {
            self.announce(Notice::Draining);
            self.over(now, self.plan.profile.end());
        } else if let Some(reason) = self.deserted(now) {
            self.problem(Severity::Invalid, reason);
            self.finish(now);
        }
    }

    /// How long the run has been going on.
    pub(crate) fn elapsed(&self, now: Duration) -> Duration {
        self.start.map_or(Duration::ZERO, |start| now.saturating_sub(start))
    }

    /// Somebody wants an end: of the plan, and the second time of everything.
    pub(super) fn stop(&mut self, now: Duration, who: &str) {
        let (was, is_again) = (self.phase, self.changes.iter().any(|change| change.what == Wish::Stop));
        if was == Phase::Running {
            self.cut(now, "asked to stop".into());
        }
        // After the cut: the plan that holds from here on is the one that ends here.
        self.note(now, Wish::Stop, who.to_owned());
        match was {
            Phase::Waiting { .. } => {
                let reason = format!("stopped before it began: {}", self.who_is_there());
                self.problem(Severity::Broken, reason);
                self.finish(now);
            }
            Phase::Draining { .. } if is_again => {
                self.write_off(now, "asked to stop at once");
                self.finish(now);
            }
            // It ends already; that somebody wants it too costs no report.
            Phase::Draining { .. } => self.announce(Notice::Draining),
            Phase::Running | Phase::Over => {}
        }
    }

    /// Ends the plan now, by a revision whose profile ends here.
    pub(super) fn cut(&mut self, now: Duration, why: String) {
        let t = self.elapsed(now);
        self.announce(Notice::Cut(t, why.clone()));
        self.keep(Record::Stopped(t, why.clone()));
        self.stopped = Some((t, why));
        self.take_plan(Plan { profile: self.plan.profile.clone().cut(t), ..Plan::clone(&self.plan) }.into());
        self.keep(Record::Plan(self.plan.clone()));
        self.revise(now);
        self.over(now, t);
    }

    fn over(&mut self, now: Duration, end: Duration) {
        self.keep(Record::Ended(end));
        self.ended = Some(end);
        self.phase = Phase::Draining { until: now + self.plan.timeouts.stop + GRACE };
    }

    fn drain(&mut self, now: Duration, until: Duration) {
        if !self.fleet.workers().any(|(_, worker)| worker.owes()) {
            self.finish(now);
        } else if now >= until {
            self.write_off(now, "its last report did not come in time");
            self.finish(now);
        }
    }

    /// Those whose last report is not there are lost.
    fn write_off(&mut self, now: Duration, why: &str) {
        let t = self.elapsed(now);
        let owing: Vec<_> =
            self.fleet.workers().filter(|(_, worker)| worker.owes()).map(|(id, _)| id).collect();
        for id in owing {
            let start = self.start.unwrap_or_default();
            let missing = self.fleet.get(id).map_or(Duration::ZERO, |worker| worker.untold(now, start));
            let loss = Loss::new(self.fleet.name(id), t, self.robots_of(id, t), why, missing);
            self.lost(id, loss);
        }
    }

    /// Closes each second of which all have told, or that is long over.
    fn close_seconds(&mut self, now: Duration) {
        let Some(start) = self.start else { return };
        let told =
            self.fleet.workers().filter(|(_, worker)| worker.owes()).map(|(_, worker)| worker.reported).min();
        loop {
            let next = self.totals.timeline.next();
            let end = start + Duration::from_secs(next);
            let complete = match told {
                Some(told) => told + Duration::from_millis(1) >= end,
                None => next <= self.totals.timeline.newest(),
            };
            if !complete && now < end + CLOSING {
                break;
            }
            if let (Some(crossed), Phase::Running) = (self.close_second(), self.phase) {
                self.cut(now, format!("a threshold was crossed: {crossed}"));
            }
        }
    }

    /// Closes the next second. The threshold that ends the run, if one was crossed for as long as it says.
    pub(super) fn close_second(&mut self) -> Option<String> {
        let second = self.totals.timeline.close();
        self.ramp.see(second.second, second.alive());
        let number = second.second;
        self.keep(Record::Closed);
        self.effects.push(Effect::Second(number));
        let ended: Vec<_> = self.watches.iter_mut().filter_map(|watch| watch.close(number)).collect();
        ended.into_iter().next()
    }

    /// Ends the run with the verdict that it has earned.
    pub(super) fn finish(&mut self, now: Duration) {
        let t = self.elapsed(now);
        if self.start.is_some() && self.ended.is_none() {
            self.ended = Some(t.min(self.plan.profile.end()));
        }
        while self.totals.timeline.next() <= self.totals.timeline.newest() {
            _ = self.close_second();
        }
        self.judge();
        self.phase = Phase::Over;
        self.keep(Record::Over);
        self.effects.push(Effect::Finish);
    }
}
