//! A threshold beside a run: reports go in, and how it stands comes out.

use std::time::Duration;

use proto::histogram::Histogram;
use proto::report::{Report, SeriesDelta};
use serde::{Deserialize, Serialize};

use super::{Figure, Threshold, Unit};

/// A threshold, and what it has seen.
#[derive(Debug)]
pub struct Watch {
    threshold: Threshold,
    latencies: Histogram,
    count: u64,
    failed: u64,
    /// Crossed since the end of this second, on end.
    crossed: Option<u64>,
    /// How it stood when it ended the run.
    ended: Option<Judgement>,
}

/// How a threshold stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// As it was written.
    pub threshold: String,
    /// What it came to.
    pub state: State,
    /// The figure as people read it; none if there were too few samples.
    pub value: Option<String>,
    /// So many samples it is of.
    pub samples: u64,
}

/// What a threshold came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The figure keeps to its limit.
    Kept,
    /// It does not.
    Crossed,
    /// There were too few samples to say.
    Unknown,
}

impl Watch {
    /// A threshold that has seen nothing.
    pub fn new(threshold: Threshold) -> Self {
        Self { threshold, latencies: Histogram::new(), count: 0, failed: 0, crossed: None, ended: None }
    }

    /// The same threshold for another run.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.threshold.clone())
    }

    /// Adds what was told of an interval that ends with the given second of the run.
    pub(crate) fn see(&mut self, second: u64, report: &Report) {
        if Duration::from_secs(second) > self.threshold.after {
            report.series.iter().for_each(|delta| self.add(delta));
        }
    }

    fn add(&mut self, delta: &SeriesDelta) {
        let Threshold { figure, of, .. } = &self.threshold;
        if !of.series.is(&delta.series) {
            return;
        }
        let (service, response) = ([&delta.ok, &delta.failed], [&delta.response]);
        let parts = if of.response { &response[..] } else { &service };
        for sparse in parts {
            self.count = self.count.saturating_add(sparse.count());
            if figure.unit() == Unit::Time
                && let Err(e) = self.latencies.add(sparse)
            {
                tracing::error!("{}: a report was left out: {e}", self.threshold);
            }
        }
        self.failed = self.failed.saturating_add(delta.failed.count());
    }

    /// The figure after so much of the run; none with too few samples.
    fn value(&self, ran: Duration) -> Option<f64> {
        let us = |time: Duration| time.as_micros() as f64;
        let seconds = ran.saturating_sub(self.threshold.after).as_secs_f64();
        let value = match self.threshold.figure {
            Figure::Percentile(percent) => us(self.latencies.percentile(percent)),
            Figure::Average => us(self.latencies.mean()),
            Figure::Least => us(self.latencies.min()),
            Figure::Greatest => us(self.latencies.max()),
            Figure::Count => self.count as f64,
            Figure::Failures => self.failed as f64,
            Figure::ErrorRate => self.failed as f64 / self.count as f64,
            Figure::Rate => self.count as f64 / seconds,
        };
        (self.count >= self.threshold.samples && value.is_finite()).then_some(value)
    }

    /// How it stands after so much of the run. One that ended the run was crossed, whatever came after.
    pub(crate) fn judge(&self, ran: Duration) -> Judgement {
        if let Some(judgement) = &self.ended {
            return judgement.clone();
        }
        let Threshold { text, figure, relation, limit, .. } = &self.threshold;
        let value = self.value(ran);
        let state = match value {
            Some(value) if relation.holds(value, *limit) => State::Kept,
            Some(_) => State::Crossed,
            None => State::Unknown,
        };
        let value = value.map(|value| figure.unit().show(value));
        Judgement { threshold: text.clone(), state, value, samples: self.count }
    }

    /// A second of the run is over. Why the run has to end: this was crossed for as long as the threshold says.
    pub(crate) fn close(&mut self, second: u64) -> Option<String> {
        let (time, ran) = (self.threshold.abort?, Duration::from_secs(second));
        let judgement = self.judge(ran);
        if self.ended.is_some() || ran <= self.threshold.after || judgement.state != State::Crossed {
            self.crossed = None;
            return None;
        }
        let since = *self.crossed.get_or_insert(second);
        if Duration::from_secs(second.saturating_sub(since)) < time {
            return None;
        }
        let why = judgement.complaint();
        self.ended = Some(judgement);
        why
    }
}

impl State {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Crossed => "crossed",
            Self::Unknown => "unknown",
        }
    }
}

