//! The worker's side of the control stream: says what is so, and makes so what shall be.
//! Runs on a thread of its own, so that robots, however busy, never keep a beat from going out.

use std::sync::Arc;
use std::time::Duration;

use proto::message::{
    Assignment, BEAT_EVERY, Beat, Bundle, BundleHash, Dismissal, Echo, Hello, PROTOCOL_MAJOR, PROTOCOL_MINOR,
};
use proto::shipping::{Arrival, Part};
use proto::slots::{Share, SlotSet};
use proto::talk::Tells;
use proto::{Down, Up};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::capacity::Capacity;
use crate::clock::MasterClock;
use crate::config::Config;
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::kit::Loaded;
use crate::mods::Registry;
use crate::orders::Orders;
use crate::reporter::{Reporter, RunClock};
use crate::session::{connect, open};

/// Messages to the master that may wait in the stream; reports wait in the reporter.
const OUTGOING: usize = 64;

/// How long a worker that is told to stop waits for its last report to be merged, beyond the robots' own time.
const DELIVERY: Duration = Duration::from_secs(5);

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The master had no more work, or the worker was told to stop and did.
    Done(String),
    /// The master refused it.
    Refused(String),
    /// The master could not be reached, or not any more.
    NoMaster(String),
}

/// How one session with the master ended.
pub(crate) enum SessionEnd {
    Dismissed(Dismissal, String),
    Lost(String),
    Stopped,
}

/// A worker: its robot threads, and what it knows of its master.
pub(crate) struct Control {
    config: Config,
    registry: Arc<Registry>,
    incarnation: Uuid,
    engine: Engine,
    /// What its robots say to others, on the way to the master and back.
    exchange: Option<Exchange>,
    clock: MasterClock,
    loaded: Option<(BundleHash, Loaded)>,
    arrival: Arrival,
    /// The bundle that is loaded and that the master does not know of yet.
    ready: Option<BundleHash>,
    reporter: Option<Reporter>,
    /// What is carried out: run, epoch and slots; the plan and the stop grace come with it.
    assignment: Option<Assignment>,
    /// Since when the worker is to stop.
    stopping: Option<Instant>,
}

/// Serves a master until one of the two has enough.
///
/// # Errors
/// When the system gives no thread.
pub async fn serve(
    config: Config,
    registry: Registry,
    shutdown: impl Future<Output = ()>,
) -> std::io::Result<Ended> {
    let registry = Arc::new(registry);
    let mut engine = Engine::start(config.threads, registry.clone(), None)?;
    let mut control = Control {
        config,
        registry,
        incarnation: Uuid::new_v4(),
        exchange: engine.take_exchange(),
        engine,
        clock: MasterClock::new(Instant::now()),
        loaded: None,
        arrival: Arrival::default(),
        ready: None,
        reporter: None,
        assignment: None,
        stopping: None,
    };
    let ended = control.run(std::pin::pin!(shutdown)).await;
    control.engine.follow(None);
    control.engine.end();
    Ok(ended)
}

impl Control {
    /// One session after the other, as long as the master can be reached.
    async fn run(&mut self, mut shutdown: std::pin::Pin<&mut impl Future<Output = ()>>) -> Ended {
        loop {
            let client = tokio::select! {
                biased;
                () = shutdown.as_mut() => return Ended::Done("stopped".to_owned()),
                client = connect(&self.config) => client,
            };
            let end = match client {
                Ok(client) => self.session(client, shutdown.as_mut()).await,
                Err(reason) => return Ended::NoMaster(reason),
            };
            match end {
                SessionEnd::Dismissed(Dismissal::Over, reason) => return Ended::Done(reason),
                SessionEnd::Dismissed(Dismissal::Refused, reason) => return Ended::Refused(reason),
                SessionEnd::Stopped => return Ended::Done("stopped".to_owned()),
                SessionEnd::Lost(reason) => {
                    tracing::warn!("lost the master: {reason}; its robots stop, and it is dialled again");
                    self.engine.follow(None);
                    self.assignment = None;
                }
            }
        }
    }

