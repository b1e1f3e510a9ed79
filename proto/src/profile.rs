//! How many robots are alive at each moment: a pure function of the seconds into the run.
//! Stages or an arrival rate come in; `alive(t)` and its inverse, the instants of birth and retirement, go out.

mod change;
mod error;
pub(crate) mod stage;

use std::time::Duration;

use crate::arrivals::{Arrivals, Flow, Rate, RateStage};
use crate::bounds::MOST_ENTRIES;
pub use error::ProfileError;
pub use stage::{Edge, Stage};
use stage::{Leg, Span, last_level, micros, placed};

/// The longest a run can be planned for.
pub const LONGEST_RUN: Duration = Duration::from_secs(24 * 3600);

/// The most robots that a plan can ask for.
pub const MOST_ROBOTS: u64 = 1_000_000_000;

/// The most stages that a profile can have.
pub const MOST_STAGES: usize = MOST_ENTRIES;

/// How many robots are alive at each moment of a run.
///
/// A profile is closed or open. In a closed one (of stages) robot `i` is alive exactly while `i < alive(t)`. In an open
/// one (of arrivals) robot `i` is the i-th to arrive, lives one session and is gone: nobody knows beforehand how many are
/// there. So `alive` says the most that can be: all that have arrived.
///
/// ```
/// use proto::profile::Profile;
/// use std::time::Duration;
///
/// // 100 robots, 10 per second, for a minute.
/// let profile = Profile::ramp(100, 10.0, Duration::from_secs(60))?;
/// assert_eq!(profile.alive(Duration::from_millis(2_500)), 25);
/// assert_eq!(profile.alive(Duration::from_secs(30)), 100);
/// assert_eq!(profile.alive(Duration::from_secs(60)), 0);
/// # Ok::<(), proto::profile::ProfileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    shape: Shape,
    end: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Closed(Vec<Stage>),
    Open(Flow),
}

impl Profile {
    /// A profile of stages, one after the other; the run ends with the last.
    ///
    /// # Errors
    /// When nothing lasts, or the whole is longer than [`LONGEST_RUN`] or has more than [`MOST_ROBOTS`] or [`MOST_STAGES`].
    pub fn new(stages: Vec<Stage>) -> Result<Self, ProfileError> {
        let legs = checked(stages.iter().copied().map(Leg::from))?;
        if let Some(most) = stages.iter().map(|stage| stage.robots).max().filter(|most| *most > MOST_ROBOTS) {
            return Err(ProfileError::TooMany(most));
        }
        let end = end(&legs);
        Ok(Self { shape: Shape::Closed(legs.into_iter().map(Stage::from).collect()), end })
    }

    /// `robots` robots born at `rate` per second and held until `run_time` is over, the ramp included.
    ///
    /// # Errors
    /// When the rate is not a number above 0 or too low, or as for [`Profile::new`].
    pub fn ramp(robots: u64, rate: f64, run_time: Duration) -> Result<Self, ProfileError> {
        let up = way(robots, rate)?;
        let stage = |duration| Stage::new(duration, robots, Edge::Linear);
        Ok(Self::new(vec![stage(up), stage(run_time.saturating_sub(up))])?.cut(run_time))
    }

    /// Robots that arrive at `rate` per second for `run_time`, and each live one session. The `seed` spaces them.
    ///
    /// ```
    /// use proto::arrivals::Arrivals;
    /// use proto::profile::Profile;
    /// use std::time::Duration;
    ///
    /// let profile = Profile::arrivals(2.0, Arrivals::Constant, Duration::from_secs(60), 0)?;
    /// assert_eq!(profile.arrived(Duration::from_secs(10)), 20);
    /// assert_eq!(profile.next_birth(20, Duration::ZERO), Some(Duration::from_millis(10_500)));
    /// # Ok::<(), proto::profile::ProfileError>(())
    /// ```
    ///
    /// # Errors
    /// When the rate is not a number above 0 and up to [`MOST_PER_SECOND`](crate::arrivals::MOST_PER_SECOND), there is no
    /// time or more than [`LONGEST_RUN`], or more than [`MOST_ROBOTS`] would arrive.
    pub fn arrivals(rate: f64, model: Arrivals, run_time: Duration, seed: u64) -> Result<Self, ProfileError> {
        let rate = Rate::new(rate).ok_or(ProfileError::ArrivalRate(rate))?;
        Self::open(vec![RateStage::new(run_time, rate, Edge::Step)], model, seed)
    }