impl Judgement {
    /// Why it does not pass; none if it does.
    pub fn complaint(&self) -> Option<String> {
        let Self { threshold, state, value, samples } = self;
        match (state, value) {
            (State::Kept, _) => None,
            (_, Some(value)) => Some(format!("{threshold}: it was {value}, of {samples} samples")),
            (_, None) => Some(format!("{threshold}: can't be judged, there were {samples} samples")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::report::Report;
    use proto::series::{Kind, Series};
    use uuid::Uuid;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn sparse(latencies: &[u64]) -> proto::histogram::Sparse {
        let mut histogram = Histogram::new();
        latencies.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
        histogram.to_sparse()
    }

    /// What a second gave: latencies of what succeeded and what failed.
    fn report(name: &str, ok: &[u64], failed: &[u64]) -> Report {
        let series = Series::new(Kind::Request, name);
        let [ok, failed, response] = [ok, failed, &[]].map(sparse);
        let delta = SeriesDelta { series, ok, failed, response, bytes_sent: 0, bytes_received: 0 };
        Report {
            run: Uuid::nil(),
            sequence: 1,
            from: Duration::ZERO,
            to: S,
            robots: Vec::new(),
            series: vec![delta],
            failures: Vec::new(),
            messages: Vec::new(),
            kept: Vec::new(),
            last: false,
            more: false,
        }
    }

    fn watch(text: &str) -> Watch {
        Watch::new(super::super::parse(text).unwrap())
    }

    fn judged(text: &str, reports: &[Report]) -> Judgement {
        let mut watch = watch(text);
        (1..).zip(reports).for_each(|(second, report)| watch.see(second, report));
        watch.judge(S * reports.len() as u32)
    }

    #[test]
    fn every_figure_is_judged_by_its_limit() {
        let ms: Vec<u64> = (1..=100).map(|ms| ms * 1_000).collect();
        let reports = [report("Echo", &ms, &[]), report("Echo", &[], &[200_000]), report("Other", &[1], &[])];
        use State::{Crossed, Kept, Unknown};
        let table = [
            ("p50(Echo) < 52ms", Kept, "51", 101),
            ("p99(Echo) < 99ms", Crossed, "100.", 101),
            ("max(Echo) < 1s", Kept, "200", 101),
            ("min(Echo) >= 1ms", Kept, "1.000 ms", 101),
            ("avg < 1us", Crossed, "51.", 102),
            ("count(Echo) >= 101", Kept, "101", 101),
            ("failures(Echo) < 1", Crossed, "1", 101),
            ("error_rate(Echo) < 1%", Kept, "0.990 %", 101),
            ("rate(Echo) > 34/s", Crossed, "33.7/s", 101),
            ("rate(Echo) > 99/s after 1s", Crossed, "0.5/s", 1),
            ("p99(Echo) < 1s samples 102", Unknown, "", 101),
            ("p99(Ecoh) < 1s", Unknown, "", 0),
            ("p99(Echo, response) < 1s", Unknown, "", 0),
            ("error_rate(login) < 1%", Unknown, "", 0),
            ("failures(login) < 1", Kept, "0", 0),
        ];
        for (text, state, value, samples) in table {
            let judgement = judged(text, &reports);
            assert_eq!((judgement.state, judgement.samples), (state, samples), "{judgement:?}");
            assert!(judgement.value.as_deref().unwrap_or_default().starts_with(value), "{judgement:?}");
            assert_eq!(judgement.complaint().is_none(), state == Kept);
        }
    }

    #[test]
    fn a_run_ends_when_it_was_crossed_for_as_long_as_is_said_on_end() {
        let (good, bad) = (report("Echo", &[1; 100], &[]), report("Echo", &[], &[1; 100]));
        let mut watch = watch("error_rate < 40% after 1s abort for 2s");
        // Crossed at once, but that does not count yet; then for 1 s only; then for good.
        let seconds = [&bad, &bad, &good, &good, &bad, &bad, &bad];
        let ended: Vec<_> = (1..)
            .zip(seconds)
            .filter_map(|(second, report)| {
                watch.see(second, report);
                watch.close(second).map(|why| (second, why))
            })
            .collect();
        assert_eq!(ended.len(), 1, "{ended:?}");
        assert_eq!(ended[0].0, 7, "{ended:?}");
        assert!(ended[0].1.contains("it was 66.667 %"), "{ended:?}");
        (8..99).for_each(|second| watch.see(second, &good));
        assert_eq!(watch.judge(S * 99).state, State::Crossed, "it ended the run");
        assert_eq!(watch.anew().judge(S).state, State::Unknown);
    }
}
