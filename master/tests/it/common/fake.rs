//! A worker without robots: it does what its assignment says, and measures latencies that anyone can compute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use proto::control::LARGEST_MESSAGE;
use proto::control::control_client::ControlClient;
use proto::histogram::{Histogram, Sparse};
use proto::message::{Assignment, BEAT_EVERY, Beat, Dismissal, Hello, PROTOCOL_MAJOR, PROTOCOL_MINOR};
use proto::report::{Census, FailureDelta, Report, SeriesDelta};
use proto::series::{FailureClass, Kind, RobotState, Series};
use proto::slots::Share;
use proto::{Down, Up};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

use super::{LONG, Network};

/// How a fake worker ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub(crate) dismissed: Option<(Dismissal, String)>,
    /// Every latency that it reported and got acked, in microseconds.
    pub(crate) samples: Vec<u64>,
    pub(crate) orders: Vec<Assignment>,
    pub(crate) commands: Vec<proto::command::Command>,
}

/// A worker at work.
pub(crate) struct Worker {
    /// Ends it as a kill would.
    pub(crate) kill: CancellationToken,
    /// While set, it says nothing but keeps its stream.
    pub(crate) mute: Arc<AtomicBool>,
    work: JoinHandle<Ended>,
}

impl Worker {
    /// Joins over memory.
    pub(crate) async fn join(network: &Network, name: &str) -> Self {
        Self::on(over(network).await, name).await
    }

    /// Joins over loopback.
    pub(crate) async fn dial(port: u16, name: &str) -> Self {
        let channel =
            Endpoint::try_from(format!("http://127.0.0.1:{port}")).unwrap().connect().await.unwrap();
        Self::on(channel, name).await
    }

    async fn on(channel: Channel, name: &str) -> Self {
        let (up, down) = open(channel, vec![Up::Hello(hello(name))]).await;
        let (kill, mute) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let fake = Fake::new(up, Arc::clone(&mute));
        let killed = kill.clone();
        let work = tokio::spawn(async move { fake.work(down, killed).await });
        Self { kill, mute, work }
    }

    /// Goes silent for good.
    pub(crate) fn silence(&self) {
        self.mute.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn ended(self) -> Ended {
        timeout(LONG, self.work)
            .await
            .expect("the worker is sent home in time")
            .expect("the worker does not panic")
    }
}

/// A channel over memory.
pub(crate) async fn over(network: &Network) -> Channel {
    let network = network.clone();
    let connect = tower::service_fn(move |_| {
        let network = network.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(network.connect().await)) }
    });
    // A small window, so that one who does not read is soon noticed.
    Endpoint::from_static("http://master")
        .initial_stream_window_size(65_535)
        .connect_with_connector(connect)
        .await
        .unwrap()
}

/// Opens a stream and says what is to be said first.
pub(crate) async fn open(channel: Channel, first: Vec<Up>) -> (mpsc::Sender<Up>, Streaming<Down>) {
    let (up, said) = mpsc::channel(64);
    for message in first {
        up.send(message).await.unwrap();
    }
    let mut client = ControlClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE);
    let down = client.join(ReceiverStream::new(said)).await.expect("the stream is opened");
    (up, down.into_inner())
}

/// The next message that asks for something.
pub(crate) async fn next(down: &mut Streaming<Down>) -> Option<Down> {
    loop {
        match timeout(LONG, down.message()).await.expect("an answer in time") {
            Ok(Some(Down::Echo(_) | Down::Welcome(_))) => {}
            Ok(message) => return message,
            Err(_) => return None,
        }
    }
}

pub(crate) fn hello(name: &str) -> Hello {
    Hello {
        name: name.into(),
        incarnation: Uuid::new_v4(),
        session: Uuid::new_v4(),
        version: "0.1.0".into(),
        protocol_major: PROTOCOL_MAJOR,
        protocol_minor: PROTOCOL_MINOR,
        cores: 2,
        open_files: 20_000,
        mods: vec!["role".into()],
        bundle: None,
    }
}

/// The latency of a robot's echo in a second.
pub(crate) fn latency(robot: u64, second: u64) -> u64 {
    200 + (robot * 7_919 + second * 104_729) % 50_000
}

struct Fake {
    up: mpsc::Sender<Up>,
    mute: Arc<AtomicBool>,
    began: Instant,
    /// What the master's clock is ahead of ours.
    ahead: Option<Duration>,
    order: Option<Assignment>,
    second: u64,
    sequence: u64,
    done: bool,
    unacked: Vec<u64>,
    ended: Ended,
}

impl Fake {
    fn new(up: mpsc::Sender<Up>, mute: Arc<AtomicBool>) -> Self {
        Self {
            up,
            mute,
            began: Instant::now(),
            ahead: None,
            order: None,
            second: 0,
            sequence: 0,
            done: false,
            unacked: Vec::new(),
            ended: Ended::default(),
        }
    }

