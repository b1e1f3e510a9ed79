//! The robot threads of a worker, as its control thread sees them: orders go down, harvests and gauges come up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::histogram::Histogram;
use proto::report::Census;
use proto::series::RobotState;
use tokio::sync::{mpsc, watch};

use crate::exchange::{ASKS, Exchange, LETTERS};
use crate::mods::Registry;
use crate::orders::{Lanes, Orders};
use crate::post::{Asked, Letter};
use crate::shared::RunTables;
use crate::thread::{Harvest, RobotThread, SharedGauges, Watchers};

/// Harvests that may wait for the control thread: some seconds of each robot thread.
const HARVESTS: usize = 64;

/// Emptied histograms that may wait for a robot thread; what is too many is simply dropped.
const SPARES: usize = 256;

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
}

/// What a thread is started with, beside its place.
struct Outfit {
    registry: Arc<Registry>,
    harvests: mpsc::Sender<Harvest>,
    asks: mpsc::Sender<Asked>,
    tables: RunTables,
    watchers: Option<Watchers>,
}

struct Thread {
    orders: watch::Sender<Option<Arc<Orders>>>,
    spares: mpsc::Sender<Histogram>,
    letters: mpsc::Sender<Letter>,
    gauges: SharedGauges,
    busy: Duration,
    handle: std::thread::JoinHandle<()>,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        threads: usize,
        registry: Arc<Registry>,
        watchers: Option<Watchers>,
    ) -> std::io::Result<Self> {
        let (harvested, harvests) = mpsc::channel(HARVESTS);
        let (asks, asked) = mpsc::channel(ASKS);
        let outfit = Outfit { registry, harvests: harvested, asks, tables: RunTables::default(), watchers };
        let start = |index| Thread::start(index, &outfit);
        let threads: Vec<_> = (0..threads).map(start).collect::<Result<_, _>>()?;
        let exchange = Some(Exchange::new(asked, threads.iter().map(|thread| thread.letters.clone())));
        Ok(Self { lanes: Lanes::new(threads.len()), threads, harvests, measured: Instant::now(), exchange })
    }

    /// What robots say to each other, for whoever passes it on; without anybody they are told that there is no room.
    pub(crate) fn take_exchange(&mut self) -> Option<Exchange> {
        self.exchange.take()
    }

    /// How many threads there are.
    pub(crate) fn width(&self) -> usize {
        self.threads.len()
    }

    /// Gives each thread its part of the orders. None: whatever runs is cleared away.
    pub(crate) fn follow(&mut self, orders: Option<Orders>) {
        let Some(orders) = orders else {
            self.threads.iter().for_each(|thread| drop(thread.orders.send_replace(None)));
            return;
        };
        let parts = self.lanes.deal(&orders.slots);
        for (thread, slots) in self.threads.iter().zip(parts) {
            thread.orders.send_replace(Some(Arc::new(Orders { slots, ..orders.clone() })));
        }
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

    /// Ends the threads, once their robots are gone.
    pub(crate) fn end(self) {
        let handles: Vec<_> = self.threads.into_iter().map(|thread| thread.handle).collect();
        drop(self.harvests);
        for handle in handles {
            if handle.join().is_err() {
                tracing::error!("a robot thread ended by a panic");
            }
        }
    }
}

impl Thread {
    fn start(index: usize, outfit: &Outfit) -> std::io::Result<Self> {
        let (orders, following) = watch::channel(None);
        let (spares, returned) = mpsc::channel(SPARES);
        let (letters, delivered) = mpsc::channel(LETTERS);
        let gauges = SharedGauges::default();
        let thread = RobotThread {
            index,
            registry: outfit.registry.clone(),
            orders: following,
            harvests: outfit.harvests.clone(),
            spares: returned,
            gauges: gauges.clone(),
            asks: outfit.asks.clone(),
            letters: delivered,
            tables: outfit.tables.clone(),
            watchers: outfit.watchers.clone(),
        };
        let run = move || {
            if let Err(e) = thread.run() {
                tracing::error!("robot thread {index} can't run: {e}");
            }
        };
        let handle = std::thread::Builder::new().name(format!("robots-{index}")).spawn(run)?;
        Ok(Self { orders, spares, letters, gauges, busy: Duration::ZERO, handle })
    }
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
