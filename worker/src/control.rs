//! The worker's side of the control stream: says what is so, and makes so what shall be.
//! Runs on a thread of its own, so that robots, however busy, never keep a beat from going out. Whether there is a stream or
//! not, it minds the lease, takes harvests and hears when the worker is to stop.

mod obey;
mod tell;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use proto::message::{Assignment, BEAT_EVERY, BundleHash, Dismissal, SILENCE, Welcome};
use proto::shipping::Arrival;
use proto::{Down, Up};
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep, sleep_until};
use tonic::Streaming;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::clock::MasterClock;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::kit::{Kit, Loaded};
use crate::lease::Lease;
use crate::mods::Registry;
use crate::reporter::Reporter;
use crate::serve::Ended;
use crate::session::{ATTEMPT, Dial, Fault, Session, open};
use crate::thread::Harvest;

/// The longest pause between dials while robots are held or reports wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A worker: its robot threads, and what it knows of its master.
pub(crate) struct Control {
    config: Config,
    registry: Arc<Registry>,
    dial: Dial,
    rng: Rng,
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
    /// What is carried out.
    held: Option<Held>,
    /// The last command that robots were told, and of which run.
    commanded: (Uuid, u64),
    /// None before a master has said what it is about.
    lease: Option<Lease>,
    /// What the master of this session is about, once it has said so.
    welcome: Option<Welcome>,
    /// When this session's Hello was sent, and when something came last.
    began: Instant,
    heard: Instant,
    /// Since when there is no master, and how long the next pause is.
    alone: Instant,
    backoff: Backoff,
    /// What the last beat of this session said: how far all is settled, and whether the worker is leaving.
    said: (u64, bool),
    /// When a worker that is to stop ends, whatever is left to do.
    stopping: Option<Instant>,
}

/// An assignment that is carried out, as long as the lease lasts.
struct Held {
    assignment: Assignment,
    deadline: Deadline,
    kit: Arc<Kit>,
}

/// What a worker has to see to.
enum Event {
    /// It is to stop.
    Told,
    /// A moment has come that something is due at: the lease's end, or the worker's.
    Due,
    Beat,
    Harvest(Harvest),
    /// A robot thread has got further.
    News,
    /// The master has said something, or will not any more.
    Message(Result<Down, String>),
    /// Robots have said something to others.
    Talk,
}

/// How one session with the master ended.
enum Parted {
    Lost(String),
    Ended(Ended),
}

impl Control {
    pub(crate) fn new(
        config: Config,
        registry: Arc<Registry>,
        mut engine: Engine,
        dial: Dial,
        seed: u64,
    ) -> Self {
        let (now, mut rng) = (Instant::now(), Rng::with_seed(seed));
        Self {
            config,
            registry,
            dial,
            incarnation: uuid(&mut rng),
            rng,
            exchange: engine.take_exchange(),
            engine,
            clock: MasterClock::new(now),
            loaded: None,
            arrival: Arrival::default(),
            ready: None,
            reporter: None,
            held: None,
            commanded: (Uuid::nil(), 0),
            lease: None,
            welcome: None,
            began: now,
            heard: now,
            alone: now,
            backoff: Backoff::quick(),
            said: (0, false),
            stopping: None,
        }
    }

    /// One session after the other, as long as the master can be reached.
    pub(crate) async fn run(&mut self, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> Ended {
        loop {
            self.began = Instant::now();
            let attempt = open(self.dial.clone(), self.config.master.clone(), Up::Hello(self.hello()));
            let opened = match self.beside(shutdown.as_mut(), attempt).await {
                Ok(opened) => opened,
                Err(ended) => return ended,
            };
            let reason = match opened {
                Ok(session) => match self.session(session, shutdown.as_mut()).await {
                    Parted::Lost(reason) => self.part(reason),
                    Parted::Ended(ended) => return ended,
                },
                Err(fault) => self.note_fault(fault),
            };
            let pause = match self.pause(&reason) {
                Ok(pause) => pause,
                Err(ended) => return ended,
            };
            if let Err(ended) = self.beside(shutdown.as_mut(), sleep(pause)).await {
                return ended;
            }
        }
    }

    /// Drops whatever runs.
    pub(crate) async fn end(mut self) {
        self.drop_robots();
        self.engine.end().await;
    }

    /// Waits for something, and minds the rest meanwhile. The error is how the worker ends.
    async fn beside<T>(
        &mut self,
        mut shutdown: Pin<&mut impl Future<Output = ()>>,
        work: impl Future<Output = T>,
    ) -> Result<T, Ended> {
        let mut work = std::pin::pin!(work);
        loop {
            self.drop_overdue();
            if let Some(ended) = self.stopped() {
                return Err(ended);
            }
            tokio::select! {
                biased;
                event = self.event(shutdown.as_mut(), None) => self.attend(event),
                done = work.as_mut() => return Ok(done),
            }
        }
    }

    /// From the open stream until it ends.
    async fn session(
        &mut self,
        mut session: Session,
        mut shutdown: Pin<&mut impl Future<Output = ()>>,
    ) -> Parted {
        (self.heard, self.said) = (Instant::now(), (0, false));
        self.clock.forget();
        let mut beats = tokio::time::interval(BEAT_EVERY);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let line = Some((&mut session.down, &mut beats));
            let event = self.event(shutdown.as_mut(), line).await;
            let too_late = self.drop_overdue() && self.welcome.is_some();
            match event {
                Event::Message(Ok(Down::Dismiss(dismissal, reason))) => {
                    return Parted::Ended(dismissed(dismissal, reason));
                }
                Event::Message(Ok(_)) if too_late => {}
                Event::Message(Ok(message)) => {
                    self.obey(message, &session.up);
                    self.heard = Instant::now();
                }
                Event::Message(Err(reason)) => return Parted::Lost(reason),
                Event::Beat => self.beat(&session.up),
                event => self.attend(event),
            }
            if let Some(ended) = self.stopped() {
                return Parted::Ended(ended);
            }
            if too_late {
                return Parted::Lost("it did not answer in time".to_owned());
            }
            if self.is_forsaken() {
                return Parted::Lost("it said nothing for too long".to_owned());
            }
            if self.has_news() {
                self.beat(&session.up);
            }
            self.send_reports(&session.up);
            self.send_groups(&session.up);
        }
    }

