//! The parts of a summary, as files and tables tell them.

use std::time::Duration;

use proto::arrivals::{Arrivals, RateStage};
use proto::command::WHOLE;
use proto::plan::LossPolicy;
use proto::profile::{Edge, Stage};
use proto::series::{FailureClass, Kind};
use serde::{Deserialize, Serialize};

use crate::change::{Change, Wish};
use crate::totals::{Latency, Users, from_us, us};

/// The plan, as it was run.
#[derive(Debug, Clone, Serialize)]
pub struct PlanAsRun {
    /// The address that robots began with.
    pub host: String,
    /// The most robots that it wants at a time; of an open model all that arrive.
    pub users: u64,
    /// How many robots when; none in an open model.
    pub stages: Vec<StageLine>,
    /// How robots arrive in an open model.
    pub arrivals: Option<ArrivalsLine>,
    /// When it is over.
    #[serde(rename = "end_us", serialize_with = "us")]
    pub end: Duration,
    /// The classes' names.
    pub classes: Vec<String>,
    /// Where random choices come from.
    pub seed: u64,
    /// Time to open a connection.
    #[serde(rename = "connect_timeout_us", serialize_with = "us")]
    pub connect_timeout: Duration,
    /// Time to wait for a reply.
    #[serde(rename = "request_timeout_us", serialize_with = "us")]
    pub request_timeout: Duration,
    /// Time to log out.
    #[serde(rename = "stop_timeout_us", serialize_with = "us")]
    pub stop_timeout: Duration,
    /// What becomes of a lost worker's robots.
    pub on_worker_loss: LossPolicy,
    /// When it was stopped before its time.
    pub stopped: Option<String>,
}

/// One stage of the plan.
#[derive(Debug, Clone, Serialize)]
pub struct StageLine {
    /// How long it lasts.
    #[serde(rename = "duration_us", serialize_with = "us")]
    pub duration: Duration,
    /// Robots at its end.
    pub robots: u64,
    /// How it gets there.
    pub edge: Edge,
    /// When it is left on its way, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_us: Option<u64>,
}

/// One stage of arrivals.
#[derive(Debug, Clone, Serialize)]
pub struct RateLine {
    /// How long it lasts.
    #[serde(rename = "duration_us", serialize_with = "us")]
    pub duration: Duration,
    /// Arrivals per second at its end.
    pub rate: f64,
    /// How it gets there.
    pub edge: Edge,
    /// When it is left on its way, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_us: Option<u64>,
}

impl From<&Stage> for StageLine {
    fn from(stage: &Stage) -> Self {
        let Stage { duration, robots, edge, cut } = *stage;
        Self { duration, robots, edge, cut_us: cut.map(micros) }
    }
}

impl From<&RateStage> for RateLine {
    fn from(stage: &RateStage) -> Self {
        let RateStage { duration, rate, edge, cut } = *stage;
        Self { duration, rate: rate.per_second(), edge, cut_us: cut.map(micros) }
    }
}

fn micros(t: Duration) -> u64 {
    u64::try_from(t.as_micros()).unwrap_or(u64::MAX)
}

/// One thing that people did to the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeLine {
    /// When, from the start of the run.
    #[serde(rename = "at_us", serialize_with = "us", deserialize_with = "from_us")]
    pub at: Duration,
    /// The number of the plan that holds from here on.
    pub revision: u64,
    /// What: users, arrivals, pause, resume, stop or command.
    pub what: String,
    /// Robots wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// Robots, or sessions, per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The command's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The share of the robots that it is for, up to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// What goes with it, or the begin of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<String>,
    /// Who asked.
    pub who: String,
    /// All that in words.
    pub text: String,
}

impl From<&Change> for ChangeLine {
    fn from(change: &Change) -> Self {
        let Change { at, revision, what, who } = change;
        let line = Self {
            at: *at,
            revision: *revision,
            who: who.clone(),
            text: what.to_string(),
            ..Self::default()
        };
        let what = |what: &str| what.to_owned();
        match &change.what {
            Wish::Start(_) => Self { what: what("start"), ..line },
            Wish::Users { users, rate } => {
                Self { what: what("users"), users: Some(*users), rate: *rate, ..line }
            }
            Wish::Arrivals { rate } => Self { what: what("arrivals"), rate: Some(*rate), ..line },
            Wish::Pause => Self { what: what("pause"), ..line },
            Wish::Resume => Self { what: what("resume"), ..line },
            Wish::Stop => Self { what: what("stop"), ..line },
            Wish::Command { name, share_permille, args } => {
                let share = Some(f64::from(*share_permille) / f64::from(WHOLE));
                Self {
                    what: what("command"),
                    command: Some(name.clone()),
                    share,
                    args: Some(args.clone()),
                    ..line
                }
            }
        }
    }
}

