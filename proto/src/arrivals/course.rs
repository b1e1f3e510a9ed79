//! How many arrivals are due on average by each moment, as legs of a rate that stays or changes evenly; and the inverse.
//! Counted in [`UNIT`](super::UNIT)s, so that it is exact: a millionth of an arrival per second, over a microsecond.

use std::time::Duration;

use crate::profile::stage::{Leg, Span, micros, placed};

/// The legs of a flow, one after the other.
#[derive(Clone)]
pub(super) struct Course {
    legs: Vec<Placed>,
}

/// A leg in its place.
#[derive(Clone)]
struct Placed {
    span: Span,
    /// What is due when it begins.
    before: u128,
}

impl Course {
    pub(super) fn new(legs: impl IntoIterator<Item = Leg>) -> Self {
        let legs = placed(legs).scan(0, |before, (_, span)| {
            let leg = Placed { span, before: *before };
            *before += area(&span, span.lasts());
            Some(leg)
        });
        Self { legs: legs.collect() }
    }

    /// What is due by `t`; from the end on it stays the same.
    pub(super) fn due(&self, t: Duration) -> u128 {
        let begun = self.legs.partition_point(|leg| leg.span.begin <= t);
        let Some(leg) = begun.checked_sub(1).and_then(|last| self.legs.get(last)) else { return 0 };
        leg.before + area(&leg.span, micros(t - leg.span.begin).min(leg.span.lasts()))
    }

    /// The first moment at which so much is due; none if it never is.
    pub(super) fn instant(&self, due: u128) -> Option<Duration> {
        let leg = self.legs.partition_point(|leg| leg.before < due).checked_sub(1)?;
        let Placed { span, before } = self.legs.get(leg)?;
        let offset = first(span, due - before)?;
        Some(span.begin + Duration::from_micros(offset))
    }

    /// When it is over.
    pub(super) fn end(&self) -> Duration {
        self.legs.last().map_or(Duration::ZERO, |leg| leg.span.end)
    }
}

/// What becomes due within the first `x` microseconds: what lies below the line, rounded down.
fn area(span: &Span, x: u64) -> u128 {
    let (x, twice) = (u128::from(x), 2 * u128::from(span.length.max(1)));
    let whole = u128::from(span.from) * x;
    if span.to >= span.from {
        whole + u128::from(span.to - span.from) * x * x / twice
    } else {
        whole - (u128::from(span.from - span.to) * x * x).div_ceil(twice)
    }
}

/// The first offset at which so much has become due.
fn first(span: &Span, due: u128) -> Option<u64> {
    let lasts = span.lasts();
    if area(span, lasts) < due {
        return None;
    }
    if span.is_flat() {
        return u64::try_from(due.div_ceil(u128::from(span.from.max(1)))).ok();
    }
    // A root would have to be rounded. The area never falls, so halving finds the microsecond itself.
    let (mut low, mut high) = (0, lasts);
    while low < high {
        let middle = low + (high - low) / 2;
        (low, high) = if area(span, middle) < due { (middle + 1, high) } else { (low, middle) };
    }
    Some(low)
}
