//! What a run promises: figures with limits, such as `p99(EchoRequest) < 50ms after 30s`. Here is what a threshold says;
//! [`parse`] reads it, and a [`Watch`] judges a run by it.

mod parse;
mod watch;

use std::fmt;
use std::time::Duration;

use proto::series::{Kind, Series};

pub use parse::{Wrong, parse};
pub use watch::{Judgement, State, Watch};

/// The most thresholds of a run.
pub const MOST_THRESHOLDS: usize = 50;

/// One promise about a run's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As it was written.
    pub text: String,
    /// The figure.
    pub figure: Figure,
    /// Of which samples.
    pub of: Selector,
    /// How it has to stand to the limit.
    pub relation: Relation,
    /// In the figure's unit: microseconds, a share from 0 to 1, per second, or a number.
    pub limit: f64,
    /// Samples of so much of the run's begin do not count.
    pub after: Duration,
    /// The run ends when it was crossed for so long on end; none if it is judged at the end only.
    pub abort: Option<Duration>,
    /// With fewer samples nothing can be said.
    pub samples: u64,
}

/// What a threshold looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// A percentile of the latencies, from 0 to 100.
    Percentile(f64),
    /// Their arithmetic mean.
    Average,
    /// The least of them.
    Least,
    /// The greatest of them.
    Greatest,
    /// How many samples there were, failed ones too.
    Count,
    /// How many of them failed.
    Failures,
    /// Which share of them failed.
    ErrorRate,
    /// How many samples there were per second.
    Rate,
}

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Time,
    /// Samples.
    Number,
    /// From 0 to 1.
    Share,
    /// Samples per second.
    PerSecond,
}

impl Figure {
    /// What it is measured in.
    pub fn unit(self) -> Unit {
        match self {
            Self::Percentile(_) | Self::Average | Self::Least | Self::Greatest => Unit::Time,
            Self::Count | Self::Failures => Unit::Number,
            Self::ErrorRate => Unit::Share,
            Self::Rate => Unit::PerSecond,
        }
    }
}

/// Which samples a figure is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Of which series.
    pub series: Which,
    /// Of the response times, from when a schedule meant to begin, instead of the service times.
    pub response: bool,
}

/// Which series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of a kind.
    Kind(Kind),
    /// One.
    One(Series),
}

impl Which {
    /// Whether it is one of these.
    pub fn is(&self, series: &Series) -> bool {
        match self {
            Self::Kind(kind) => series.kind == *kind,
            Self::One(one) => series == one,
        }
    }
}

/// How a figure has to stand to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Relation {
    /// Whether a value keeps to a limit.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Above => value > limit,
            Self::AtLeast => value >= limit,
        }
    }
}

impl Unit {
    /// A value as people read it.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Time if value < 1_000.0 => format!("{value:.0} us"),
            Self::Time if value < 1_000_000.0 => format!("{:.3} ms", value / 1_000.0),
            Self::Time => format!("{:.3} s", value / 1_000_000.0),
            Self::Number => format!("{value:.0}"),
            Self::Share => format!("{:.3} %", value * 100.0),
            Self::PerSecond => format!("{value:.1}/s"),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
