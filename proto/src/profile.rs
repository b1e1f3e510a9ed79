//! How many robots are alive at each moment: a pure function of the seconds into the run.
//! Stages come in; `alive(t)` and its inverse, the instants of birth and retirement, go out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
}

fn seconds(d: Duration) -> String {
    format!("{} s", d.as_secs_f64())
}

/// How many robots are alive at each moment of a run.
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
    stages: Vec<Stage>,
    end: Duration,
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
            _ => Ok(Self { stages, end }),
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

    /// The same profile, over at `end` if it would last longer.
    #[must_use]
    pub fn cut(mut self, end: Duration) -> Self {
        self.end = self.end.min(end);
        self
    }

    /// The stages as given.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// When the run is over: no robot is alive from here on.
    pub fn end(&self) -> Duration {
        self.end
    }

    /// The most robots that are alive at any moment.
    pub fn peak(&self) -> u64 {
        // A line is highest at one of its two ends.
        let ends = |span: Span| [span.begin, span.end.min(self.end).saturating_sub(Duration::from_micros(1))];
        self.spans()
            .filter(|span| span.end > span.begin)
            .flat_map(ends)
            .map(|t| self.alive(t))
            .max()
            .unwrap_or(0)
    }

    /// Robots wanted at `t` into the run.
    pub fn alive(&self, t: Duration) -> u64 {
        if t >= self.end {
            return 0;
        }
        self.spans().find(|span| t < span.end).map_or(0, |span| span.alive(micros(t - span.begin)))
    }

    /// The first moment at or after `from` at which robot `robot` is alive.
    pub fn next_birth(&self, robot: u64, from: Duration) -> Option<Duration> {
        self.first(from, |span, x| span.first_above(robot, x)).filter(|t| *t < self.end)
    }

    /// The first moment at or after `from` at which robot `robot` is not alive. It comes at the end at the latest.
    pub fn next_retirement(&self, robot: u64, from: Duration) -> Duration {
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
        self.stages.iter().scan(start, |(begin, level), stage| {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn stage(seconds: u64, robots: u64, edge: Edge) -> Stage {
        Stage { duration: Duration::from_secs(seconds), robots, edge }
    }

    #[test]
    fn a_ramp_grows_evenly_holds_and_ends() {
        let profile = Profile::ramp(1000, 100.0, s(30.0)).unwrap();
        // (seconds, robots)
        let table = [
            (0.0, 0),
            (0.009_999, 0),
            (0.01, 1), // the first robot is due after one hundredth of a second
            (1.0, 100),
            (9.999_999, 999),
            (10.0, 1000),
            (29.999_999, 1000),
            (30.0, 0), // the run is over
            (31.0, 0),
        ];
        for (t, robots) in table {
            assert_eq!(profile.alive(s(t)), robots, "at {t} s");
        }
        assert_eq!(profile.peak(), 1000);
    }

    #[test]
    fn a_run_shorter_than_its_ramp_keeps_the_rate() {
        let profile = Profile::ramp(1000, 10.0, s(5.0)).unwrap();
        assert_eq!((profile.alive(s(4.99)), profile.alive(s(5.0)), profile.peak()), (49, 0, 49));
    }

    #[test]
    fn stages_step_hold_and_ramp_down() {
        let profile = Profile::new(vec![
            stage(10, 100, Edge::Linear),
            stage(5, 300, Edge::Step),
            stage(0, 200, Edge::Linear), // no duration: a jump
            stage(10, 0, Edge::Linear),
        ])
        .unwrap();
        for (t, robots) in [(5.0, 50), (10.0, 300), (14.9, 300), (15.0, 200), (15.000_001, 199), (20.0, 100)]
        {
            assert_eq!(profile.alive(s(t)), robots, "at {t} s");
        }
        assert_eq!(profile.peak(), 300);
    }

    #[test]
    fn what_cannot_be_a_profile_says_why() {
        let too_long = Profile::new(vec![stage(90_000, 1, Edge::Step)]).unwrap_err();
        assert_eq!(too_long.to_string(), "the profile lasts 90000 s; the longest run is 24 h");
        assert_eq!(Profile::new(vec![]).unwrap_err(), ProfileError::Empty);
        assert_eq!(Profile::new(vec![stage(0, 5, Edge::Step)]).unwrap_err(), ProfileError::Empty);
        assert_eq!(Profile::new(vec![stage(1, u64::MAX, Edge::Step)]), Err(ProfileError::TooMany(u64::MAX)));
        for rate in [0.0, -1.0, f64::INFINITY, 1e-9] {
            assert_eq!(Profile::ramp(10, rate, s(1.0)), Err(ProfileError::Rate(rate)));
        }
        assert!(Profile::ramp(10, f64::NAN, s(1.0)).is_err());
    }

    fn any_profile() -> impl Strategy<Value = Profile> {
        let edge = prop_oneof![Just(Edge::Linear), Just(Edge::Step)];
        let stage = (0..5_000u64, 0..60u64, edge).prop_map(|(us, robots, edge)| Stage {
            duration: Duration::from_micros(us),
            robots,
            edge,
        });
        (prop::collection::vec(stage, 1..6), 1..20_000u64).prop_filter_map("empty", |(stages, cut)| {
            Some(Profile::new(stages).ok()?.cut(Duration::from_micros(cut)))
        })
    }

    proptest! {
        /// The inverse is exact: alive changes just where the two say, and nowhere between.
        #[test]
        fn births_and_retirements_are_where_alive_changes(profile in any_profile(), robot in 0..60u64) {
            let end = micros(profile.end());
            let alive = |t: u64| profile.alive(Duration::from_micros(t)) > robot;
            let mut born_next = None;
            let mut retired_next = end;
            for t in (0..end).rev() {
                if alive(t) { born_next = Some(t) } else { retired_next = t }
                let at = Duration::from_micros(t);
                prop_assert_eq!(profile.next_birth(robot, at).map(micros), born_next);
                prop_assert_eq!(micros(profile.next_retirement(robot, at)), retired_next);
            }
            prop_assert_eq!(profile.alive(profile.end()), 0);
        }

        #[test]
        fn the_peak_is_the_highest_moment(profile in any_profile()) {
            let highest = (0..micros(profile.end())).map(|t| profile.alive(Duration::from_micros(t))).max();
            prop_assert_eq!(profile.peak(), highest.unwrap_or(0));
        }
    }
}