    /// The next thing to see to. May be dropped while it waits.
    async fn event(
        &mut self,
        shutdown: Pin<&mut impl Future<Output = ()>>,
        line: Option<(&mut Streaming<Down>, &mut Interval)>,
    ) -> Event {
        let (due, news) = (self.next_due(line.is_some()), self.engine.news());
        let (down, beats) = line.unzip();
        tokio::select! {
            biased;
            () = shutdown, if self.stopping.is_none() => Event::Told,
            () = until(due) => Event::Due,
            () = tick(beats) => Event::Beat,
            Some(harvest) = self.engine.harvest() => Event::Harvest(harvest),
            () = news.notified() => Event::News,
            message = next(down) => Event::Message(message),
            () = work(&mut self.exchange) => Event::Talk,
        }
    }

    /// Sees to what has nothing to do with a stream.
    fn attend(&mut self, event: Event) {
        match event {
            Event::Told => self.stop(),
            Event::Harvest(harvest) => self.take(harvest),
            // What they bring is looked at after each event.
            Event::Due | Event::News | Event::Talk | Event::Beat | Event::Message(_) => {}
        }
    }

    fn take(&mut self, harvest: Harvest) {
        if let Some(reporter) = &mut self.reporter {
            reporter.take(harvest);
            self.engine.reuse(reporter.freed());
        }
    }

    /// The next moment at which something is due.
    fn next_due(&self, has_line: bool) -> Option<Instant> {
        let lease = self.held.as_ref().and_then(|held| held.deadline.at());
        let silence = self.patience().filter(|_| has_line).map(|patience| self.heard + patience);
        [lease, silence, self.stopping].into_iter().flatten().min()
    }

    /// For how long the stream may be silent, where no lease says so.
    fn patience(&self) -> Option<Duration> {
        match (&self.held, self.welcome) {
            (None, _) => Some(SILENCE),
            // Robots wait for the master to take them back.
            (Some(_), None) => Some(ATTEMPT),
            (Some(_), Some(_)) => None,
        }
    }

    fn is_forsaken(&self) -> bool {
        self.patience().is_some_and(|patience| self.heard.elapsed() >= patience)
    }

    /// The stream is lost. Robots play on for as long as the lease has it.
    fn part(&mut self, reason: String) -> String {
        let now = Instant::now();
        if self.welcome.take().is_some() {
            (self.alone, self.backoff) = (now, Backoff::quick());
        }
        self.exchange.iter_mut().for_each(Exchange::close);
        self.change_lease(|lease| lease.broke(now));
        tracing::warn!("lost the master: {reason}");
        reason
    }

    fn note_fault(&mut self, fault: Fault) -> String {
        match fault {
            Fault::Refused(reason) => {
                let dialled = self.began;
                self.change_lease(|lease| lease.refused(dialled));
                reason
            }
            Fault::Other(reason) => {
                let now = Instant::now();
                self.change_lease(|lease| lease.failed(now));
                reason
            }
        }
    }

    /// How long to wait before the next dial; none if there were enough.
    fn pause(&mut self, reason: &str) -> Result<Duration, Ended> {
        let waits =
            self.held.is_some() || self.reporter.as_ref().is_some_and(|reporter| reporter.waiting() > 0);
        if waits {
            self.backoff.limit(LONGEST_PAUSE);
        }
        let pause = self.backoff.next(&mut self.rng);
        let (master, most) = (&self.config.master, self.config.master_max_wait);
        if self.alone.elapsed() + pause > most {
            let told = format!("no master at {master} within {most:?}: {reason}; is it running there?");
            return Err(Ended::NoMaster(told));
        }
        tracing::info!("no master at {master} yet: {reason}");
        Ok(pause)
    }
}

fn dismissed(dismissal: Dismissal, reason: String) -> Ended {
    match dismissal {
        Dismissal::Over => Ended::Done(reason),
        Dismissal::Refused => Ended::Refused(reason),
    }
}

fn uuid(rng: &mut Rng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.u128(..).to_le_bytes()).into_uuid()
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn tick(beats: Option<&mut Interval>) {
    match beats {
        Some(beats) => drop(beats.tick().await),
        None => std::future::pending().await,
    }
}

/// The next message of the master; the error says why there is none.
async fn next(down: Option<&mut Streaming<Down>>) -> Result<Down, String> {
    let Some(down) = down else { return std::future::pending().await };
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