    /// Robots that arrive at the rates of the stages, one after the other. The `seed` spaces them.
    ///
    /// ```
    /// use proto::arrivals::{Arrivals, Rate, RateStage};
    /// use proto::profile::{Edge, Profile};
    /// use std::time::Duration;
    ///
    /// // Up to 10 per second within 10 s, and held for 10 s.
    /// let rate = Rate::new(10.0).ok_or("no rate")?;
    /// let stage = |edge| RateStage::new(Duration::from_secs(10), rate, edge);
    /// let profile = Profile::open(vec![stage(Edge::Linear), stage(Edge::Step)], Arrivals::Constant, 0)?;
    /// assert_eq!([5, 10, 15].map(|t| profile.arrived(Duration::from_secs(t))), [12, 50, 100]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Profile::arrivals`], and when there are more than [`MOST_STAGES`]; a rate may be 0, but not all of them.
    pub fn open(stages: Vec<RateStage>, model: Arrivals, seed: u64) -> Result<Self, ProfileError> {
        let legs = checked(stages.into_iter().map(Leg::from))?;
        if legs.iter().all(|leg| leg.level == 0) {
            return Err(ProfileError::ArrivalRate(0.0));
        }
        let end = end(&legs);
        let expected = Flow::expected(&legs, last_moment(end).unwrap_or_default());
        if expected > MOST_ROBOTS {
            return Err(ProfileError::TooManyArrivals(expected));
        }
        let flow = Flow::new(legs.into_iter().map(RateStage::from).collect(), model, seed);
        let profile = Self { shape: Shape::Open(flow), end };
        match profile.peak() {
            all if all > MOST_ROBOTS => Err(ProfileError::TooManyArrivals(all)),
            _ => Ok(profile),
        }
    }

    /// The stages as they are run; an open profile has none.
    pub fn stages(&self) -> &[Stage] {
        match &self.shape {
            Shape::Closed(stages) => stages,
            Shape::Open(_) => &[],
        }
    }

    /// The arrivals of an open profile.
    pub fn flow(&self) -> Option<&Flow> {
        match &self.shape {
            Shape::Closed(_) => None,
            Shape::Open(flow) => Some(flow),
        }
    }

    /// Whether robots arrive, live one session and are gone.
    pub fn is_open(&self) -> bool {
        self.flow().is_some()
    }

    /// Robots that have arrived by `t`, or by the end if that is earlier; 0 in a closed profile.
    pub fn arrived(&self, t: Duration) -> u64 {
        let Some(last) = last_moment(self.end) else { return 0 };
        self.flow().map_or(0, |flow| flow.arrived(t.min(last)))
    }

    /// When the run is over: no robot is alive from here on.
    pub fn end(&self) -> Duration {
        self.end
    }

    /// The most robots that are alive at any moment; in an open profile all that ever arrive. Robot numbers stay below it.
    pub fn peak(&self) -> u64 {
        if self.is_open() {
            return self.arrived(self.end);
        }
        self.spans().filter_map(|span| span.highest()).max().unwrap_or(0)
    }

    /// Robots wanted at `t` into the run; in an open profile the most that can be there, which is all that have arrived.
    pub fn alive(&self, t: Duration) -> u64 {
        if t >= self.end {
            return 0;
        }
        if self.is_open() {
            return self.arrived(t);
        }
        self.spans().find(|span| t < span.end).map_or(0, |span| span.level(micros(t - span.begin)))
    }

