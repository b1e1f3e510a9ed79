//! `master ctl`: asks a master at work, or tells it what to do. Words of the command line come in; a line for people goes
//! out, or one that says why not.

mod client;
mod show;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::{Map, Value, json};
use url::Url;

use crate::change::Told;
use crate::status::Status;
use client::Client;

/// Asks a master at work how its run stands, or changes it.
///
/// The master listens on --web-port (8089) of its own machine.
#[derive(Debug, Parser)]
#[command(name = "master ctl", bin_name = "master ctl", version)]
pub struct Ctl {
    /// Where the master is
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8089", global = true)]
    master_url: String,
    #[command(subcommand)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Say how the run stands
    Status {
        /// As the API tells it
        #[arg(long)]
        json: bool,
    },
    /// Start a run where none goes on; what is not given is as the master was told
    Start {
        /// Robots at the peak
        #[arg(short, long, value_name = "N", allow_hyphen_values = true)]
        users: Option<u64>,
        /// Robots born per second
        #[arg(short = 'r', long, value_name = "N", value_parser = number, allow_hyphen_values = true)]
        spawn_rate: Option<f64>,
        /// How long the run lasts, the ramp included: 20, 20s, 3m, 1h30m
        #[arg(short = 't', long, value_name = "TIME")]
        run_time: Option<String>,
        /// Sessions that begin per second, instead of --users and --spawn-rate
        #[arg(long, value_name = "RATE", value_parser = number, allow_hyphen_values = true)]
        arrivals: Option<f64>,
        /// How arrivals are spaced: constant or poisson
        #[arg(long, value_name = "MODEL")]
        arrivals_model: Option<String>,
    },
    /// Stop the run: the first time cleanly, the second time at once
    Stop,
    /// Change the number of robots
    Users {
        /// How many
        #[arg(value_name = "N", allow_hyphen_values = true)]
        users: u64,
        /// How many are born or retired per second [default: as the run began]
        #[arg(short = 'r', long, value_name = "N", value_parser = number, allow_hyphen_values = true)]
        rate: Option<f64>,
    },
    /// Change how many sessions begin per second
    Arrivals {
        /// How many
        #[arg(value_name = "RATE", value_parser = number, allow_hyphen_values = true)]
        rate: f64,
    },
    /// Let no robot begin a task; they stay connected
    Pause,
    /// Let robots begin tasks again
    Resume,
    /// Tell robots to do something that their mods know
    Command {
        /// What mods know it by
        name: String,
        /// For which share of the robots, such as 30% or 0.3 [default: all]
        #[arg(long, value_name = "SHARE", value_parser = share)]
        share: Option<f64>,
        /// What goes with it
        #[arg(long, value_name = "JSON", value_parser = json_value)]
        args: Option<Value>,
    },
    /// Print the plan, as it was run, as a horde.toml
    Plan {
        /// Write it to this file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum CtlError {
    /// The address is none.
    #[error("--master-url {0}: not such an address; write it like http://127.0.0.1:8089")]
    Url(String),
    /// Nobody listens there.
    #[error(
        "no master listens at {0}; start one without --headless, or with --web-port, or give its --master-url"
    )]
    Nobody(String),
    /// It can't be reached.
    #[error("the master at {at} can't be reached: {why}")]
    Unreachable {
        /// Where.
        at: String,
        /// Why not.
        why: String,
    },
    /// Something else listens there.
    #[error("what listens at {0} is no master of this release")]
    Foreign(String),
    /// The master does not do it.
    #[error("{sentence}")]
    Declined {
        /// Whether it could never be done.
        never: bool,
        /// Why not.
        sentence: String,
    },
    /// The file can't be written.
    #[error("{path} can't be written ({source}); name a file in a folder that exists and is yours")]
    File {
        /// Which.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
}

impl CtlError {
    /// What the process ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Url(_) | Self::File { .. } | Self::Declined { never: true, .. } => 2,
            _ => 1,
        }
    }
}

impl Ctl {
    /// Does what was asked. Gives what to print.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn run(self) -> Result<String, CtlError> {
        let client = Client::new(&self.master_url)?;
        match self.order {
            Order::Status { json: true } => client.get("status").await,
            Order::Status { json: false } => Ok(show::status(&client.read::<Status>("status").await?)),
            Order::Plan { output: None } => client.get("plan.toml").await,
            Order::Plan { output: Some(path) } => write(&path, &client.get("plan.toml").await?),
            order => {
                let (method, path, body) = order.request();
                let told: Told = client.send(method, path, &body).await?;
                Ok(format!("{} (run {}, plan {})\n", told.told, told.run, told.revision))
            }
        }
    }
}

