//! A worker and its master, played by the test: joining, getting ready, carrying out, delivering, stopping.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{Server, plan, seconds};
use proto::command::Command;
use proto::control::control_server::{Control, ControlServer};
use proto::message::{Assignment, Bundle, Dismissal, Echo, Hello, Welcome};
use proto::plan::Plan;
use proto::report::Report;
use proto::shipping::Parcel;
use proto::slots::{Deal, SlotSet};
use proto::{Down, Up};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;
use worker::config::Config;
use worker::{Ended, Registry, serve};

/// A stream that a worker has opened.
pub(crate) struct Joined {
    up: Streaming<Up>,
    down: mpsc::Sender<Result<Down, Status>>,
    clock: Instant,
}

/// A master that hands each stream to the test.
pub(crate) struct FakeMaster(pub(crate) mpsc::Sender<Joined>);

#[tonic::async_trait]
impl Control for FakeMaster {
    type JoinStream = ReceiverStream<Result<Down, Status>>;

    async fn join(&self, request: Request<Streaming<Up>>) -> Result<Response<Self::JoinStream>, Status> {
        let (down, stream) = mpsc::channel(16);
        let joined = Joined { up: request.into_inner(), down, clock: Instant::now() };
        self.0.send(joined).await.map_err(|_| Status::aborted("the test is over"))?;
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

impl Joined {
    pub(crate) async fn send(&self, down: Down) {
        self.down.send(Ok(down)).await.unwrap();
    }

    /// The next message that `want` wants; beats are echoed on the way.
    pub(crate) async fn next<T>(&mut self, what: &str, want: impl Fn(Up) -> Option<T>) -> T {
        let wait = async {
            loop {
                let up = self.up.message().await.unwrap().expect("the stream is open");
                if let Up::Beat(beat) = &up {
                    let echo = Echo { sent: beat.sent, master: self.clock.elapsed() };
                    self.down.send(Ok(Down::Echo(echo))).await.unwrap();
                }
                if let Some(wanted) = want(up) {
                    return wanted;
                }
            }
        };
        tokio::time::timeout(seconds(10.0), wait).await.unwrap_or_else(|_| panic!("no {what} came"))
    }

    pub(crate) async fn hello(&mut self) -> Hello {
        self.next("hello", |up| if let Up::Hello(hello) = up { Some(hello) } else { None }).await
    }

    pub(crate) async fn report(&mut self) -> Report {
        self.next("report", |up| if let Up::Report(report) = up { Some(report) } else { None }).await
    }

    /// Takes the worker through to where it can be given robots.
    pub(crate) async fn ready(&mut self) {
        self.ready_with(&Bundle::new(Vec::new())).await;
    }

    /// As [`Joined::ready`], with files.
    pub(crate) async fn ready_with(&mut self, bundle: &Bundle) {
        self.hello().await;
        let hash = bundle.hash;
        self.send(Down::Welcome(Welcome { run: Uuid::from_u128(1), bundle: hash })).await;
        self.ship(bundle).await;
        self.next("ready", |up| matches!(up, Up::Ready(ready) if ready == hash).then_some(())).await;
    }

    pub(crate) async fn welcome(&self, run: u128) {
        let bundle = Bundle::new(Vec::new()).hash;
        self.send(Down::Welcome(Welcome { run: Uuid::from_u128(run), bundle })).await;
    }

    /// Sends a bundle, in its parts.
    pub(crate) async fn ship(&self, bundle: &Bundle) {
        for part in Parcel::of(bundle).parts() {
            self.send(Down::Part(part)).await;
        }
    }

    /// Gives a command to a share of the robots, in thousandths.
    pub(crate) async fn command(&self, id: u64, name: &str, share_permille: u32, args: &str) {
        let command = Command { id, name: name.into(), share_permille, args: args.into() };
        self.send(Down::Command(command)).await;
    }

    /// All reports until `enough` of them are there.
    pub(crate) async fn reports(&mut self, enough: impl Fn(&[Report]) -> bool) -> Vec<Report> {
        let mut reports = Vec::new();
        while !enough(&reports) {
            let report = self.report().await;
            self.send(Down::Ack(report.sequence)).await;
            reports.push(report);
        }
        reports
    }

    pub(crate) async fn assign(&self, run: u128, epoch: u64, plan: &Plan, slots: SlotSet) {
        let start = self.clock.elapsed() + Duration::from_millis(200);
        let plan = Arc::new(plan.clone());
        let assignment = Assignment { run: Uuid::from_u128(run), epoch, plan, slots, start };
        self.send(Down::Assignment(Box::new(assignment))).await;
    }
}

/// A worker with its master.
pub(crate) struct Pair {
    pub(crate) joins: mpsc::Receiver<Joined>,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<Ended>,
    master: JoinHandle<()>,
}

async fn start() -> Pair {
    start_with(Registry::shipped()).await
}

/// A master on loopback: its address, the streams that workers open, the task that serves them.
pub(crate) async fn master() -> (SocketAddr, mpsc::Receiver<Joined>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, joins) = mpsc::channel(4);
    let master = tokio::spawn(async move {
        let service = ControlServer::new(FakeMaster(sender));
        let server = tonic::transport::Server::builder().add_service(service);
        server.serve_with_incoming(TcpListenerStream::new(listener)).await.unwrap();
    });
    (address, joins, master)
}

pub(crate) async fn start_with(registry: Registry) -> Pair {
    let (address, joins, master) = master().await;
    let config = Config {
        master: address.to_string(),
        name: "tested".into(),
        threads: 2,
        master_max_wait: Duration::from_millis(500),
        stop_timeout: seconds(15.0),
    };
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        if stopped.await.is_err() {
            std::future::pending().await
        }
    };
    let worker = tokio::spawn(async { serve(config, registry, shutdown).await.unwrap() });
    Pair { joins, stop, worker, master }
}

