//! A profile that is changed while it is run. The profile so far, an instant and what shall be from there on come in; a
//! profile that was the same until then goes out, so that a worker that gets it goes on from where it stands.

use std::time::Duration;

use super::stage::{Edge, Leg, Stage, cut, last_level, merged, micros, until};
use super::{Profile, ProfileError, Shape, way};
use crate::arrivals::Rate;

impl Profile {
    /// The same profile, over at `end` if it would last longer.
    #[must_use]
    pub fn cut(mut self, end: Duration) -> Self {
        let end = Duration::from_micros(micros(end));
        if end >= self.end {
            return self;
        }
        self.end = end;
        self.shape = match self.shape {
            Shape::Closed(stages) => Shape::Closed(stages_of(cut(stages.into_iter().map(Leg::from), end))),
            Shape::Open(flow) => Shape::Open(flow.cut(end)),
        };
        self
    }

    /// The same profile up to `at`; from there on robots are born or retired at `rate` per second until there are
    /// `users`, who stay to the old end. Nobody who is alive at `at` is missed where there shall be as many or more.
    ///
    /// ```
    /// use proto::profile::Profile;
    /// use std::time::Duration;
    ///
    /// let s = Duration::from_secs;
    /// let profile = Profile::ramp(100, 10.0, s(60))?.changed(s(20), 50, 5.0)?;
    /// assert_eq!([5, 20, 22, 30, 59, 60].map(|t| profile.alive(s(t))), [50, 100, 90, 50, 50, 0]);
    /// # Ok::<(), proto::profile::ProfileError>(())
    /// ```
    ///
    /// # Errors
    /// When the run is over at `at`, robots arrive at a rate, the rate is not a number above 0 or would take longer than
    /// the longest run, or there are more robots or stages than a profile can hold.
    pub fn changed(&self, at: Duration, users: u64, rate: f64) -> Result<Self, ProfileError> {
        let Shape::Closed(stages) = &self.shape else { return Err(ProfileError::Open) };
        let (at, left) = self.left(at)?;
        let from = self.alive(at);
        let way = way(from.abs_diff(users), rate)?;
        let mut legs = until(stages.iter().copied().map(Leg::from), at);
        if last_level(&legs) != from {
            legs.push(Leg::step(Duration::ZERO, from));
        }
        let line = |duration, cut| Leg { duration, level: users, edge: Edge::Linear, cut };
        if !way.is_zero() {
            legs.push(line(way, Some(left)));
        }
        if left > way {
            legs.push(line(left - way, None));
        }
        Self::new(stages_of(merged(legs)))
    }

    /// The same profile up to `at`; from there on robots arrive at `rate` per second, to the old end. A rate of 0 lets
    /// nobody in any more.
    ///
    /// ```
    /// use proto::arrivals::Arrivals;
    /// use proto::profile::Profile;
    /// use std::time::Duration;
    ///
    /// let s = Duration::from_secs;
    /// let profile = Profile::arrivals(2.0, Arrivals::Constant, s(60), 0)?.with_arrivals(s(10), 5.0)?;
    /// assert_eq!([5, 10, 20].map(|t| profile.arrived(s(t))), [10, 20, 70]);
    /// # Ok::<(), proto::profile::ProfileError>(())
    /// ```
    ///
    /// # Errors
    /// When the run is over at `at`, the profile is one of stages, the rate is not a number from 0 to
    /// [`MOST_PER_SECOND`](crate::arrivals::MOST_PER_SECOND), or there are more arrivals or stages than a profile can hold.
    pub fn with_arrivals(&self, at: Duration, rate: f64) -> Result<Self, ProfileError> {
        let Shape::Open(flow) = &self.shape else { return Err(ProfileError::Closed) };
        let (at, left) = self.left(at)?;
        let rate = Rate::new(rate).ok_or(ProfileError::ArrivalRate(rate))?;
        let mut legs = until(flow.stages().iter().copied().map(Leg::from), at);
        legs.push(Leg::step(left, rate.millionths()));
        Self::open(merged(legs).into_iter().map(Into::into).collect(), flow.model(), flow.seed())
    }

    /// The instant in whole microseconds, and the time from there to the end.
    fn left(&self, at: Duration) -> Result<(Duration, Duration), ProfileError> {
        let whole = Duration::from_micros(micros(at));
        let left = self.end.checked_sub(whole).filter(|left| !left.is_zero());
        Ok((whole, left.ok_or(ProfileError::Over { at, end: self.end })?))
    }
}

fn stages_of(legs: Vec<Leg>) -> Vec<Stage> {
    legs.into_iter().map(Stage::from).collect()
}