impl Order {
    fn request(self) -> (&'static str, &'static str, Value) {
        match self {
            Self::Start { users, spawn_rate, run_time, arrivals, arrivals_model } => {
                let all = [
                    ("users", json!(users)),
                    ("spawn_rate", json!(spawn_rate)),
                    ("run_time", json!(run_time)),
                    ("arrivals", json!(arrivals)),
                    ("arrivals_model", json!(arrivals_model)),
                ];
                ("POST", "start", given(all))
            }
            Self::Users { users, rate } => {
                ("PATCH", "plan", given([("users", json!(users)), ("spawn_rate", json!(rate))]))
            }
            Self::Arrivals { rate } => ("PATCH", "plan", json!({ "arrivals": rate })),
            Self::Command { name, share, args } => (
                "POST",
                "command",
                given([("name", json!(name)), ("share", json!(share)), ("args", json!(args))]),
            ),
            Self::Pause => ("POST", "pause", json!({})),
            Self::Resume => ("POST", "resume", json!({})),
            Self::Stop => ("POST", "stop", json!({})),
            Self::Status { .. } => ("GET", "status", json!({})),
            Self::Plan { .. } => ("GET", "plan.toml", json!({})),
        }
    }
}

/// An object of what is there.
fn given<const N: usize>(all: [(&str, Value); N]) -> Value {
    let some = all.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(some.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn write(path: &std::path::Path, text: &str) -> Result<String, CtlError> {
    let shown = path.display().to_string();
    std::fs::write(path, text).map_err(|source| CtlError::File { path: shown.clone(), source })?;
    Ok(format!("the plan is in {shown}\n"))
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| "not a number; give one such as 10 or 0.5".into())
}

/// A share, as a fraction or in percent.
fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent)? / 100.0,
        None => number(text)?,
    };
    let is_possible = share > 0.0 && share <= 1.0;
    if is_possible {
        Ok(share)
    } else {
        Err("not a share; give more than 0 and up to 1, or such as 30%".into())
    }
}

fn json_value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("no JSON: {e}"))
}

/// The master's address in its parts, if it is one.
fn address(url: &str) -> Option<(String, u16)> {
    let parsed = Url::parse(url).ok().filter(|parsed| parsed.scheme() == "http")?;
    let is_bare = matches!(parsed.path(), "" | "/") && parsed.query().is_none();
    let host = parsed.host_str().filter(|_| is_bare)?.to_owned();
    Some((host, parsed.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(args: &[&str]) -> (&'static str, &'static str, Value) {
        Ctl::try_parse_from([&["master ctl"], args].concat()).unwrap().order.request()
    }

    #[test]
    fn each_order_is_one_request() {
        let table = [
            (vec!["stop"], ("POST", "stop", json!({}))),
            (vec!["status"], ("GET", "status", json!({}))),
            (vec!["plan"], ("GET", "plan.toml", json!({}))),
            (vec!["users", "20"], ("PATCH", "plan", json!({ "users": 20 }))),
            (
                vec!["users", "20", "--rate", "2.5"],
                ("PATCH", "plan", json!({ "users": 20, "spawn_rate": 2.5 })),
            ),
            (vec!["arrivals", "7"], ("PATCH", "plan", json!({ "arrivals": 7.0 }))),
            (vec!["pause"], ("POST", "pause", json!({}))),
            (vec!["command", "storm"], ("POST", "command", json!({ "name": "storm" }))),
            (
                vec!["command", "storm", "--share", "30%", "--args", "{\"map\":7}"],
                ("POST", "command", json!({ "name": "storm", "share": 0.3, "args": { "map": 7 } })),
            ),
            (
                vec!["start", "-u", "5", "-t", "10s"],
                ("POST", "start", json!({ "users": 5, "run_time": "10s" })),
            ),
        ];
        for (args, expected) in table {
            assert_eq!(request(&args), expected, "{args:?}");
        }
    }

    #[test]
    fn what_is_no_number_share_or_json_is_found_here() {
        let bad: [&[&str]; 9] = [
            &["users", "-1"],
            &["users", "5", "--rate", "nan"],
            &["arrivals", "inf"],
            &["command", "x", "--share", "0"],
            &["command", "x", "--share", "101%"],
            &["command", "x", "--args", "{"],
            &["start", "--users", "many"],
            &["go"],
            &[],
        ];
        for args in bad {
            assert!(Ctl::try_parse_from([&["master ctl"], args].concat()).is_err(), "{args:?}");
        }
    }

    #[test]
    fn an_address_is_http_host_and_port() {
        assert_eq!(address("http://127.0.0.1:8089"), Some(("127.0.0.1".into(), 8089)));
        assert_eq!(address("http://[::1]:1/"), Some(("[::1]".into(), 1)));
        for url in ["", "127.0.0.1:8089", "https://a:1", "http://a:1/api", "http://a:1?x"] {
            assert_eq!(address(url), None, "{url}");
        }
    }
}
