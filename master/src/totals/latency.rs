//! The figures that people read of a histogram.

use std::time::Duration;

use proto::histogram::Histogram;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::counts::Counts;

/// The percentiles that are told: Locust's.
pub const PERCENTS: [(f64, &str); 11] = [
    (50.0, "50"),
    (66.0, "66"),
    (75.0, "75"),
    (80.0, "80"),
    (90.0, "90"),
    (95.0, "95"),
    (98.0, "98"),
    (99.0, "99"),
    (99.9, "99.9"),
    (99.99, "99.99"),
    (100.0, "100"),
];

/// Least, mean, greatest and percentiles. All 0 where nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// How many samples.
    pub count: u64,
    /// Exact least.
    #[serde(rename = "min_us", serialize_with = "us")]
    pub min: Duration,
    /// Exact mean.
    #[serde(rename = "mean_us", serialize_with = "us")]
    pub mean: Duration,
    /// Exact greatest.
    #[serde(rename = "max_us", serialize_with = "us")]
    pub max: Duration,
    /// In the order of [`PERCENTS`], to 3 significant digits.
    #[serde(rename = "percentiles_us", serialize_with = "percentiles")]
    pub percentiles: [Duration; PERCENTS.len()],
}

impl Latency {
    /// Reads it off counts. `scratch` is any histogram: one costs 200 KB, so it is made once.
    pub fn of(counts: &Counts, scratch: &mut Histogram) -> Self {
        if counts.count() == 0 {
            return Self::default();
        }
        counts.fill(scratch);
        Self {
            count: counts.count(),
            min: scratch.min(),
            mean: scratch.mean(),
            max: scratch.max(),
            percentiles: PERCENTS.map(|(percent, _)| scratch.percentile(percent)),
        }
    }

    /// The latency that `percent`, one of [`PERCENTS`], do not exceed.
    pub fn percentile(&self, percent: f64) -> Duration {
        let place = PERCENTS.iter().position(|(p, _)| *p == percent);
        place.map(|place| self.percentiles[place]).unwrap_or_default()
    }
}

/// Microseconds as a whole number.
pub(crate) fn us<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// The other way round.
pub(crate) fn from_us<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_micros)
}

fn percentiles<S: Serializer>(list: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(list.len()))?;
    for ((_, name), duration) in PERCENTS.iter().zip(list) {
        map.serialize_entry(name, &(duration.as_micros() as u64))?;
    }
    map.end()
}
