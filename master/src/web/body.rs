//! What requests bring, as JSON, and the wish that it is.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use proto::arrivals::Arrivals;
use proto::command::{LARGEST_ARGS, WHOLE};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::Fault;
use crate::change::Wish;
use crate::config;
use crate::start::Start;

/// The most bytes of a body: the most that goes with a command, and what is around it.
pub const LARGEST_BODY: usize = LARGEST_ARGS + (4 << 10);

/// A request's body, whole.
pub(super) type Sent = Result<Bytes, BytesRejection>;

/// Reads a body; none at all is an object without anything.
pub(super) fn read<T: DeserializeOwned>(sent: Sent) -> Result<T, Fault> {
    let bytes = sent.map_err(|e| match e.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Fault::new(e.status(), format!("the body is larger than {} KiB", LARGEST_BODY >> 10))
        }
        _ => Fault::new(StatusCode::BAD_REQUEST, "the body did not arrive whole"),
    })?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|e| {
        Fault::unusable(format!("the body can't be used: {}", crate::text::fit(&e.to_string(), 300)))
    })
}

/// Nothing can be said beside the request itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Another plan for the run that goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanBody {
    users: Option<u64>,
    spawn_rate: Option<f64>,
    arrivals: Option<f64>,
}

impl PlanBody {
    pub(super) fn wish(self) -> Result<Wish, Fault> {
        match (self.users, self.spawn_rate, self.arrivals) {
            (Some(users), rate, None) => Ok(Wish::Users { users, rate }),
            (None, None, Some(rate)) => Ok(Wish::Arrivals { rate }),
            _ => Err(Fault::unusable("give users, with spawn_rate or without, or else arrivals")),
        }
    }
}

/// Something that robots are to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandBody {
    name: String,
    share: Option<f64>,
    #[serde(default)]
    args: Value,
}

impl CommandBody {
    pub(super) fn wish(self) -> Result<Wish, Fault> {
        let share = self.share.unwrap_or(1.0);
        let permille = (share * f64::from(WHOLE)).round();
        if !(1.0..=f64::from(WHOLE)).contains(&permille) || share > 1.0 {
            return Err(Fault::unusable(format!("a share of {share} is not possible; give 0.001 to 1")));
        }
        Ok(Wish::Command { name: self.name, share_permille: permille as u32, args: self.args.to_string() })
    }
}

/// What is other than usual in the next run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartBody {
    users: Option<u64>,
    spawn_rate: Option<f64>,
    run_time: Option<Time>,
    arrivals: Option<f64>,
    arrivals_model: Option<Arrivals>,
}

/// Seconds, or as on the command line.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(u64),
    Text(String),
}

impl Time {
    fn duration(self) -> Result<Duration, Fault> {
        match self {
            Self::Seconds(seconds) => Ok(Duration::from_secs(seconds)),
            Self::Text(text) => config::duration(&text).ok_or_else(|| {
                Fault::unusable(format!(
                    "run_time: `{}` is no time; give it like 30s, 5m or 1h30m",
                    crate::text::fit(&text, 60)
                ))
            }),
        }
    }
}

impl StartBody {
    pub(super) fn wish(self) -> Result<Wish, Fault> {
        let Self { users, spawn_rate, run_time, arrivals, arrivals_model } = self;
        let run_time = run_time.map(Time::duration).transpose()?;
        Ok(Wish::Start(Start { users, spawn_rate, run_time, arrivals, arrivals_model }))
    }
}
