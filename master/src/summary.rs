//! A run as pure data, made once when there is a verdict. Every output tells the same.

mod lines;

use std::time::{Duration, SystemTime};

use proto::histogram::Histogram;
use proto::series::Kind;
use serde::Serialize;

use crate::clock::Clock;
use crate::config::open_address;
use crate::loss::Loss;
use crate::run::Run;
use crate::threshold::Judgement;
use crate::totals::{Counts, Latency, MessageTotals, SeriesTotals, Totals, is_request, us};
use crate::verdict::Verdict;

pub use lines::{
    ArrivalsLine, ChangeLine, FailureLine, KeptLine, KindLine, MessageLine, PlanAsRun, RateLine, SecondLine,
    SeriesLine, StageLine, WorkerLine,
};

/// Everything that a run gave.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The release that made it.
    pub horde: &'static str,
    /// The run's name.
    pub run: String,
    /// When it started, by the wall clock; none if it never did.
    pub started: Option<String>,
    /// How long robots were alive.
    #[serde(rename = "ran_us", serialize_with = "us")]
    pub ran: Duration,
    /// The plan, as it was run.
    pub plan: PlanAsRun,
    /// What people did to it, in order.
    pub changes: Vec<ChangeLine>,
    /// Those that took part.
    pub workers: Vec<WorkerLine>,
    /// Those that were lost.
    pub losses: Vec<Loss>,
    /// All series of a kind together.
    pub kinds: Vec<KindLine>,
    /// All requests together.
    pub aggregated: SeriesLine,
    /// Each series, by kind and name.
    pub series: Vec<SeriesLine>,
    /// What failed.
    pub failures: Vec<FailureLine>,
    /// Failing robots with what they did before, as many as were to be kept.
    pub kept_failures: Vec<KeptLine>,
    /// Every message of the schema, by name, sent or not.
    pub messages: Vec<MessageLine>,
    /// Each second of the run.
    pub timeline: Vec<SecondLine>,
    /// What its figures had to keep to, and whether they did.
    pub thresholds: Vec<Judgement>,
    /// How it ended.
    pub verdict: Verdict,
}

impl Summary {
    /// Reads it off a run that has its verdict.
    pub fn of(run: &Run, clock: &Clock) -> Self {
        let (totals, ran) = (run.totals(), run.ran());
        let mut figures = Figures { ran, scratch: Histogram::new() };
        // What a run is that never began.
        let start = run.start().unwrap_or_default();
        let kinds = Kind::ALL.map(|kind| {
            let (ok, failed) = totals.of_kind(kind);
            KindLine { kind, ok, failed }
        });
        Self {
            horde: env!("CARGO_PKG_VERSION"),
            run: run.id().to_string(),
            started: run.start().map(|at| humantime::format_rfc3339_seconds(clock.wall(at)).to_string()),
            ran,
            plan: PlanAsRun::of(run),
            changes: run.changes().iter().map(ChangeLine::from).collect(),
            workers: workers(run),
            losses: run.losses().to_vec(),
            kinds: kinds.to_vec(),
            aggregated: figures.aggregated(totals),
            series: totals.sorted().map(|(_, total)| figures.series(total)).collect(),
            failures: failures(run, start),
            kept_failures: kept(run, start),
            messages: messages(totals),
            timeline: timeline(totals, clock, start),
            thresholds: run.judgements(),
            verdict: run.verdict(),
        }
    }
}

impl PlanAsRun {
    fn of(run: &Run) -> Self {
        let plan = run.plan();
        let profile = &plan.profile;
        Self {
            host: open_address(&plan.host),
            users: profile.peak(),
            stages: profile.stages().iter().map(StageLine::from).collect(),
            arrivals: ArrivalsLine::of(run),
            end: profile.end(),
            classes: plan.classes.list().iter().map(|class| class.name.clone()).collect(),
            seed: plan.seed,
            connect_timeout: plan.timeouts.connect,
            request_timeout: plan.timeouts.request,
            stop_timeout: plan.timeouts.stop,
            on_worker_loss: plan.on_worker_loss,
            stopped: run.stopped().map(|(_, why)| why.clone()),
        }
    }
}

impl ArrivalsLine {
    fn of(run: &Run) -> Option<Self> {
        let profile = &run.plan().profile;
        let flow = profile.flow()?;
        let (planned, begun) = (profile.arrived(run.ran()), run.begun());
        let stages = flow.stages().iter().map(RateLine::from).collect();
        Some(Self { rate: flow.rate(), stages, model: flow.model(), planned, begun })
    }
}

/// The samples of one line.
struct Samples<'a> {
    ok: &'a Counts,
    failed: &'a Counts,
    response: &'a Counts,
}

/// Computes figures of series, with one histogram for all.
pub(crate) struct Figures {
    pub(crate) ran: Duration,
    pub(crate) scratch: Histogram,
}