    /// From Hello until the stream ends.
    async fn session(
        &mut self,
        client: Channel,
        mut shutdown: std::pin::Pin<&mut impl Future<Output = ()>>,
    ) -> SessionEnd {
        let (up, outgoing) = mpsc::channel(OUTGOING);
        let _has_room = up.try_send(Up::Hello(self.hello()));
        let mut down = match open(client, ReceiverStream::new(outgoing)).await {
            Ok(down) => down,
            Err(reason) => return SessionEnd::Lost(reason),
        };
        if let Some(reporter) = &mut self.reporter {
            reporter.resend();
        }
        // Until the master has said what the run is, there is nobody to talk to.
        self.exchange.iter_mut().for_each(Exchange::close);
        let mut beats = tokio::time::interval(BEAT_EVERY);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.has_stopped() {
                return SessionEnd::Stopped;
            }
            tokio::select! {
                biased;
                _ = beats.tick() => self.beat(&up),
                message = next(&mut down) => match message {
                    Ok(Down::Dismiss(dismissal, reason)) => return SessionEnd::Dismissed(dismissal, reason),
                    Ok(message) => self.obey(message, &up),
                    Err(reason) => return SessionEnd::Lost(reason),
                },
                Some(harvest) = self.engine.harvest() => {
                    if let Some(reporter) = &mut self.reporter {
                        reporter.take(harvest);
                        self.engine.reuse(reporter.freed());
                    }
                }
                () = work(&mut self.exchange) => {}
                () = shutdown.as_mut(), if self.stopping.is_none() => self.stop(),
            }
            self.send_reports(&up);
            self.send_groups(&up);
        }
    }

    fn hello(&self) -> Hello {
        Hello {
            name: self.config.name.clone(),
            incarnation: self.incarnation,
            session: Uuid::new_v4(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol_major: PROTOCOL_MAJOR,
            protocol_minor: PROTOCOL_MINOR,
            cores: u32::try_from(self.engine.width()).unwrap_or(u32::MAX),
            open_files: rlimit::Resource::NOFILE.get_soft().unwrap_or(0),
            mods: self.registry.names().map(str::to_owned).collect(),
            bundle: None,
        }
    }

    /// Says what runs. A beat that finds the stream full is left out: the next says the same, and newer.
    fn beat(&mut self, up: &mpsc::Sender<Up>) {
        let load = self.engine.load();
        let assignment = self.assignment.as_ref();
        let beat = Beat {
            sent: self.clock.stamp(Instant::now()),
            run: assignment.map_or(Uuid::nil(), |assignment| assignment.run),
            epoch: assignment.map_or(0, |assignment| assignment.epoch),
            robots: load.robots,
            lag: load.lag,
            busy_permille: load.busy_permille,
            settled: 0,
            leaving: self.stopping.is_some(),
            backlog: 0,
        };
        let _left_out = up.try_send(Up::Beat(beat));
    }

    fn obey(&mut self, message: Down, up: &mpsc::Sender<Up>) {
        match message {
            Down::Part(part) => self.arrive(part, up),
            Down::Assignment(assignment) => self.carry_out(*assignment, up),
            Down::Echo(echo) => self.note_echo(echo, up),
            Down::Ack(sequence) => self.reporter.iter_mut().for_each(|reporter| reporter.ack(sequence)),
            Down::Groups(tells) => self.hear(tells),
            Down::Welcome(_) => {}
            Down::Dismiss(..) => {} // ends the session before it gets here
        }
    }

    /// Takes a part of the bundle; loads it once it is whole.
    fn arrive(&mut self, part: Part, up: &mpsc::Sender<Up>) {
        match self.arrival.take(part) {
            Ok(Some(bundle)) => self.load(bundle.into(), up),
            Ok(None) => {}
            // The master sends it all again in the next session; without it this worker never says that it is ready.
            Err(fault) => tracing::error!("the bundle did not arrive: {fault}"),
        }
    }

    fn load(&mut self, bundle: Arc<Bundle>, up: &mpsc::Sender<Up>) {
        let hash = bundle.hash;
        match Loaded::new(bundle) {
            Ok(loaded) => {
                self.loaded = Some((hash, loaded));
                self.ready = Some(hash);
                self.say_ready(up);
            }
            Err(faults) => drop(up.try_send(Up::Rejected(hash, faults))),
        }
    }

    fn note_echo(&mut self, echo: Echo, up: &mpsc::Sender<Up>) {
        self.clock.note(echo, Instant::now());
        self.say_ready(up);
    }

    /// Says Ready once both the bundle is loaded and the master's time is known.
    fn say_ready(&mut self, up: &mpsc::Sender<Up>) {
        if let Some(hash) = self.ready.filter(|_| self.clock.is_known()) {
            self.ready = up.try_send(Up::Ready(hash)).is_err().then_some(hash);
        }
    }

    /// Makes an assignment what runs here. An older one than is carried out already is out of date.
    fn carry_out(&mut self, assignment: Assignment, up: &mpsc::Sender<Up>) {
        let Some((hash, loaded)) = self.loaded.clone() else {
            tracing::warn!("an assignment came before its bundle; left alone");
            return;
        };
        self.exchange.iter_mut().for_each(|exchange| exchange.open(assignment.run));
        let known = self.assignment.as_ref().filter(|known| known.run == assignment.run);
        if known.is_some_and(|known| known.epoch >= assignment.epoch) {
            return;
        }
        let kit = match loaded.kit(&assignment.plan, &self.registry) {
            Ok(kit) => Arc::new(kit),
            Err(faults) => return drop(up.try_send(Up::Rejected(hash, faults))),
        };
        if let Err(faults) = self.has_room(&assignment) {
            // Robots that are taken over from a lost worker are better tried than refused.
            if known.is_none() {
                return drop(up.try_send(Up::Rejected(hash, faults)));
            }
            faults.iter().for_each(|fault| tracing::warn!("{fault}"));
        }
        let start = self.report_on(&assignment);
        tracing::info!(epoch = assignment.epoch, "takes {} of the slots", assignment.slots.len());
        let slots = if self.stopping.is_some() { SlotSet::none() } else { assignment.slots.clone() };
        let plan = assignment.plan.clone();
        self.engine.follow(Some(Orders { run: assignment.run, plan, kit, slots, start }));
        self.assignment = Some(assignment);
    }

    /// Whether this machine can hold the robots of an assignment.
    fn has_room(&self, assignment: &Assignment) -> Result<(), Vec<String>> {
        let plan = &assignment.plan;
        // How many robots of an open model are there at a time is up to the target.
        let robots = if plan.profile.is_open() { 0 } else { plan.profile.peak() };
        Capacity::here().check(plan, Share::of(&assignment.slots).below(robots))
    }

    /// Points the reporter at the assignment's run. Returns the run's start, here; it is fixed for the whole run.
    fn report_on(&mut self, assignment: &Assignment) -> std::time::Instant {
        let run = assignment.run;
        match &mut self.reporter {
            Some(reporter) if reporter.run() == run => return reporter.start(),
            _ => {}
        }
        let start = self.clock.local(assignment.start).into_std();
        let clock = RunClock { run, start, master_start: assignment.start };
        match &mut self.reporter {
            Some(reporter) => reporter.begin(clock),
            None => self.reporter = Some(Reporter::new(clock, self.engine.width())),
        }
        start
    }

    /// Begins to stop: the robots leave, and the last report is delivered.
    fn stop(&mut self) {
        tracing::info!("told to stop: robots leave, then the last report is delivered");
        self.stopping = Some(Instant::now());
        self.engine.follow(None);
    }

    fn has_stopped(&self) -> bool {
        let Some(since) = self.stopping else { return false };
        let grace =
            self.assignment.as_ref().map_or(Duration::ZERO, |assignment| assignment.plan.timeouts.stop);
        let delivered = self.reporter.as_ref().is_none_or(Reporter::is_delivered);
        delivered || since.elapsed() > grace + DELIVERY
    }

    /// Takes what robots are told by others.
    fn hear(&mut self, tells: Tells) {
        if let Some(exchange) = &mut self.exchange {
            exchange.hear(tells);
        }
    }

    /// Sends what robots ask of others, as far as the stream has room.
    fn send_groups(&mut self, up: &mpsc::Sender<Up>) {
        let Some(exchange) = &mut self.exchange else { return };
        while let Ok(room) = up.try_reserve() {
            match exchange.next_asks() {
                Some(asks) => room.send(Up::Groups(asks)),
                None => return,
            }
        }
        exchange.hold_back();
    }

    /// Sends the reports that wait, as far as the stream has room.
    fn send_reports(&mut self, up: &mpsc::Sender<Up>) {
        let Some(reporter) = &mut self.reporter else { return };
        while let Ok(room) = up.try_reserve() {
            match reporter.next_to_send() {
                Some(report) => room.send(Up::Report(report)),
                None => return,
            }
        }
    }
}

/// The next message of the master; the error says why there is none.
async fn next(down: &mut Streaming<Down>) -> Result<Down, String> {
    match down.message().await {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err("it ended the stream".to_owned()),
        Err(status) => Err(status.message().to_owned()),
    }
}

/// Passes on what robots say, if this is where it is done.
async fn work(exchange: &mut Option<Exchange>) {
    match exchange {
        Some(exchange) => exchange.work().await,
        None => std::future::pending().await,
    }
}