/// How robots arrive in an open model.
#[derive(Debug, Clone, Serialize)]
pub struct ArrivalsLine {
    /// Per second, on average.
    pub rate: f64,
    /// The rates one after the other.
    pub stages: Vec<RateLine>,
    /// How they are spaced.
    pub model: Arrivals,
    /// Sessions that were due while it ran.
    pub planned: u64,
    /// Sessions that began.
    pub begun: u64,
}

/// One worker.
#[derive(Debug, Clone, Serialize)]
pub struct WorkerLine {
    /// Its name.
    pub name: String,
    /// Its release.
    pub version: String,
    /// Threads that ran robots.
    pub cores: u32,
    /// The most robots that were its.
    pub robots: u64,
    /// Reports that were merged.
    pub reports: u64,
    /// The latest that a robot thread woke.
    #[serde(rename = "lag_us", serialize_with = "us")]
    pub lag: Duration,
    /// The busiest that a robot thread was, in thousandths.
    pub busy_permille: u32,
    /// Whether its last report was merged.
    pub delivered: bool,
}

/// All series of a kind.
#[derive(Debug, Clone, Serialize)]
pub struct KindLine {
    /// Which.
    pub kind: Kind,
    /// What succeeded.
    pub ok: u64,
    /// What failed.
    pub failed: u64,
}

/// One series.
#[derive(Debug, Clone, Serialize)]
pub struct SeriesLine {
    /// What sort; none where all requests stand together.
    pub kind: Option<Kind>,
    /// Which.
    pub name: String,
    /// All samples, the failed included.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Samples per second.
    pub rate: f64,
    /// Failures per second.
    pub failed_rate: f64,
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
    /// Service times of all samples.
    pub latency: Latency,
    /// Service times of what succeeded.
    pub latency_ok: Latency,
    /// Service times of what failed.
    pub latency_failed: Latency,
    /// Response times, from when the schedule meant to begin; none of tasks that have no schedule.
    pub response: Latency,
}

/// A failing robot with what it did before.
#[derive(Debug, Clone, Serialize)]
pub struct KeptLine {
    /// Its number.
    pub robot: u64,
    /// When it failed, from the start of the run.
    #[serde(rename = "at_us", serialize_with = "us")]
    pub at: Duration,
    /// Why.
    pub reason: String,
    /// What it did and met before, oldest first.
    pub lines: Vec<String>,
}

/// One message of the schema.
#[derive(Debug, Clone, Serialize)]
pub struct MessageLine {
    /// Its name.
    pub name: String,
    /// How often robots sent it.
    pub sent: u64,
    /// The payload bytes of that.
    pub bytes_sent: u64,
    /// How often it came.
    pub received: u64,
    /// The payload bytes of that.
    pub bytes_received: u64,
}

/// Failures of one sort in a series.
#[derive(Debug, Clone, Serialize)]
pub struct FailureLine {
    /// The series' sort.
    pub kind: Kind,
    /// The series.
    pub name: String,
    /// Why.
    pub class: FailureClass,
    /// How many.
    pub count: u64,
    /// The first, from the start of the run.
    #[serde(rename = "first_us", serialize_with = "us")]
    pub first: Duration,
    /// The last, from the start of the run.
    #[serde(rename = "last_us", serialize_with = "us")]
    pub last: Duration,
    /// What the first one said.
    pub example: String,
    /// Workers that had it, the first few.
    pub workers: Vec<String>,
}

/// One second of the run.
#[derive(Debug, Clone, Serialize)]
pub struct SecondLine {
    /// It ends so many seconds after the start.
    pub second: u64,
    /// Its end by the wall clock, in seconds since 1970.
    pub timestamp: u64,
    /// Robots by state at its end: connecting, logging in, ready, playing, leaving.
    pub users: Users,
    /// Requests, the failed included.
    pub requests: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Service times of its requests.
    pub latency: Latency,
    /// (place in `series`, succeeded, failed) of each series that did anything.
    pub series: Vec<(u32, u32, u32)>,
}