impl Figures {
    /// The line of one series.
    pub(crate) fn series(&mut self, total: &SeriesTotals) -> SeriesLine {
        let (kind, name) = (Some(total.series.kind), total.series.name.clone());
        let samples = Samples { ok: &total.ok, failed: &total.failed, response: &total.response };
        self.line(kind, name, samples, (total.sent, total.received))
    }

    /// The line of all requests together.
    pub(crate) fn aggregated(&mut self, totals: &Totals) -> SeriesLine {
        let [mut ok, mut failed, mut response] = std::array::from_fn(|_| Counts::default());
        let mut bytes = (0u64, 0u64);
        for total in totals.series().iter().filter(|total| is_request(&total.series)) {
            ok.add_counts(&total.ok);
            failed.add_counts(&total.failed);
            response.add_counts(&total.response);
            bytes = (bytes.0.saturating_add(total.sent), bytes.1.saturating_add(total.received));
        }
        let samples = Samples { ok: &ok, failed: &failed, response: &response };
        self.line(None, "Aggregated".into(), samples, bytes)
    }

    fn line(
        &mut self,
        kind: Option<Kind>,
        name: String,
        Samples { ok, failed, response }: Samples<'_>,
        (bytes_sent, bytes_received): (u64, u64),
    ) -> SeriesLine {
        let mut all = ok.clone();
        all.add_counts(failed);
        let seconds = self.ran.as_secs_f64();
        let per_second = |n: u64| if seconds > 0.0 { n as f64 / seconds } else { 0.0 };
        SeriesLine {
            kind,
            name,
            count: all.count(),
            failed: failed.count(),
            rate: per_second(all.count()),
            failed_rate: per_second(failed.count()),
            bytes_sent,
            bytes_received,
            latency: Latency::of(&all, &mut self.scratch),
            latency_ok: Latency::of(ok, &mut self.scratch),
            latency_failed: Latency::of(failed, &mut self.scratch),
            response: Latency::of(response, &mut self.scratch),
        }
    }
}

fn workers(run: &Run) -> Vec<WorkerLine> {
    let took_part = run.fleet().workers().filter(|(_, worker)| worker.order.is_some());
    let line = |worker: &crate::worker::Worker| WorkerLine {
        name: worker.name().into(),
        version: crate::text::fit(&worker.hello.version, 40),
        cores: worker.hello.cores,
        robots: worker.robots,
        reports: worker.applied,
        lag: worker.lag,
        busy_permille: worker.busy_permille,
        delivered: worker.delivered,
    };
    took_part.map(|(_, worker)| line(worker)).collect()
}

fn failures(run: &Run, start: Duration) -> Vec<FailureLine> {
    let failures = run.totals().failures();
    let line =
        |(series, class, failure): (&proto::series::Series, _, &crate::totals::FailureTotals)| FailureLine {
            kind: series.kind,
            name: series.name.clone(),
            class,
            count: failure.count,
            first: failure.first.saturating_sub(start),
            last: failure.last.saturating_sub(start),
            example: failure.example.clone(),
            workers: failure.nodes.iter().map(|id| run.fleet().name(*id).into()).collect(),
        };
    failures.map(line).collect()
}

fn kept(run: &Run, start: Duration) -> Vec<KeptLine> {
    let wanted = run.plan().keep_failures as usize;
    let line = |kept: &proto::report::KeptFailure| KeptLine {
        robot: kept.robot,
        at: kept.at.saturating_sub(start),
        reason: kept.reason.clone(),
        lines: kept.lines.clone(),
    };
    run.totals().kept().iter().take(wanted).map(line).collect()
}

fn messages(totals: &Totals) -> Vec<MessageLine> {
    let line = |(name, totals): (&str, &MessageTotals)| {
        let MessageTotals { sent, bytes_sent, received, bytes_received } = *totals;
        MessageLine { name: name.to_owned(), sent, bytes_sent, received, bytes_received }
    };
    totals.messages().map(line).collect()
}

fn timeline(totals: &Totals, clock: &Clock, start: Duration) -> Vec<SecondLine> {
    // Series are told in the order of their names, and kept in that of their coming.
    let mut ranks = vec![0; totals.series().len()];
    totals.sorted().zip(0..).for_each(|((place, _), rank)| ranks[place as usize] = rank);
    let seconds = totals.timeline.seconds().iter();
    let line = |second: &crate::totals::Second| SecondLine {
        second: second.second,
        timestamp: timestamp(clock.wall(start + Duration::from_secs(second.second))),
        users: second.users,
        requests: second.requests.latency.count,
        failed: second.requests.failed,
        latency: second.requests.latency,
        series: second.points.iter().map(|p| (ranks[p.series as usize], p.ok, p.failed)).collect(),
    };
    seconds.map(line).collect()
}

/// Seconds since 1970.
pub(crate) fn timestamp(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
