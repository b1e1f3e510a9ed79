//! How many robots are alive at each moment: a pure function of the seconds into the run.
//! Stages or an arrival rate come in; `alive(t)` and its inverse, the instants of birth and retirement, go out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arrivals::{Arrivals, Flow, MOST_PER_SECOND};

/// The longest a run can be planned for.
pub const LONGEST_RUN: Duration = Duration::from_secs(24 * 3600);

/// The most robots that a plan can ask for.
pub const MOST_ROBOTS: u64 = 1_000_000_000;

/// How the number of robots gets from one stage's level to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// Evenly over the stage's whole duration.
    #[default]
    Linear,
    /// All at once when the stage begins.
    Step,
}

/// One stretch of a profile: after `duration` there are `robots` robots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// How long the stage lasts.
    pub duration: Duration,
    /// Robots alive at its end.
    pub robots: u64,
    /// How it gets there from the stage before (from 0 in the first).
    pub edge: Edge,
}

/// Why stages or a ramp can't be a profile.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// There is nothing to run.
    #[error("the profile has no stage that lasts; give at least one duration above 0")]
    Empty,
    /// Too long.
    #[error("the profile lasts {}; the longest run is 24 h", seconds(*.0))]
    TooLong(Duration),
    /// Too many robots.
    #[error("{0} robots are more than a plan can hold ({MOST_ROBOTS})")]
    TooMany(u64),
    /// A rate that no ramp can have.
    #[error("a spawn rate of {0} robots per second is not possible; give a number above 0")]
    Rate(f64),
    /// A rate that no arrivals can have.
    #[error(
        "an arrival rate of {0} per second is not possible; give a number above 0 and up to {MOST_PER_SECOND}"
    )]
    ArrivalRate(f64),
    /// Too many arrivals in all.
    #[error(
        "{0} arrivals are more than a plan can hold ({MOST_ROBOTS}); give a shorter run time or a lower rate"
    )]
    TooManyArrivals(u64),
}

fn seconds(d: Duration) -> String {
    format!("{} s", d.as_secs_f64())
}

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
    /// When nothing lasts, or the whole is longer than [`LONGEST_RUN`] or has more than [`MOST_ROBOTS`].
    pub fn new(stages: Vec<Stage>) -> Result<Self, ProfileError> {
        let end = stages.iter().fold(Duration::ZERO, |sum, stage| sum.saturating_add(stage.duration));
        if end.is_zero() {
            return Err(ProfileError::Empty);
        }
        if end > LONGEST_RUN {
            return Err(ProfileError::TooLong(end));
        }
        match stages.iter().map(|stage| stage.robots).max() {
            Some(most) if most > MOST_ROBOTS => Err(ProfileError::TooMany(most)),
            _ => Ok(Self { shape: Shape::Closed(stages), end }),
        }
    }

    /// `robots` robots born at `rate` per second and held until `run_time` is over, the ramp included.
    ///
    /// # Errors
    /// When the rate is not a number above 0, or as for [`Profile::new`].
    pub fn ramp(robots: u64, rate: f64, run_time: Duration) -> Result<Self, ProfileError> {
        if !rate.is_finite() || rate <= 0.0 {
            return Err(ProfileError::Rate(rate));
        }
        let micros = (robots as f64 / rate * 1e6).ceil();
        if micros > LONGEST_RUN.as_micros() as f64 {
            return Err(ProfileError::Rate(rate));
        }
        let up = Duration::from_micros(micros as u64);
        let hold = run_time.saturating_sub(up);
        let stage = |duration| Stage { duration, robots, edge: Edge::Linear };
        Ok(Self::new(vec![stage(up), stage(hold)])?.cut(run_time))
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
    /// When the rate is not a number above 0 and up to [`MOST_PER_SECOND`], there is no time or more than
    /// [`LONGEST_RUN`], or more than [`MOST_ROBOTS`] would arrive.
    pub fn arrivals(rate: f64, model: Arrivals, run_time: Duration, seed: u64) -> Result<Self, ProfileError> {
        if run_time.is_zero() {
            return Err(ProfileError::Empty);
        }
        if run_time > LONGEST_RUN {
            return Err(ProfileError::TooLong(run_time));
        }
        let flow = Flow::new(rate, model, run_time, seed).ok_or(ProfileError::ArrivalRate(rate))?;
        let profile = Self { shape: Shape::Open(flow), end: run_time };
        match profile.peak() {
            all if all > MOST_ROBOTS => Err(ProfileError::TooManyArrivals(all)),
            _ => Ok(profile),
        }
    }

    /// The same profile, over at `end` if it would last longer.
    #[must_use]
    pub fn cut(mut self, end: Duration) -> Self {
        self.end = self.end.min(end);
        self
    }

    /// The stages as given; an open profile has none.
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
        // Whoever would arrive at the very end does not.
        let Some(last) = self.end.checked_sub(Duration::from_micros(1)) else { return 0 };
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
        // A line is highest at one of its two ends.
        let ends = |span: Span| [span.begin, span.end.min(self.end).saturating_sub(Duration::from_micros(1))];
        self.spans()
            .filter(|span| span.end > span.begin)
            .flat_map(ends)
            .map(|t| self.alive(t))
            .max()
            .unwrap_or(0)
    }

    /// Robots wanted at `t` into the run; in an open profile the most that can be there, which is all that have arrived.
    pub fn alive(&self, t: Duration) -> u64 {
        if t >= self.end {
            return 0;
        }
        if self.is_open() {
            return self.arrived(t);
        }
        self.spans().find(|span| t < span.end).map_or(0, |span| span.alive(micros(t - span.begin)))
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
        self.first(from, |span, x| span.first_not_above(robot, x))
            .map_or(self.end, |t| t.min(self.end))
            .max(from)
    }

    /// Asks the spans that are not over at `from`, in turn, for an offset into themselves.
    fn first(&self, from: Duration, ask: impl Fn(&Span, u64) -> Option<u64>) -> Option<Duration> {
        self.spans().filter(|span| span.end > from).find_map(|span| {
            let offset = ask(&span, micros(from.saturating_sub(span.begin)))?;
            Some(span.begin + Duration::from_micros(offset))
        })
    }

    /// The stages with the levels and times that they begin with.
    fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        let start = (Duration::ZERO, 0);
        self.stages().iter().scan(start, |(begin, level), stage| {
            let end = *begin + stage.duration;
            let from = if stage.edge == Edge::Step { stage.robots } else { *level };
            let span = Span { begin: *begin, end, length: micros(stage.duration), from, to: stage.robots };
            (*begin, *level) = (end, stage.robots);
            Some(span)
        })
    }
}

fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

/// A stage in its place: a straight line from `from` to `to` robots over `length` microseconds.
struct Span {
    begin: Duration,
    end: Duration,
    length: u64,
    from: u64,
    to: u64,
}

impl Span {
    /// Robots at `x` microseconds into the span, `x < length`: the line, rounded down.
    fn alive(&self, x: u64) -> u64 {
        if self.to >= self.from {
            self.from + part(self.to - self.from, x, self.length)
        } else {
            // Rounding the line down on its way down is rounding up what has gone.
            self.from - part_up(self.from - self.to, x, self.length)
        }
    }

    /// The first offset from `x` on, inside the span, with more than `robot` robots.
    fn first_above(&self, robot: u64, x: u64) -> Option<u64> {
        if self.alive(x) > robot {
            return Some(x);
        }
        // Not above now: only a rising line gets there, when it has grown by what is missing.
        let rise = self.to.checked_sub(self.from).filter(|_| self.to > robot && self.from <= robot)?;
        Some(part_up(self.length, robot + 1 - self.from, rise)).filter(|offset| *offset < self.length)
    }

    /// The first offset from `x` on, inside the span, with no more than `robot` robots.
    fn first_not_above(&self, robot: u64, x: u64) -> Option<u64> {
        if self.alive(x) <= robot {
            return Some(x);
        }
        // The line has to fall below robot + 1, so it is the first microsecond after it stood there.
        let fall = self.from.checked_sub(self.to).filter(|_| self.to <= robot && self.from > robot)?;
        Some(part(self.length, self.from - robot - 1, fall) + 1).filter(|offset| *offset < self.length)
    }
}

/// `whole * x / of`, rounded down.
fn part(whole: u64, x: u64, of: u64) -> u64 {
    (u128::from(whole) * u128::from(x) / u128::from(of.max(1))) as u64
}

/// `whole * x / of`, rounded up.
fn part_up(whole: u64, x: u64, of: u64) -> u64 {
    (u128::from(whole) * u128::from(x)).div_ceil(u128::from(of.max(1))) as u64
}

#[cfg(test)]
mod tests;