    async fn work(mut self, mut down: Streaming<Down>, killed: CancellationToken) -> Ended {
        let mut beats = interval(BEAT_EVERY);
        let mut ticks = interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                biased;
                () = killed.cancelled() => return self.ended,
                message = down.message() => match message {
                    Ok(Some(message)) => self.hear(message).await,
                    _ => return self.ended,
                },
                _ = beats.tick() => self.beat().await,
                _ = ticks.tick() => self.measure().await,
            }
        }
    }

    async fn hear(&mut self, message: Down) {
        match message {
            Down::Part(part) => self.say(Up::Ready(part.bundle)).await,
            Down::Assignment(order) => {
                self.ended.orders.push(Assignment::clone(&order));
                if self.order.as_ref().is_some_and(|known| known.run != order.run) {
                    (self.second, self.sequence, self.done) = (0, 0, false);
                }
                self.order = Some(*order);
            }
            Down::Echo(echo) => self.ahead = Some(echo.master.saturating_sub(echo.sent)),
            Down::Ack(_) => self.ended.samples.append(&mut self.unacked),
            Down::Dismiss(dismissal, reason) => self.ended.dismissed = Some((dismissal, reason)),
            Down::Command(command) => self.ended.commands.push(command),
            Down::Welcome(_) | Down::Groups(_) => {} // it asks nothing
        }
    }

    async fn say(&self, up: Up) {
        if !self.mute.load(Ordering::Relaxed) {
            // The stream may be over already; its end is heard elsewhere.
            _ = self.up.send(up).await;
        }
    }

    async fn beat(&self) {
        let (run, epoch) = self.order.as_ref().map_or((Uuid::nil(), 0), |order| (order.run, order.epoch));
        let sent = self.began.elapsed();
        let lag = Duration::from_micros(300);
        self.say(Up::Beat(Beat {
            sent,
            run,
            epoch,
            robots: vec![],
            lag,
            busy_permille: 120,
            settled: epoch,
            leaving: false,
            backlog: 0,
        }))
        .await;
    }

    /// Reports each second that is over.
    async fn measure(&mut self) {
        let (Some(order), Some(ahead)) = (self.order.clone(), self.ahead) else { return };
        let now = (self.began.elapsed() + ahead).saturating_sub(order.start);
        while !self.done && now >= Duration::from_secs(self.second + 1) && !self.mute.load(Ordering::Relaxed)
        {
            self.second += 1;
            let report = self.report(&order);
            self.done = report.last;
            self.say(Up::Report(report)).await;
        }
    }

    fn report(&mut self, order: &Assignment) -> Report {
        let at = Duration::from_secs(self.second);
        let profile = &order.plan.profile;
        let share = Share::of(&order.slots);
        let alive = share.below(profile.alive(at));
        // Those alive in the middle of the second spoke in it.
        let speaking = share.below(profile.alive(at.saturating_sub(Duration::from_millis(500))));
        let spoken: Vec<_> = (0..speaking)
            .filter_map(|place| share.robot(place))
            .map(|robot| latency(robot, self.second))
            .collect();
        let mut robots = Census::of("default");
        robots.add(RobotState::Playing, alive);
        let (failed, ok): (Vec<_>, Vec<_>) = spoken.iter().partition(|us| **us % 10 == 0);
        self.unacked.extend(&spoken);
        self.sequence += 1;
        Report {
            run: order.run,
            sequence: self.sequence,
            from: order.start + at - Duration::from_secs(1),
            to: order.start + at,
            robots: vec![robots],
            failures: failures(order.start + at, failed.len() as u64),
            series: vec![
                delta(Kind::Request, "EchoRequest", &ok, &failed),
                delta(Kind::Connect, "game", &[&1_500], &[]),
                delta(Kind::Push, "=cmd()\u{1b}[31m", &[&10], &[]),
            ],
            messages: vec![],
            kept: vec![],
            last: at >= profile.end(),
            more: false,
        }
    }
}

fn delta(kind: Kind, name: &str, ok: &[&u64], failed: &[&u64]) -> SeriesDelta {
    let sparse = |values: &[&u64]| {
        let mut histogram = Histogram::new();
        values.iter().for_each(|us| histogram.record(Duration::from_micros(**us)));
        if values.is_empty() { Sparse::default() } else { histogram.to_sparse() }
    };
    let bytes = (ok.len() + failed.len()) as u64;
    SeriesDelta {
        series: Series::new(kind, name),
        ok: sparse(ok),
        failed: sparse(failed),
        response: Sparse::default(),
        bytes_sent: 22 * bytes,
        bytes_received: 40 * bytes,
    }
}

fn failures(at: Duration, count: u64) -> Vec<FailureDelta> {
    let series = Series::new(Kind::Request, "EchoRequest");
    let example = "no EchoResponse within 10 s".into();
    let failure = FailureDelta { series, class: FailureClass::Timeout, count, first: at, last: at, example };
    Vec::from_iter((count > 0).then_some(failure))
}