    /// The first moment at or after `from` at which robot `robot` is alive. In an open profile the instant at which it
    /// arrives, and none if that is before `from`: it comes once.
    pub fn next_birth(&self, robot: u64, from: Duration) -> Option<Duration> {
        if let Some(flow) = self.flow() {
            return flow.instant(robot).filter(|t| *t >= from && *t < self.end);
        }
        self.first(from, |span, x| span.first_above(robot, x)).filter(|t| *t < self.end)
    }

    /// The first moment at or after `from` at which robot `robot` is not alive. It comes at the end at the latest, and in
    /// an open profile just then: until it arrives it can't be retired, and when its session is over it goes by itself.
    pub fn next_retirement(&self, robot: u64, from: Duration) -> Duration {
        if self.is_open() {
            return self.end.max(from);
        }
        self.first(from, |span, x| span.first_not_above(robot, x)).unwrap_or(self.end).max(from)
    }

    /// Asks the spans that are not over at `from`, in turn, for an offset into themselves. In a jump nobody is alive.
    fn first(&self, from: Duration, ask: impl Fn(&Span, u64) -> Option<u64>) -> Option<Duration> {
        let spans = self.spans().filter(|span| span.end > from && span.end > span.begin);
        spans.into_iter().find_map(|span| {
            let offset = ask(&span, micros(from.saturating_sub(span.begin)))?;
            Some(span.begin + Duration::from_micros(offset))
        })
    }

    fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        placed(self.stages().iter().copied().map(Leg::from)).map(|(_, span)| span)
    }
}

/// Robots after these stages: what one more would begin with.
pub fn level_after(stages: &[Stage]) -> u64 {
    last_level(&stages.iter().copied().map(Leg::from).collect::<Vec<_>>())
}

/// The legs of a profile in their plain form, without jumps that nothing follows.
fn checked(legs: impl Iterator<Item = Leg>) -> Result<Vec<Leg>, ProfileError> {
    let mut legs: Vec<_> = legs.map(Leg::plain).collect();
    legs.truncate(legs.iter().rposition(|leg| !leg.duration.is_zero()).ok_or(ProfileError::Empty)? + 1);
    if legs.len() > MOST_STAGES {
        return Err(ProfileError::TooManyStages(legs.len()));
    }
    let longest = legs.iter().map(|leg| leg.duration).max().unwrap_or_default().max(end(&legs));
    if longest > LONGEST_RUN { Err(ProfileError::TooLong(longest)) } else { Ok(legs) }
}

fn end(legs: &[Leg]) -> Duration {
    placed(legs.iter().copied()).last().map_or(Duration::ZERO, |(_, span)| span.end)
}

/// Whoever would arrive at the very end does not.
fn last_moment(end: Duration) -> Option<Duration> {
    end.checked_sub(Duration::from_micros(1))
}

/// How long it takes until so many robots are born or retired at `rate` per second.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(proto::profile::way(7, 0.7)?, Duration::from_secs(10));
/// # Ok::<(), proto::profile::ProfileError>(())
/// ```
///
/// # Errors
/// [`ProfileError::Rate`] when the rate is not a number above 0, and [`ProfileError::TooSlow`] when it would take longer
/// than [`LONGEST_RUN`].
pub fn way(robots: u64, rate: f64) -> Result<Duration, ProfileError> {
    if !(rate.is_finite() && rate > 0.0) {
        return Err(ProfileError::Rate(rate));
    }
    let micros = robots as f64 / rate * 1e6;
    // What a quotient is too large by must not cost a microsecond: people write stages that are just long enough.
    let micros = (micros * (1.0 - 4.0 * f64::EPSILON)).ceil();
    let is_possible = micros <= LONGEST_RUN.as_micros() as f64;
    if is_possible {
        Ok(Duration::from_micros(micros as u64))
    } else {
        Err(ProfileError::TooSlow { robots, rate })
    }
}

#[cfg(test)]
mod tests;