async fn ended(worker: JoinHandle<Ended>) -> Ended {
    tokio::time::timeout(seconds(10.0), worker).await.expect("the worker ends").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_carries_out_its_slots_and_delivers_every_sample() {
    let server = Server::start();
    let mut pair = start().await;
    let mut master = pair.joins.recv().await.unwrap();
    master.ready().await;
    let half = Deal::stripes(0..2).slots_of(1);
    master.assign(1, 1, &plan(&server.host, "role", 40, 100.0, 2.0), half).await;
    let (mut logins, mut expected) = (0, 1);
    loop {
        let report = master.report().await;
        assert_eq!((report.sequence, report.run), (expected, Uuid::from_u128(1)));
        expected += 1;
        logins += report
            .series
            .iter()
            .filter(|s| s.series.name == "LoginReuest")
            .map(|s| s.ok.count())
            .sum::<u64>();
        master.send(Down::Ack(report.sequence)).await;
        if report.last {
            break;
        }
    }
    master.send(Down::Dismiss(Dismissal::Over, "the run is over".into())).await;
    assert_eq!(ended(pair.worker).await, Ended::Done("the run is over".into()));
    assert_eq!((logins, server.totals().await.logins), (20, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_what_is_wrong_in_a_bundle() {
    let mut pair = start().await;
    let mut master = pair.joins.recv().await.unwrap();
    let hello = master.hello().await;
    assert_eq!((hello.name.as_str(), hello.cores), ("tested", 2));
    let files = [("a.sproto", ".A {}"), ("b.sproto", ".A {}")];
    let bundle = Bundle::new(files.map(|(path, text)| (path.into(), text.into())).to_vec());
    master.ship(&bundle).await;
    let faults = master
        .next("rejection", |up| if let Up::Rejected(_, faults) = up { Some(faults) } else { None })
        .await;
    assert_eq!(faults.len(), 1);
    assert!(faults[0].contains("a.sproto:1") && faults[0].contains("b.sproto:1"), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_a_mod_that_is_not_there_is_rejected() {
    let mut pair = start().await;
    let mut master = pair.joins.recv().await.unwrap();
    master.ready().await;
    master.assign(1, 1, &plan("ws://127.0.0.1:1", "dance", 1, 1.0, 1.0), SlotSet::all()).await;
    let faults = master
        .next("rejection", |up| if let Up::Rejected(_, faults) = up { Some(faults) } else { None })
        .await;
    assert_eq!(faults, ["this worker has no mod `dance`; it has: role"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_of_slots_that_are_taken_away_leave_and_the_others_stay() {
    let server = Server::start();
    let mut pair = start().await;
    let mut master = pair.joins.recv().await.unwrap();
    master.ready().await;
    let plan = plan(&server.host, "role", 20, 1000.0, 20.0);
    master.assign(1, 1, &plan, SlotSet::all()).await;
    let alive = |n: u64| {
        move |up: Up| {
            let Up::Beat(beat) = up else { return None };
            (beat.robots.iter().map(|census| census.alive()).sum::<u64>() == n).then_some(beat.epoch)
        }
    };
    assert_eq!(master.next("beat with 20 robots", alive(20)).await, 1);
    master.assign(1, 2, &plan, Deal::stripes(0..2).slots_of(0)).await;
    assert_eq!(master.next("beat with 10 robots", alive(10)).await, 2);
    master.assign(1, 1, &plan, SlotSet::all()).await; // an old epoch changes nothing
    master.send(Down::Dismiss(Dismissal::Over, "enough".into())).await;
    assert_eq!(ended(pair.worker).await, Ended::Done("enough".into()));
    assert_eq!(server.totals().await.logins, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_told_to_stop_delivers_its_last_report_first() {
    let server = Server::start();
    let mut pair = start().await;
    let mut master = pair.joins.recv().await.unwrap();
    master.ready().await;
    master.assign(1, 1, &plan(&server.host, "role", 10, 1000.0, 60.0), SlotSet::all()).await;
    let mut logins = 0;
    let mut count = |report: &Report| {
        logins += report
            .series
            .iter()
            .filter(|s| s.series.name == "LoginReuest")
            .map(|s| s.ok.count())
            .sum::<u64>();
    };
    let first = master.report().await;
    count(&first);
    master.send(Down::Ack(first.sequence)).await;
    pair.stop.send(()).unwrap();
    loop {
        let report = master.report().await;
        count(&report);
        master.send(Down::Ack(report.sequence)).await;
        if report.last {
            break;
        }
    }
    assert_eq!(ended(pair.worker).await, Ended::Done("stopped".into()));
    assert_eq!((logins, server.totals().await.live_sessions), (10, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_worker_ends_with_the_reason() {
    let mut pair = start().await;
    let mut master = pair.joins.recv().await.unwrap();
    master.hello().await;
    master.send(Down::Dismiss(Dismissal::Refused, "another worker has this name".into())).await;
    assert_eq!(ended(pair.worker).await, Ended::Refused("another worker has this name".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_master_stops_the_robots_and_is_dialled_again() {
    let server = Server::start();
    let mut pair = start().await;
    let mut master = pair.joins.recv().await.unwrap();
    master.ready().await;
    master.assign(1, 1, &plan(&server.host, "role", 10, 1000.0, 60.0), SlotSet::all()).await;
    master.report().await;
    drop(master);
    let mut again = pair.joins.recv().await.expect("it joins again");
    again.hello().await;
    let idle = |up| {
        if let Up::Beat(beat) = up {
            beat.robots.iter().all(|c| c.alive() == 0).then_some(beat.run)
        } else {
            None
        }
    };
    // The master is there, and has not taken it back for longer than it may play on.
    assert_eq!(again.next("beat without robots", idle).await, Uuid::nil());
    drop((again, pair.joins));
    pair.master.abort();
    let Ended::NoMaster(reason) = ended(pair.worker).await else { panic!("no master is left") };
    assert!(reason.contains("within 500ms") && reason.ends_with("is it running there?"), "{reason}");
}
