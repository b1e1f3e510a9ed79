//! What may be other than usual in a run that people start. The usual plan comes in, that of the run goes out.

use std::time::Duration;

use proto::arrivals::Arrivals;
use proto::plan::Plan;
use proto::profile::{Edge, MOST_ROBOTS, Profile, ProfileError};
use serde::{Deserialize, Serialize};

use crate::change::Declined;

/// The shortest run.
const LEAST: Duration = Duration::from_millis(1);

/// What is asked of a run; whatever is missing is as usual.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Start {
    /// Robots at the peak.
    pub users: Option<u64>,
    /// Robots born per second.
    pub spawn_rate: Option<f64>,
    /// How long it lasts.
    pub run_time: Option<Duration>,
    /// Sessions that begin per second, in an open model.
    pub arrivals: Option<f64>,
    /// How they are spaced.
    pub arrivals_model: Option<Arrivals>,
}

impl Start {
    /// The plan of the run that is asked for.
    ///
    /// # Errors
    /// When it can't be run.
    pub(crate) fn plan(&self, usual: &Plan) -> Result<Plan, Declined> {
        if *self == Self::default() {
            return Ok(usual.clone());
        }
        let profile = self.profile(usual)?;
        Ok(Plan { profile, ..usual.clone() })
    }

    fn profile(&self, usual: &Plan) -> Result<Profile, Declined> {
        self.check(&usual.profile).map_err(|wrong| Declined::Never(wrong.into()))?;
        let run_time = self.run_time.unwrap_or(usual.profile.end());
        let is_open = self.arrivals.is_some() || (self.users.is_none() && usual.profile.is_open());
        let profile = match is_open {
            true => self.open(usual, run_time),
            false => self.closed(&usual.profile, run_time),
        };
        profile.map_err(Declined::never)
    }

    /// Whether what is given goes together, and with what is as usual.
    fn check(&self, usual: &Profile) -> Result<(), &'static str> {
        let (closed, open) = (self.users.is_some(), self.arrivals.is_some());
        if (closed || self.spawn_rate.is_some()) && (open || self.arrivals_model.is_some()) {
            return Err("users and spawn_rate do not go with arrivals; leave one of the two out");
        }
        let is_whole = open || (closed && self.spawn_rate.is_some());
        if !is_whole && !is_plain(usual) {
            return Err(
                "the plan has stages, which say how many there are and how long it lasts; give users and \
                        spawn_rate, or arrivals, too",
            );
        }
        if self.arrivals_model.is_some() && !open && !usual.is_open() {
            return Err("arrivals_model: there are no arrivals; give arrivals too, or leave it out");
        }
        if self.spawn_rate.is_some() && !closed && usual.is_open() {
            return Err(
                "spawn_rate does not go with arrivals, which the plan has; give users too, or leave it out",
            );
        }
        if self.users == Some(0) || self.run_time.is_some_and(|run_time| run_time < LEAST) {
            return Err("a run has a robot at least, and lasts; give users from 1 and a run_time above 0");
        }
        Ok(())
    }

    fn closed(&self, usual: &Profile, run_time: Duration) -> Result<Profile, ProfileError> {
        // What was asked for, even where the time was not enough to get there.
        let most = usual.stages().iter().map(|stage| stage.robots).max().unwrap_or(1);
        let users = self.users.unwrap_or(most);
        Profile::ramp(possible(users)?, self.spawn_rate.unwrap_or_else(|| rate(usual)), run_time)
    }

    fn open(&self, usual: &Plan, run_time: Duration) -> Result<Profile, ProfileError> {
        let flow = usual.profile.flow();
        let rate = self.arrivals.or(flow.map(|flow| flow.rate())).unwrap_or(1.0);
        let model = self.arrivals_model.or(flow.map(|flow| flow.model())).unwrap_or_default();
        Profile::arrivals(rate, model, run_time, usual.seed)
    }
}

