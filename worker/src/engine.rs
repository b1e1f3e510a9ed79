//! The robot threads of a worker, as its control thread sees them: orders go down, harvests and gauges come up.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use proto::histogram::Histogram;
use proto::report::Census;
use proto::series::RobotState;
use proto::slots::SlotSet;
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use crate::errand::{Errand, MOST_ERRANDS};
use crate::exchange::{ASKS, Exchange, LETTERS};
use crate::mods::Registry;
use crate::orders::{Command, Lanes, Orders};
use crate::post::{Asked, Letter, Tickets};
use crate::shared::RunTables;
use crate::thread::{Harvest, RobotThread, SharedGauges, Standing, Watchers};

/// Harvests that may wait for the control thread: some seconds of each robot thread.
const HARVESTS: usize = 64;

/// Emptied histograms that may wait for a robot thread; what is too many is simply dropped.
const SPARES: usize = 256;

/// How long threads are waited for in the end. One whose mod is stuck ends with the process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What robot threads are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// Threads of the system, each with a runtime.
    Own,
    /// Tasks of the current `LocalSet`, under whatever clock its runtime has.
    Local,
}

/// What runs on all threads together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Load {
    pub(crate) robots: Vec<Census>,
    pub(crate) lag: Duration,
    pub(crate) busy_permille: u32,
}

/// The robot threads of a worker.
pub(crate) struct Engine {
    threads: Vec<Thread>,
    lanes: Lanes,
    harvests: mpsc::Receiver<Harvest>,
    measured: Instant,
    exchange: Option<Exchange>,
    news: Arc<Notify>,
    /// What the threads were told last.
    latest: Option<Orders>,
}

/// What a thread is started with, beside its place.
struct Outfit {
    registry: Arc<Registry>,
    harvests: mpsc::Sender<Harvest>,
    asks: mpsc::Sender<Asked>,
    tables: RunTables,
    tickets: Tickets,
    watchers: Option<Watchers>,
    news: Arc<Notify>,
    kind: Threads,
}

struct Thread {
    commands: watch::Sender<Command>,
    spares: mpsc::Sender<Histogram>,
    letters: mpsc::Sender<Letter>,
    errands: mpsc::Sender<Arc<Errand>>,
    gauges: SharedGauges,
    busy: Duration,
    handle: Handle,
}

enum Handle {
    Own(std::thread::JoinHandle<()>),
    Local(tokio::task::JoinHandle<()>),
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        threads: usize,
        kind: Threads,
        registry: Arc<Registry>,
        watchers: Option<Watchers>,
    ) -> std::io::Result<Self> {
        let (harvested, harvests) = mpsc::channel(HARVESTS);
        let (asks, asked) = mpsc::channel(ASKS);
        let (tables, tickets, news) = <(RunTables, Tickets, Arc<Notify>)>::default();
        let outfit = Outfit {
            registry,
            harvests: harvested,
            asks,
            tables,
            tickets,
            watchers,
            news: news.clone(),
            kind,
        };
        let start = |index| Thread::start(index, &outfit);
        let threads: Vec<_> = (0..threads).map(start).collect::<Result<_, _>>()?;
        let exchange = Some(Exchange::new(asked, threads.iter().map(|thread| thread.letters.clone())));
        let lanes = Lanes::new(threads.len());
        Ok(Self { lanes, threads, harvests, measured: Instant::now(), exchange, news, latest: None })
    }

    /// What robots say to each other, for whoever passes it on; without anybody they are told that there is no room.
    pub(crate) fn take_exchange(&mut self) -> Option<Exchange> {
        self.exchange.take()
    }

    /// How many threads there are.
    pub(crate) fn width(&self) -> usize {
        self.threads.len()
    }

    /// Gives each thread its part of the orders.
    pub(crate) fn follow(&mut self, orders: Orders) {
        let settled = self.latest.as_ref().is_some_and(|latest| self.settled(latest.run) >= latest.epoch);
        let parts = self.lanes.deal(&orders.slots, settled);
        for (thread, slots) in self.threads.iter().zip(parts) {
            let part = Orders { slots, ..orders.clone() };
            thread.commands.send_replace(Command::Follow(Arc::new(part)));
        }
        self.latest = Some(orders);
    }

    /// Tells all threads a command to robots, or one of them what nobody can do; it says so in its report. None is told, and that
    /// is false then, if too many wait already.
    pub(crate) fn tell(&self, errand: Errand) -> bool {
        let told = if errand.is_known { self.threads.len() } else { 1 };
        let room = self.threads.iter().take(told).map(|thread| thread.errands.try_reserve());
        let room: Result<Vec<_>, _> = room.collect();
        let errand = Arc::new(errand);
        room.map(|room| room.into_iter().for_each(|place| place.send(errand.clone()))).is_ok()
    }

    /// Lets all robots leave in order; then each thread hands over what it measured last.
    pub(crate) fn leave(&mut self) {
        if let Some(latest) = self.latest.clone() {
            self.follow(Orders { slots: SlotSet::none(), leave: true, ..latest });
        }
    }

    /// Drops all robots at once.
    pub(crate) fn rest(&mut self) {
        self.threads.iter().for_each(|thread| drop(thread.commands.send_replace(Command::Rest)));
        self.latest = None;
    }

    /// The newest epoch of a run outside whose slots no thread has a robot left; 0 if some thread is not that far.
    pub(crate) fn settled(&self, run: Uuid) -> u64 {
        let of = |standing: Standing| if standing.run == run { standing.settled } else { 0 };
        self.threads.iter().map(|thread| of(thread.gauges.standing())).min().unwrap_or(0)
    }

    /// Whether no thread has a robot, and all that they measured was taken.
    pub(crate) fn is_at_rest(&self) -> bool {
        // In this order: a thread hands over before it rests.
        self.threads.iter().all(|thread| thread.gauges.standing().rests) && self.harvests.is_empty()
    }

    /// How many robots there are, leaving ones included.
    pub(crate) fn robots(&self) -> u64 {
        let all = |census: &Census| RobotState::ALL.into_iter().map(|state| census.get(state)).sum::<u64>();
        self.threads.iter().flat_map(|thread| thread.gauges.read().robots).map(|census| all(&census)).sum()
    }

    /// Told when a thread has got further with its orders.
    pub(crate) fn news(&self) -> Arc<Notify> {
        self.news.clone()
    }

    /// The next harvest of any thread.
    pub(crate) async fn harvest(&mut self) -> Option<Harvest> {
        self.harvests.recv().await
    }

    /// Gives emptied histograms back to the threads, in turn.
    pub(crate) fn reuse(&self, spares: impl Iterator<Item = Histogram>) {
        for (thread, spare) in self.threads.iter().cycle().zip(spares) {
            let _full = thread.spares.try_send(spare);
        }
    }

    /// What runs now, and how busy the threads were since this was asked last.
    pub(crate) fn load(&mut self) -> Load {
        let now = Instant::now();
        let elapsed = now.duration_since(std::mem::replace(&mut self.measured, now));
        let mut load = Load::default();
        for thread in &mut self.threads {
            let gauges = thread.gauges.read();
            let worked = gauges.busy.saturating_sub(std::mem::replace(&mut thread.busy, gauges.busy));
            load.busy_permille = load.busy_permille.max(permille(worked, elapsed));
            load.lag = load.lag.max(gauges.lag);
            add_census(&mut load.robots, &gauges.robots);
        }
        load
    }

    /// Drops the robots and ends the threads.
    pub(crate) async fn end(self) {
        let Self { threads, mut harvests, .. } = self;
        let handles: Vec<_> = threads.into_iter().map(|thread| thread.handle).collect();
        // Each thread holds an end of this channel as long as it lives.
        let gone = async { while harvests.recv().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, gone).await.is_err() {
            return tracing::error!("a robot thread does not end: is a mod stuck?");
        }
        for handle in handles {
            let ended = match handle {
                Handle::Own(handle) => handle.join().is_ok(),
                Handle::Local(handle) => handle.await.is_ok(),
            };
            if !ended {
                tracing::error!("a robot thread ended by a panic");
            }
        }
    }
}

