//! A master over connections in memory or on loopback, and workers that measure what the test can compute.

pub(crate) mod fake;
pub(crate) mod process;
pub(crate) mod raw;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use master::change::{Declined, Told, Wish};
use master::config::{Config, Life, Muster, Sources};
use master::desk::{Desk, desk};
use master::status::Status;
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
        thresholds: Vec::new(),
        outputs: Vec::new(),
        life: Default::default(),
    }
}

/// A master at work, with a network in memory.
pub(crate) struct Master {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) desk: Desk,
    pub(crate) network: Network,
    work: JoinHandle<Result<Summary, Error>>,
}

impl Master {
    pub(crate) fn start(config: Config) -> Self {
        Self::on(Ground::fresh(), config)
    }

    /// A master that stays when its run is over.
    pub(crate) fn staying(config: Config, life: Life) -> Self {
        Self::start(Config { life: Life { stays: true, ..life }, ..config })
    }

    pub(crate) fn on(ground: Ground, config: Config) -> Self {
        let (sender, incoming) = mpsc::channel(64);
        let (desk, office) = desk();
        let incoming = ReceiverStream::new(incoming);
        let work = tokio::spawn(master::serve(config, incoming, ground, office));
        Self { commands: desk.commands.clone(), desk, network: Network { sender }, work }
    }

    /// Waits until its status is like that.
    pub(crate) async fn until(&self, is: impl Fn(&Status) -> bool) -> Status {
        let mut news = self.desk.news.clone();
        let told = news.wait_for(|news| news.as_ref().is_some_and(|news| is(&news.status)));
        let told = timeout(LONG, told).await.expect("it is so in time").expect("the master is at work");
        told.as_ref().expect("news").status.clone()
    }

    pub(crate) async fn ask(&self, wish: Wish) -> Result<Told, Declined> {
        timeout(LONG, self.desk.ask(wish, "ann".into())).await.expect("an answer in time")
    }

    /// Ends it as a kill would.
    pub(crate) async fn kill(self) {
        self.work.abort();
        _ = self.work.await;
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
