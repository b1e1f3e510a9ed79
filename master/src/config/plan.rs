//! The plan, read part by part, and what can only be wrong between the parts.

use std::time::Duration;

use proto::network::Network;
use proto::plan::{LONGEST_HOLD, MOST_KEPT, Plan, Timeouts};
use proto::profile::{LONGEST_RUN, MOST_ROBOTS, Profile, ProfileError};
use proto::speech::Speech;
use proto::tags::Tags;

use super::bundle::Shipped;
use super::{Fault, Origin, Reader, parse};
use crate::ports;

/// The longest that a timeout may be.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

impl Reader<'_> {
    pub(super) fn plan(&mut self, shipped: &Shipped) -> Option<Plan> {
        let host = self.host();
        let seed = self.read("seed", |text| parse::whole(text, 0, u64::MAX));
        let on_worker_loss = self.read("on-worker-loss", parse::policy);
        let profile = self.profile(seed);
        let timeouts = self.timeouts();
        let classes = self.classes(shipped);
        let (speech, network, tags) = (self.speech(), self.network(), self.tags());
        let reconnect = self.read("reconnect", parse::reconnect);
        let on_end = self.read("on-robot-end", parse::on_end);
        let hold = self.read("hold", |text| parse::time(text, Duration::ZERO, LONGEST_HOLD));
        let kept = self.read("keep-failures", |text| parse::whole(text, 0, MOST_KEPT.into()));
        let plan = Plan {
            seed: seed?,
            timeouts: timeouts?,
            on_worker_loss: on_worker_loss?,
            speech: speech?,
            network: network?,
            reconnect: reconnect?,
            on_end: on_end?,
            tags: tags?,
            data: shipped.data.iter().map(|data| data.set.clone()).collect(),
            keep_failures: u32::try_from(kept?).ok()?,
            hold: hold?,
            ..Plan::new(profile?, classes?, host?)
        };
        plan.check().map_err(|e| self.fault_of_table(e.to_string())).ok()?;
        Some(plan)
    }

    fn timeouts(&mut self) -> Option<Timeouts> {
        let least = Duration::from_millis(1);
        let connect = self.read("connect-timeout", |text| parse::time(text, least, LONGEST_TIMEOUT));
        let request = self.read("request-timeout", |text| parse::time(text, least, LONGEST_TIMEOUT));
        let stop = self.read("stop-timeout", |text| parse::time(text, Duration::ZERO, LONGEST_TIMEOUT));
        Some(Timeouts { connect: connect?, request: request?, stop: stop? })
    }

    fn profile(&mut self, seed: Option<u64>) -> Option<Profile> {
        if self.is_staged() {
            return self.staged_profile(seed);
        }
        if self.settings.get("arrivals").is_some() {
            return self.open_profile(seed);
        }
        self.refuse_model("give --arrivals RATE too");
        let users = self.read("users", |text| parse::whole(text, 1, MOST_ROBOTS));
        let rate = self.read("spawn-rate", parse::rate);
        let run_time = self.run_time();
        let profile = Profile::ramp(users?, rate?, run_time?);
        let setting = |e: &ProfileError| match e {
            ProfileError::TooSlow { .. } => "spawn-rate",
            _ => "run-time",
        };
        profile.map_err(|e| self.fault(setting(&e), e.to_string())).ok()
    }

    /// Nobody arrives, so nothing can space them.
    pub(super) fn refuse_model(&mut self, remedy: &str) {
        if self.is_given("arrivals-model") {
            self.fault("arrivals-model", format!("there are no arrivals; {remedy}, or leave it out"));
        }
    }

    fn open_profile(&mut self, seed: Option<u64>) -> Option<Profile> {
        for name in ["users", "spawn-rate"] {
            if self.is_given(name) {
                self.fault(name, "does not go with --arrivals; leave one of the two out".into());
            }
        }
        let rate = self.read("arrivals", parse::arrivals);
        let model = self.read("arrivals-model", parse::model);
        let run_time = self.run_time();
        let profile = Profile::arrivals(rate?, model?, run_time?, seed?);
        let setting = |e: &ProfileError| match e {
            ProfileError::ArrivalRate(_) | ProfileError::TooManyArrivals(_) => "arrivals",
            _ => "run-time",
        };
        profile.map_err(|e| self.fault(setting(&e), e.to_string())).ok()
    }

    fn run_time(&mut self) -> Option<Duration> {
        let least = Duration::from_millis(1);
        let run_time = self.optional("run-time", |text| parse::time(text, least, LONGEST_RUN))?;
        Some(run_time.unwrap_or(LONGEST_RUN))
    }

    fn host(&mut self) -> Option<String> {
        if self.settings.get("host").is_none() {
            let wrong =
                "missing; give the address that robots begin with, such as --host ws://127.0.0.1:8765";
            self.faults.push(Fault::plain("host", Origin::CommandLine, wrong));
        }
        self.read("host", parse::host)
    }

    fn speech(&mut self) -> Option<Speech> {
        let dialect = self.read("dialect", parse::dialect);
        let envelope = self.read("envelope", parse::envelope);
        let package = self.read("package", parse::named);
        let packed = self.read("packing", parse::switch);
        let replies = self.settings.tables().replies.clone();
        Some(Speech { dialect: dialect?, envelope: envelope?, package: package?, packed: packed?, replies })
    }

    fn network(&mut self) -> Option<Network> {
        let source_ips = self.optional("source-ip", parse::addresses);
        let ca = self.optional("ca", parse::certificates);
        let insecure = self.read("insecure", parse::switch);
        let subprotocol = self.optional("subprotocol", parse::token);
        let headers = self.settings.tables().headers.clone().into_iter().collect();
        let source_ips = source_ips?.unwrap_or_default();
        Some(Network { source_ips, ca: ca?, insecure: insecure?, headers, subprotocol: subprotocol? })
    }

    fn tags(&mut self) -> Option<Tags> {
        let only = self.optional("tags", parse::tags);
        let without = self.optional("exclude-tags", parse::tags);
        Some(Tags { only: only?.unwrap_or_default(), without: without?.unwrap_or_default() })
    }

    /// Whether robots find ports enough.
    pub(super) fn check_ports(&mut self, plan: &Plan, workers: u64) {
        for lacking in ports::lacking(plan, workers) {
            let wrong = format!("{lacking} (with --source-ip and --expect-workers)");
            if self.is_staged() { self.fault_of_stages(&wrong) } else { self.fault("users", wrong) }
        }
    }
}
