//! Sessions that arrive at a rate, whatever becomes of those before them. Stages of rates, model and seed come in; how many
//! have arrived and when each does go out, as pure functions that every worker computes alone and to the same microsecond:
//! nothing here depends on the platform's mathematics, only on exactly rounded operations.

mod course;
mod poisson;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::profile::Edge;
use crate::profile::stage::{Leg, cut};
use course::Course;
use poisson::Poisson;

/// The most arrivals per second that can be asked for.
pub const MOST_PER_SECOND: f64 = 100_000.0;

/// One arrival: a million millionths per second, over a million microseconds.
const UNIT: u128 = 1_000_000_000_000;

/// How arrivals are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Evenly.
    #[default]
    Constant,
    /// Independently of each other, as people do.
    Poisson,
}

impl Arrivals {
    /// Its name, as options, tables and files write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
        }
    }
}

/// Arrivals per second, from 0 to [`MOST_PER_SECOND`], in whole millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rate(u64);

impl Rate {
    /// The nearest rate; none of what is no number or out of bounds, or is more than nothing and less than a millionth.
    pub fn new(per_second: f64) -> Option<Self> {
        let millionths = (per_second * 1e6).round();
        let least = if per_second == 0.0 { 0.0 } else { 1.0 };
        (least..=MOST_PER_SECOND * 1e6).contains(&millionths).then_some(Self(millionths as u64))
    }

    /// As a number of arrivals per second.
    pub fn per_second(self) -> f64 {
        self.0 as f64 / 1e6
    }

    pub(crate) fn millionths(self) -> u64 {
        self.0
    }
}

/// One stretch of an open profile: after `duration` robots arrive at `rate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateStage {
    /// How long the stage lasts. One of no duration is a jump.
    pub duration: Duration,
    /// The rate at its end.
    pub rate: Rate,
    /// How it gets there from the rate of the stage before (from 0 in the first).
    pub edge: Edge,
    /// When it is left on its way, if it is: the next begins after so long, at the rate that holds then.
    pub cut: Option<Duration>,
}

impl RateStage {
    /// A stage that lasts as long as its duration.
    pub fn new(duration: Duration, rate: Rate, edge: Edge) -> Self {
        Self { duration, rate, edge, cut: None }
    }
}

impl From<Leg> for RateStage {
    fn from(Leg { duration, level, edge, cut }: Leg) -> Self {
        Self { duration, rate: Rate(level), edge, cut }
    }
}

/// Arrivals at rates, for some time.
#[derive(Clone)]
pub struct Flow {
    stages: Vec<RateStage>,
    course: Course,
    spacing: Spacing,
    seed: u64,
}

#[derive(Clone)]
enum Spacing {
    Constant,
    Poisson(Poisson),
}

impl Flow {
    /// A flow of stages that a profile has checked.
    pub(crate) fn new(stages: Vec<RateStage>, model: Arrivals, seed: u64) -> Self {
        let course = Course::new(stages.iter().copied().map(Leg::from));
        let spacing = match model {
            Arrivals::Constant => Spacing::Constant,
            Arrivals::Poisson => Spacing::Poisson(Poisson::new(seed, course.due(course.end()))),
        };
        Self { stages, course, spacing, seed }
    }

    /// How many arrive up to `t` on average, before anything is drawn.
    pub(crate) fn expected(legs: &[Leg], t: Duration) -> u64 {
        (Course::new(legs.iter().copied()).due(t) / UNIT) as u64
    }

    /// The same flow, over at `end` if it would last longer.
    pub(crate) fn cut(self, end: Duration) -> Self {
        let legs = cut(self.stages.iter().copied().map(Leg::from), end);
        // The points that were drawn stay: those beyond the end never come.
        Self {
            course: Course::new(legs.iter().copied()),
            stages: legs.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Arrivals per second, on average over the whole time, to a millionth.
    pub fn rate(&self) -> f64 {
        let micros = self.course.end().as_micros().max(1);
        Rate(((self.course.due(self.course.end()) + micros / 2) / micros) as u64).per_second()
    }

    /// The stages as they are run.
    pub fn stages(&self) -> &[RateStage] {
        &self.stages
    }

    /// How arrivals are spaced.
    pub fn model(&self) -> Arrivals {
        match self.spacing {
            Spacing::Constant => Arrivals::Constant,
            Spacing::Poisson(_) => Arrivals::Poisson,
        }
    }

    /// What the spacing comes from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many have arrived by `t`, those at `t` included.
    pub(crate) fn arrived(&self, t: Duration) -> u64 {
        let due = self.course.due(t);
        match &self.spacing {
            Spacing::Constant => (due / UNIT) as u64,
            Spacing::Poisson(points) => points.up_to(due),
        }
    }

    /// When the `i`-th arrives, from 0; none if it does not.
    pub(crate) fn instant(&self, i: u64) -> Option<Duration> {
        let due = match &self.spacing {
            Spacing::Constant => (u128::from(i) + 1) * UNIT,
            Spacing::Poisson(points) => points.place(i)?,
        };
        self.course.instant(due)
    }
}

/// What else a flow holds comes from these.
impl PartialEq for Flow {
    fn eq(&self, other: &Self) -> bool {
        (&self.stages, self.model(), self.seed) == (&other.stages, other.model(), other.seed)
    }
}

impl Eq for Flow {}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was drawn would say nothing more.
        let Self { stages, seed, .. } = self;
        write!(f, "Flow({stages:?}, {:?}, seed {seed})", self.model())
    }
}

#[cfg(test)]
mod tests;