/// Whether a few numbers say all of it, as on the command line: a ramp that is held, or one rate of arrivals.
fn is_plain(profile: &Profile) -> bool {
    if let Some(flow) = profile.flow() {
        return matches!(flow.stages(), [all] if all.edge == Edge::Step);
    }
    match profile.stages() {
        [up] => up.edge == Edge::Linear,
        [up, hold] => {
            [up, hold].iter().all(|stage| stage.edge == Edge::Linear)
                && up.cut.is_none()
                && up.robots == hold.robots
        }
        _ => false,
    }
}

/// So many robots, if a plan can hold them.
pub(crate) fn possible(users: u64) -> Result<u64, ProfileError> {
    if users > MOST_ROBOTS { Err(ProfileError::TooMany(users)) } else { Ok(users) }
}

/// How many robots a profile begins with per second; 1 where it says nothing.
pub(crate) fn rate(profile: &Profile) -> f64 {
    let first = profile.stages().first().filter(|stage| stage.robots > 0);
    let rate = |robots: u64, time: Duration| {
        if time.is_zero() { robots as f64 } else { robots as f64 / time.as_secs_f64() }
    };
    first.map_or(1.0, |stage| rate(stage.robots, stage.duration))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proto::arrivals::{Rate, RateStage};
    use proto::class::{Class, Classes, Share};
    use proto::profile::Stage;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn plan(profile: Profile) -> Plan {
        let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["role".into()]);
        Plan::new(profile, Classes::new(vec![class]).unwrap(), "ws://127.0.0.1:8765")
    }

    fn usual() -> Plan {
        plan(Profile::ramp(100, 20.0, 60 * S).unwrap())
    }

    fn open() -> Plan {
        plan(Profile::arrivals(5.0, Arrivals::Constant, 60 * S, 0).unwrap())
    }

    fn stages(stages: &[(u64, u64, Edge)]) -> Plan {
        let stages =
            stages.iter().map(|(s, robots, edge)| Stage::new(Duration::from_secs(*s), *robots, *edge));
        plan(Profile::new(stages.collect()).unwrap())
    }

    fn rates(stages: &[(u64, f64, Edge)]) -> Plan {
        let stages = stages
            .iter()
            .map(|(s, rate, edge)| RateStage::new(Duration::from_secs(*s), Rate::new(*rate).unwrap(), *edge));
        plan(Profile::open(stages.collect(), Arrivals::Constant, 0).unwrap())
    }

    #[test]
    fn what_is_not_asked_for_is_as_usual() {
        let table = [
            (Start::default(), 100, 5 * S, 60 * S),
            (Start { users: Some(40), ..Start::default() }, 40, 2 * S, 60 * S),
            (Start { spawn_rate: Some(50.0), ..Start::default() }, 100, 2 * S, 60 * S),
            (Start { run_time: Some(9 * S), ..Start::default() }, 100, 5 * S, 9 * S),
        ];
        for (start, peak, ramp, end) in table {
            let profile = start.plan(&usual()).unwrap().profile;
            assert_eq!(
                (profile.peak(), profile.stages()[0].duration, profile.end()),
                (peak, ramp, end),
                "{start:?}"
            );
        }
        let open = Start { arrivals: Some(5.0), ..Start::default() }.plan(&usual()).unwrap().profile;
        assert_eq!((open.arrived(10 * S), open.end()), (50, 60 * S));
    }

    #[test]
    fn as_many_robots_are_wanted_as_were_asked_for_however_many_the_usual_time_was_enough_for() {
        let start = Start { run_time: Some(60 * S), ..Start::default() };
        for (rate, time) in [(10.0, 10 * S), (10.0, 5 * S), (20.0, 60 * S)] {
            let usual = plan(Profile::ramp(100, rate, time).unwrap());
            let profile = start.plan(&usual).unwrap().profile;
            assert_eq!(
                (profile.peak(), profile.stages()[0].duration),
                (100, S.mul_f64(100.0 / rate)),
                "{time:?}"
            );
        }
    }

    #[test]
    fn stages_are_never_turned_into_something_else_unasked() {
        let staged = [
            stages(&[(60, 100, Edge::Step)]),
            stages(&[(30, 100, Edge::Linear), (30, 0, Edge::Linear)]),
            stages(&[(30, 100, Edge::Step), (30, 100, Edge::Linear)]),
            stages(&[(10, 100, Edge::Linear), (10, 50, Edge::Linear), (10, 100, Edge::Linear)]),
            rates(&[(60, 10.0, Edge::Linear)]),
            rates(&[(30, 10.0, Edge::Step), (30, 20.0, Edge::Step)]),
        ];
        let parts = [
            Start { run_time: Some(300 * S), ..Start::default() },
            Start { spawn_rate: Some(5.0), ..Start::default() },
            Start { users: Some(5), run_time: Some(300 * S), ..Start::default() },
            Start { arrivals_model: Some(Arrivals::Poisson), ..Start::default() },
        ];
        let whole = [
            Start { users: Some(5), spawn_rate: Some(5.0), ..Start::default() },
            Start { arrivals: Some(5.0), ..Start::default() },
        ];
        let sentence = "the plan has stages, which say how many there are and how long it lasts; give users and \
                        spawn_rate, or arrivals, too";
        for usual in &staged {
            for start in &parts {
                let declined = start.plan(usual).unwrap_err();
                assert_eq!(declined, Declined::Never(sentence.into()), "{start:?} of {:?}", usual.profile);
            }
            assert!(whole.iter().all(|start| start.plan(usual).is_ok()), "{:?}", usual.profile);
            assert_eq!(Start::default().plan(usual).unwrap(), *usual);
        }
        // A ramp that is held is one, however it was written.
        let held = stages(&[(30, 100, Edge::Linear), (30, 100, Edge::Linear)]);
        assert_eq!(parts[0].plan(&held).unwrap().profile.alive(299 * S), 100);
    }

    #[test]
    fn what_the_command_line_refuses_is_declined_too() {
        let table = [
            (
                usual(),
                Start { arrivals_model: Some(Arrivals::Poisson), ..Start::default() },
                "arrivals_model: there are no arrivals; give arrivals too, or leave it out",
            ),
            (
                open(),
                Start { spawn_rate: Some(5.0), ..Start::default() },
                "spawn_rate does not go with arrivals, which the plan has; give users too, or leave it out",
            ),
            (
                usual(),
                Start { run_time: Some(86_401 * S), ..Start::default() },
                "the profile lasts 86401 s; the longest run is 24 h",
            ),
            (
                open(),
                Start { run_time: Some(Duration::MAX), ..Start::default() },
                "the profile lasts 18446744073709.55 s; the longest run is 24 h",
            ),
        ];
        for (usual, start, sentence) in table {
            assert_eq!(start.plan(&usual).unwrap_err(), Declined::Never(sentence.into()), "{start:?}");
        }
        let poisson = Start { arrivals_model: Some(Arrivals::Poisson), ..Start::default() };
        assert_eq!(poisson.plan(&open()).unwrap().profile.flow().map(|flow| flow.rate()), Some(5.0));
        let closed = Start { users: Some(5), spawn_rate: Some(5.0), ..Start::default() };
        assert_eq!(closed.plan(&open()).unwrap().profile.peak(), 5);
    }

    #[test]
    fn what_can_t_be_run_is_declined_with_a_sentence() {
        let table = [
            (
                Start { users: Some(1 << 63), ..Start::default() },
                "9223372036854775808 robots are more than a plan can hold (1000000000)",
            ),
            (
                Start { spawn_rate: Some(0.0), ..Start::default() },
                "a spawn rate of 0 robots per second is not possible; give a number above 0",
            ),
            (
                Start { users: Some(1), arrivals: Some(1.0), ..Start::default() },
                "users and spawn_rate do not go with arrivals; leave one of the two out",
            ),
            (
                Start { run_time: Some(Duration::ZERO), ..Start::default() },
                "a run has a robot at least, and lasts; give users from 1 and a run_time above 0",
            ),
        ];
        for (start, sentence) in table {
            assert_eq!(start.plan(&usual()).unwrap_err(), Declined::Never(sentence.into()), "{start:?}");
        }
    }
}
