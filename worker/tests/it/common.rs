//! What the tests share: plans, a game-server in-process, and servers that misbehave.

use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::StreamExt;
use game_server::{Listeners, Options, Totals};
use proto::class::{Class, Classes, Share};
use proto::message::Bundle;
use proto::plan::{Plan, Timeouts};
use proto::profile::Profile;
use proto::reconnect::Reconnect;
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use worker::Registry;

pub(crate) fn seconds(n: f64) -> Duration {
    Duration::from_secs_f64(n)
}

/// A plan of one class that plays one mod.
pub(crate) fn plan(host: &str, mod_name: &str, robots: u64, rate: f64, run_time: f64) -> Plan {
    let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec![mod_name.into()]);
    let profile = Profile::ramp(robots, rate, seconds(run_time)).unwrap();
    Plan {
        seed: 1,
        timeouts: Timeouts { connect: seconds(5.0), request: seconds(0.3), stop: seconds(1.0) },
        reconnect: Reconnect::Backoff { first: seconds(1.0), most: seconds(30.0) },
        ..Plan::new(profile, Classes::new(vec![class]).unwrap(), host)
    }
}

/// Runs a plan on two threads, to its end.
pub(crate) async fn play(plan: Plan, registry: Registry) -> Vec<Report> {
    play_with(plan, Bundle::new(Vec::new()), registry).await
}

/// As [`play`], with files.
pub(crate) async fn play_with(plan: Plan, bundle: Bundle, registry: Registry) -> Vec<Report> {
    let mut reports = Vec::new();
    let run = worker::solo::play(plan, bundle, registry, 2, |report| reports.push(report));
    tokio::time::timeout(seconds(30.0), run).await.expect("the run ends").unwrap();
    reports
}

/// Samples of a series over all reports: those that succeeded and those that failed.
pub(crate) fn counts(reports: &[Report], kind: Kind, name: &str) -> (u64, u64) {
    let series = reports.iter().flat_map(|report| &report.series);
    let ours = series.filter(|delta| delta.series.kind == kind && delta.series.name == name);
    ours.fold((0, 0), |(ok, failed), delta| (ok + delta.ok.count(), failed + delta.failed.count()))
}

/// Failures of a class in a series over all reports, with an example.
pub(crate) fn failures(reports: &[Report], kind: Kind, class: FailureClass) -> (u64, String) {
    let failures = reports.iter().flat_map(|report| &report.failures);
    let ours: Vec<_> = failures.filter(|f| f.series.kind == kind && f.class == class).collect();
    let example = ours.first().map(|f| f.example.clone()).unwrap_or_default();
    (ours.iter().map(|f| f.count).sum(), example)
}

/// A game-server in this process.
pub(crate) struct Server {
    pub(crate) host: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Totals>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let options = Options { lobby_port: 0, game_port: 0, ..Options::default() };
        let listeners = Listeners::bind(&options).unwrap();
        let host = format!("ws://{}", listeners.lobby_address());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(game_server::run(listeners, options, async { drop(stopped.await) }));
        Self { host, stop, task }
    }

    pub(crate) async fn totals(self) -> Totals {
        self.stop.send(()).unwrap();
        self.task.await.unwrap()
    }
}

pub(crate) type Peer = WebSocketStream<tokio::net::TcpStream>;

/// A server that treats each WebSocket connection as `behave` says. Ends with the test's runtime.
pub(crate) async fn misbehaving<F: Future<Output = ()> + Send + 'static>(
    behave: impl Fn(Peer) -> F + Send + Copy + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(peer) = tokio_tungstenite::accept_async(stream).await {
                    behave(peer).await;
                }
            });
        }
    });
    address
}

/// Reads a peer to its end.
pub(crate) async fn drain(mut peer: Peer) {
    while let Some(Ok(_)) = peer.next().await {}
}
