//! A stretch of a profile as people write it, and as a straight line in its place. Stages come in; the level at each
//! microsecond and its inverse go out, and what is left of stages that are cut short.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arrivals::RateStage;

/// How a stage gets from the level of the one before to its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// Evenly over the stage's whole duration.
    #[default]
    Linear,
    /// All at once when the stage begins.
    Step,
}

/// One stretch of a closed profile: after `duration` there are `robots` robots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// How long the stage lasts. One of no duration is a jump.
    pub duration: Duration,
    /// Robots alive at its end.
    pub robots: u64,
    /// How it gets there from the stage before (from 0 in the first).
    pub edge: Edge,
    /// When it is left on its way, if it is: the next begins after so long, with as many robots as are alive then.
    pub cut: Option<Duration>,
}

impl Stage {
    /// A stage that lasts as long as its duration.
    pub fn new(duration: Duration, robots: u64, edge: Edge) -> Self {
        Self { duration, robots, edge, cut: None }
    }
}

/// A stage of either model: its level counts robots, or millionths of arrivals per second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leg {
    pub(crate) duration: Duration,
    pub(crate) level: u64,
    pub(crate) edge: Edge,
    pub(crate) cut: Option<Duration>,
}

impl From<Stage> for Leg {
    fn from(Stage { duration, robots, edge, cut }: Stage) -> Self {
        Self { duration, level: robots, edge, cut }
    }
}

impl From<Leg> for Stage {
    fn from(Leg { duration, level, edge, cut }: Leg) -> Self {
        Self { duration, robots: level, edge, cut }
    }
}

impl From<RateStage> for Leg {
    fn from(RateStage { duration, rate, edge, cut }: RateStage) -> Self {
        Self { duration, level: rate.millionths(), edge, cut }
    }
}

impl Leg {
    /// A level that is there from the first moment on.
    pub(crate) fn step(duration: Duration, level: u64) -> Self {
        Self { duration, level, edge: Edge::Step, cut: None }
    }

    /// The one form of what means the same: whole microseconds, no cut behind the end, and a jump is a step.
    pub(crate) fn plain(self) -> Self {
        let duration = whole(self.duration);
        let edge = if duration.is_zero() { Edge::Step } else { self.edge };
        Self { duration, edge, cut: self.cut.map(whole).filter(|cut| *cut < duration), ..self }
    }

    fn lasts(&self) -> Duration {
        self.cut.map_or(self.duration, |cut| cut.min(self.duration))
    }

    /// What is left of it when it lasts so long only. A level that does not change needs no memory of where it was bound.
    fn shortened(self, span: &Span, lasts: Duration) -> Self {
        if span.is_flat() {
            Self { duration: lasts, cut: None, ..self }
        } else {
            Self { cut: Some(lasts), ..self }
        }
    }
}

/// Legs with the levels and times that they begin with.
pub(crate) fn placed(legs: impl IntoIterator<Item = Leg>) -> impl Iterator<Item = (Leg, Span)> {
    legs.into_iter().scan((Duration::ZERO, 0), |(begin, level), leg| {
        let end = begin.saturating_add(leg.lasts());
        let from = if leg.edge == Edge::Step { leg.level } else { *level };
        let span = Span { begin: *begin, end, length: micros(leg.duration), from, to: leg.level };
        (*begin, *level) = (end, span.level(span.lasts()));
        Some((leg, span))
    })
}

/// What legs are up to `end`: the one that would go on is cut, those that would begin then are none.
pub(crate) fn until(legs: impl IntoIterator<Item = Leg>, end: Duration) -> Vec<Leg> {
    let begun = placed(legs).take_while(|(_, span)| span.begin < end);
    begun
        .map(|(leg, span)| if span.end > end { leg.shortened(&span, end - span.begin) } else { leg })
        .collect()
}

/// As [`until`], but of legs that end before the first one the first one stays, without any time.
pub(crate) fn cut(legs: impl IntoIterator<Item = Leg> + Clone, end: Duration) -> Vec<Leg> {
    let left = until(legs.clone(), end);
    if left.is_empty() {
        legs.into_iter().take(1).map(|leg| Leg { cut: Some(Duration::ZERO), ..leg }).collect()
    } else {
        left
    }
}

/// The same levels at each moment with as few legs as they need: neighbours of one level are one, and a jump that a step
/// follows is none.
pub(crate) fn merged(legs: impl IntoIterator<Item = Leg>) -> Vec<Leg> {
    let mut few: Vec<(Leg, bool)> = Vec::new();
    for (leg, span) in placed(legs) {
        let leg = if span.is_flat() { leg.shortened(&span, leg.lasts()) } else { leg };
        match few.last_mut() {
            Some((last, true)) if span.is_flat() && last.level == leg.level => last.duration += leg.duration,
            Some((last, _)) if last.duration.is_zero() && leg.edge == Edge::Step => *last = leg,
            _ => few.push((leg, span.is_flat())),
        }
    }
    few.into_iter().map(|(leg, _)| leg).collect()
}

/// The level after all legs.
pub(crate) fn last_level(legs: &[Leg]) -> u64 {
    placed(legs.iter().copied()).last().map_or(0, |(_, span)| span.level(span.lasts()))
}

pub(crate) fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

fn whole(d: Duration) -> Duration {
    Duration::from_micros(micros(d))
}

/// A stage in its place: a straight line from `from` to `to` over `length` microseconds, followed until `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) begin: Duration,
    pub(crate) end: Duration,
    pub(crate) length: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Span {
    /// Microseconds from begin to end.
    pub(crate) fn lasts(&self) -> u64 {
        micros(self.end - self.begin)
    }

    pub(crate) fn is_flat(&self) -> bool {
        self.from == self.to
    }

    /// The highest level, if there is any time for one. A line is highest at one of its two ends.
    pub(crate) fn highest(&self) -> Option<u64> {
        let last = self.lasts().checked_sub(1)?;
        Some(self.level(0).max(self.level(last)))
    }

    /// The level at `x` microseconds into the span: the line, rounded down.
    pub(crate) fn level(&self, x: u64) -> u64 {
        if x >= self.length {
            self.to
        } else if self.to >= self.from {
            self.from + part(self.to - self.from, x, self.length)
        } else {
            // Rounding the line down on its way down is rounding up what has gone.
            self.from - part_up(self.from - self.to, x, self.length)
        }
    }

    /// The first offset from `x` on, inside the span, with a level above `level`.
    pub(crate) fn first_above(&self, level: u64, x: u64) -> Option<u64> {
        if self.level(x) > level {
            return Some(x);
        }
        // Not above now: only a rising line gets there, when it has grown by what is missing.
        let rise = self.to.checked_sub(self.from).filter(|_| self.to > level && self.from <= level)?;
        Some(part_up(self.length, level + 1 - self.from, rise)).filter(|offset| *offset < self.lasts())
    }

    /// The first offset from `x` on, inside the span, with a level no higher than `level`.
    pub(crate) fn first_not_above(&self, level: u64, x: u64) -> Option<u64> {
        if self.level(x) <= level {
            return Some(x);
        }
        // The line has to fall below level + 1, so it is the first microsecond after it stood there.
        let fall = self.from.checked_sub(self.to).filter(|_| self.to <= level && self.from > level)?;
        Some(part(self.length, self.from - level - 1, fall) + 1).filter(|offset| *offset < self.lasts())
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
