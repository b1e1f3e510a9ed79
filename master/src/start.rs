//! What may be other than usual in a run that people start. The usual plan comes in, that of the run goes out.

use std::time::Duration;

use proto::arrivals::Arrivals;
use proto::plan::Plan;
use proto::profile::{LONGEST_RUN, MOST_ROBOTS, Profile, ProfileError};
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
        let (closed, open) = (self.users.is_some() || self.spawn_rate.is_some(), self.is_open());
        if closed && open {
            let wrong = "users and spawn_rate do not go with arrivals; leave one of the two out";
            return Err(Declined::Never(wrong.into()));
        }
        let is_staged =
            usual.profile.stages().len() > 2 || usual.profile.flow().is_some_and(|f| f.stages().len() > 1);
        if !closed && !open && is_staged {
            let wrong = "the plan has stages, which say how long it lasts; give users and spawn_rate, or arrivals, too";
            return Err(Declined::Never(wrong.into()));
        }
        let run_time = self.run_time.unwrap_or(usual.profile.end()).min(LONGEST_RUN);
        if self.users == Some(0) || run_time < LEAST {
            return Err(Declined::Never(
                "a run has a robot at least, and lasts; give users from 1 and a run_time above 0".into(),
            ));
        }
        let profile = match open || (!closed && usual.profile.is_open()) {
            true => self.open(usual, run_time),
            false => self.closed(&usual.profile, run_time),
        };
        profile.map_err(Declined::never)
    }

    fn is_open(&self) -> bool {
        self.arrivals.is_some() || self.arrivals_model.is_some()
    }

    fn closed(&self, usual: &Profile, run_time: Duration) -> Result<Profile, ProfileError> {
        let most = if usual.is_open() { 1 } else { usual.peak() };
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

    use proto::class::{Class, Classes, Share};

    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn usual() -> Plan {
        let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["role".into()]);
        let profile = Profile::ramp(100, 20.0, 60 * S).unwrap();
        Plan::new(profile, Classes::new(vec![class]).unwrap(), "ws://127.0.0.1:8765")
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
