//! A master over connections in memory or on loopback, and workers that measure what the test can compute.

pub(crate) mod fake;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use master::config::{Config, Muster, Sources};
use master::summary::Summary;
use master::{Command, Error, Ground};
use proto::class::{Class, Classes, Share};
use proto::message::Bundle;
use proto::plan::{Plan, Timeouts};
use proto::profile::Profile;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

/// Longer than any wait here; with a paused clock it costs nothing.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// So many robots, born at `rate` per second, for so many seconds.
pub(crate) fn plan(robots: u64, rate: f64, seconds: u64) -> Plan {
    let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["role".into()]);
    let profile = Profile::ramp(robots, rate, Duration::from_secs(seconds)).unwrap();
    let timeouts = Timeouts { stop: Duration::from_secs(1), ..Timeouts::default() };
    Plan { timeouts, ..Plan::new(profile, Classes::new(vec![class]).unwrap(), "ws://127.0.0.1:8765") }
}

/// A run of that plan that begins with so many workers.
pub(crate) fn config(workers: usize, plan: Plan) -> Config {
    Config {
        bind: "127.0.0.1:0".into(),
        log: "info".into(),
        muster: Muster { workers, patience: Some(Duration::from_secs(30)) },
        plan,
        bundle: Arc::new(Bundle::new(Vec::new())),
        journal: None,
        sources: Sources::default(),
        outputs: Vec::new(),
        life: Default::default(),
    }
}

/// A master at work, with a network in memory.
pub(crate) struct Master {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) network: Network,
    work: JoinHandle<Result<Summary, Error>>,
}

impl Master {
    pub(crate) fn start(config: Config) -> Self {
        let (sender, incoming) = mpsc::channel(64);
        let (commands, orders) = mpsc::channel(4);
        let incoming = ReceiverStream::new(incoming);
        let work = tokio::spawn(master::serve(config, incoming, Ground::fresh(), orders));
        Self { commands, network: Network { sender }, work }
    }

    pub(crate) async fn stop(&self) {
        self.commands.send(Command::Stop).await.expect("the master is at work");
    }

    /// Waits for the verdict.
    pub(crate) async fn summary(self) -> Summary {
        let ended = timeout(LONG, self.work).await.expect("a verdict in time");
        ended.expect("the master does not panic").expect("the master could work")
    }

    /// Whether it has its verdict.
    pub(crate) fn is_over(&self) -> bool {
        self.work.is_finished()
    }
}

/// Where connections to the master begin.
#[derive(Clone)]
pub(crate) struct Network {
    sender: mpsc::Sender<(DuplexStream, String)>,
}

impl Network {
    /// A bare connection.
    pub(crate) async fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 20);
        self.sender.send((far, "memory".into())).await.expect("the master takes connections");
        near
    }
}
