//! What was asked for, as meant. Settings as text come in; a plan, a bundle and opened outputs go out, or every fault
//! at once.

mod duration;
mod fault;
mod settings;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use proto::class::{Class, Classes, Share};
use proto::message::Bundle;
use proto::plan::{LossPolicy, Plan, Timeouts};
use proto::profile::{LONGEST_RUN, MOST_ROBOTS, Profile};
use url::Url;

pub(crate) use duration::show;
pub use fault::{Fault, Faults, Origin};
pub use settings::{Setting, Settings};

use crate::door::MOST_CONNECTIONS;
use crate::output::{Csv, Json, Output};
use crate::schema;

/// The longest that a timeout may be.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// A master's work.
pub struct Config {
    /// Where workers dial in.
    pub bind: String,
    /// What is logged.
    pub log: String,
    /// How the run comes about.
    pub muster: Muster,
    /// Everything that the run is.
    pub plan: Plan,
    /// The files that robots need.
    pub bundle: Arc<Bundle>,
    /// Where the results go.
    pub outputs: Vec<Box<dyn Output + Send>>,
}

/// Whom a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Muster {
    /// It begins when so many workers are ready.
    pub workers: usize,
    /// How long it waits for them; none waits for ever.
    pub patience: Option<Duration>,
}

impl Config {
    /// Checks all settings, and opens the outputs.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(settings: &Settings) -> Result<Self, Faults> {
        let mut reader = Reader { settings, faults: Vec::new() };
        let config = reader.config();
        match config {
            Some(config) if reader.faults.is_empty() => Ok(config),
            _ => Err(Faults(reader.faults)),
        }
    }
}

/// Reads settings one by one and keeps what is wrong with them.
struct Reader<'a> {
    settings: &'a Settings,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    /// Every part is read before one that is missing ends it, so that all faults are found.
    fn config(&mut self) -> Option<Config> {
        let bind = self.read("bind", address);
        let log = self.read("log-level", filter);
        let workers = self.read("expect-workers", |text| whole(text, 1, MOST_CONNECTIONS as u64));
        let patience = self.read("expect-workers-max-wait", |text| time(text, Duration::ZERO, LONGEST_RUN));
        self.read("headless", switch);
        let plan = self.plan();
        let bundle = self.optional("schema", schema::load);
        let json = self.optional("json", |path| Json::open(path).map_err(|e| e.to_string()));
        let csv = self.optional("csv", |prefix| Csv::open(prefix).map_err(|e| e.to_string()));
        let patience = patience?;
        let outputs: [Option<Box<dyn Output + Send>>; 2] =
            [json?.map(|json| Box::new(json) as _), csv?.map(|csv| Box::new(csv) as _)];
        Some(Config {
            bind: bind?,
            log: log?,
            muster: Muster {
                workers: usize::try_from(workers?).ok()?,
                patience: Some(patience).filter(|t| !t.is_zero()),
            },
            plan: plan?,
            bundle: Arc::new(bundle?.unwrap_or_else(|| Bundle::new(Vec::new()))),
            outputs: outputs.into_iter().flatten().collect(),
        })
    }

    fn plan(&mut self) -> Option<Plan> {
        let host = self.host();
        let seed = self.read("seed", |text| whole(text, 0, u64::MAX));
        let on_worker_loss = self.read("on-worker-loss", policy);
        let profile = self.profile();
        let least = Duration::from_millis(1);
        let connect = self.read("connect-timeout", |text| time(text, least, LONGEST_TIMEOUT));
        let request = self.read("request-timeout", |text| time(text, least, LONGEST_TIMEOUT));
        let stop = self.read("stop-timeout", |text| time(text, Duration::ZERO, LONGEST_TIMEOUT));
        let timeouts = Timeouts { connect: connect?, request: request?, stop: stop? };
        Some(Plan {
            seed: seed?,
            timeouts,
            on_worker_loss: on_worker_loss?,
            ..Plan::new(profile?, everybody()?, host?)
        })
    }

    fn profile(&mut self) -> Option<Profile> {
        let users = self.read("users", |text| whole(text, 1, MOST_ROBOTS));
        let rate = self.read("spawn-rate", rate);
        let run_time = self.optional("run-time", |text| time(text, Duration::from_millis(1), LONGEST_RUN));
        let (users, rate, run_time) = (users?, rate?, run_time?);
        // Checked here, because only both together are wrong, and either mends it.
        if users as f64 / rate > LONGEST_RUN.as_secs_f64() {
            let least = (users as f64 / LONGEST_RUN.as_secs_f64() * 1e6).ceil() / 1e6;
            let wrong =
                format!("{users} robots would take longer than {}; give at least {least}", show(LONGEST_RUN));
            self.fault("spawn-rate", wrong);
            return None;
        }
        let profile = Profile::ramp(users, rate, run_time.unwrap_or(LONGEST_RUN));
        profile.map_err(|e| self.fault("run-time", e.to_string())).ok()
    }

    fn host(&mut self) -> Option<String> {
        if self.settings.get("host").is_none() {
            let wrong =
                "missing; give the address that robots begin with, such as --host ws://127.0.0.1:8765";
            self.faults.push(Fault::plain("host", Origin::CommandLine, wrong));
        }
        self.read("host", host)
    }

    /// A setting that has a default, or none where it was not given.
    fn read<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = &self.settings.get(name)?.text;
        parse(text).map_err(|wrong| self.fault(name, wrong)).ok()
    }

    /// A setting that may be missing; the outer none is a fault.
    fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match self.settings.get(name) {
            None => Some(None),
            Some(_) => self.read(name, parse).map(Some),
        }
    }

    fn fault(&mut self, name: &str, wrong: String) {
        let (text, origin) = match self.settings.get(name) {
            Some(setting) => (setting.text.as_str(), setting.origin.clone()),
            None => ("", Origin::Default),
        };
        self.faults.push(Fault::of(name, text, origin, wrong));
    }
}