impl Thread {
    fn start(index: usize, outfit: &Outfit) -> std::io::Result<Self> {
        let (commands, following) = watch::channel(Command::default());
        let (spares, returned) = mpsc::channel(SPARES);
        let (letters, delivered) = mpsc::channel(LETTERS);
        let (errands, told) = mpsc::channel(MOST_ERRANDS);
        let gauges = SharedGauges::new(outfit.news.clone());
        let thread = RobotThread {
            index,
            registry: outfit.registry.clone(),
            commands: following,
            harvests: outfit.harvests.clone(),
            spares: returned,
            gauges: gauges.clone(),
            asks: outfit.asks.clone(),
            letters: delivered,
            errands: told,
            ahead: None,
            tables: outfit.tables.clone(),
            tickets: outfit.tickets.clone(),
            watchers: outfit.watchers.clone(),
            simulated: outfit.kind == Threads::Local,
        };
        let handle = match outfit.kind {
            Threads::Own => Handle::Own(spawn(index, thread)?),
            Threads::Local => Handle::Local(tokio::task::spawn_local(thread.follow())),
        };
        Ok(Self { commands, spares, letters, errands, gauges, busy: Duration::ZERO, handle })
    }
}

fn spawn(index: usize, thread: RobotThread) -> std::io::Result<std::thread::JoinHandle<()>> {
    let run = move || {
        if let Err(e) = thread.run() {
            tracing::error!("robot thread {index} can't run: {e}");
        }
    };
    std::thread::Builder::new().name(format!("robots-{index}")).spawn(run)
}

/// Adds the robots of `more` to those of the same classes.
pub(crate) fn add_census(sum: &mut Vec<Census>, more: &[Census]) {
    for census in more {
        match sum.iter_mut().find(|known| known.class == census.class) {
            Some(known) => RobotState::ALL.into_iter().for_each(|state| known.add(state, census.get(state))),
            None => sum.push(census.clone()),
        }
    }
}

fn permille(part: Duration, whole: Duration) -> u32 {
    (part.as_secs_f64() / whole.as_secs_f64().max(1e-9) * 1000.0).min(1000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(id: u64, is_known: bool) -> Errand {
        let (name, args) = ("storm".into(), serde_json::Value::Null);
        Errand { run: Uuid::nil(), epoch: 1, id, name, share_permille: 1000, args, is_known }
    }

    #[tokio::test]
    async fn of_a_flood_of_commands_only_so_many_wait_and_all_threads_get_the_same() {
        let work = async {
            let engine = Engine::start(2, Threads::Local, Arc::new(Registry::default()), None).unwrap();
            assert!(engine.tell(errand(1, false)), "one thread has less room left");
            let told = (1..=80).filter(|id| engine.tell(errand(*id, true))).count();
            assert_eq!(told, MOST_ERRANDS - 1);
            let room = |thread: &Thread| thread.errands.capacity();
            assert_eq!(engine.threads.iter().map(room).collect::<Vec<_>>(), [0, 1]);
        };
        tokio::task::LocalSet::new().run_until(work).await;
    }
}