/// The one class that there is until a file can name more: all robots play the role mod.
fn everybody() -> Option<Classes> {
    let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["role".into()]);
    Classes::new(vec![class]).ok()
}

fn whole(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let range = format!("give a whole number from {least} to {most}");
    match text.parse::<u64>() {
        Ok(n) if (least..=most).contains(&n) => Ok(n),
        Ok(0) => Err(format!("0 is too few; {range}")),
        Ok(n) if n > most => Err(format!("too many; {range}")),
        _ => Err(format!("not such a number; {range}")),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "not a rate; give robots per second as a number above 0, such as 10 or 0.5".into())
}

fn time(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    match duration::parse(text) {
        None => Err("not a time; write 20, 20s, 3m, 1h30m or 500ms".into()),
        Some(time) if time < least => Err(format!("too short; give at least {}", show(least))),
        Some(time) if time > most => Err(format!("too long; give at most {}", show(most))),
        Some(time) => Ok(time),
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("neither on nor off; give true or false".into()),
    }
}

fn policy(text: &str) -> Result<LossPolicy, String> {
    match text {
        "rebalance" => Ok(LossPolicy::Rebalance),
        "continue" => Ok(LossPolicy::Continue),
        "fail" => Ok(LossPolicy::Fail),
        _ => Err("no such policy; give rebalance, continue or fail".into()),
    }
}

/// `name:port`, with brackets around an IPv6 address.
fn address(text: &str) -> Result<String, String> {
    let wrong = "not an address with a port; write 127.0.0.1:5557, or 0.0.0.0:5557 for all networks";
    let (name, port) = text.rsplit_once(':').ok_or(wrong)?;
    let bare_v6 = name.contains(':') && !name.starts_with('[');
    if name.is_empty() || bare_v6 || port.parse::<u16>().is_err() {
        return Err(wrong.into());
    }
    Ok(text.into())
}

fn host(text: &str) -> Result<String, String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("no scheme; write ws://{text}"));
    };
    if scheme != "ws" {
        return Err(format!("robots do not speak {scheme}; write ws://{rest}"));
    }
    let url = Url::parse(text).map_err(|e| format!("{e}; write it like ws://127.0.0.1:8765"))?;
    match url.host_str() {
        Some(_) if url.port() != Some(0) => Ok(text.into()),
        _ => Err("no host and port; write it like ws://127.0.0.1:8765".into()),
    }
}

fn filter(text: &str) -> Result<String, String> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    // A single word that is no level would name a module, and so silence everything.
    let word = text.chars().all(char::is_alphanumeric) && !known.contains(&text.to_lowercase().as_str());
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) if !word => Ok(text.into()),
        _ => Err("no such level; give error, warn, info, debug or a filter such as info,master=debug".into()),
    }
}

#[cfg(test)]
mod tests;
