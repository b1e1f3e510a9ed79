//! One robot thread: follows its orders, and each second of the run hands over what was measured.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proto::histogram::Histogram;
use proto::message::REPORT_EVERY;
use proto::report::Census;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use uuid::Uuid;

use crate::mods::Registry;
use crate::orders::Orders;
use crate::post::{Asked, Letter, Line, deliver};
use crate::recorder::Measured;
use crate::shared::RunTables;
use crate::spawner::Spawner;
use crate::trace::Watcher;

/// How often a thread looks up, even if nothing is due: bounds how old its gauges are, and shows how late it wakes.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

/// Letters that are handed to robots before the thread looks at anything else.
const MOST_LETTERS: usize = 256;

/// What a thread measured up to a moment of the run.
#[derive(Debug)]
pub(crate) struct Harvest {
    /// Which thread.
    pub(crate) thread: usize,
    pub(crate) run: Uuid,
    /// The second of the run that it ends, or the moment at which the thread was done.
    pub(crate) to: Duration,
    pub(crate) robots: Vec<Census>,
    pub(crate) measured: Measured,
    /// No robot of the run is left on the thread, and none will come.
    pub(crate) last: bool,
}

/// What runs on a thread now. Read by the beats, while the thread itself may be busy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauges {
    pub(crate) robots: Vec<Census>,
    /// The latest wake-up since the gauges were read.
    pub(crate) lag: Duration,
    /// Time that the thread has worked since it began.
    pub(crate) busy: Duration,
}

/// A thread's gauges, shared with the control thread. Locked for a copy only and never across an await.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedGauges(Arc<Mutex<Gauges>>);

impl SharedGauges {
    /// The gauges; the lag begins anew.
    pub(crate) fn read(&self) -> Gauges {
        let mut gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = gauges.clone();
        gauges.lag = Duration::ZERO;
        read
    }

    fn write(&self, robots: Vec<Census>, lag: Duration, busy: Duration) {
        let mut gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lag = gauges.lag.max(lag);
        *gauges = Gauges { robots, lag, busy };
    }
}

/// A thread's ends of its channels.
pub(crate) struct RobotThread {
    pub(crate) index: usize,
    pub(crate) registry: Arc<Registry>,
    pub(crate) orders: watch::Receiver<Option<Arc<Orders>>>,
    pub(crate) harvests: mpsc::Sender<Harvest>,
    /// Emptied histograms that come back.
    pub(crate) spares: mpsc::Receiver<Histogram>,
    pub(crate) gauges: SharedGauges,
    /// What its robots say to others.
    pub(crate) asks: mpsc::Sender<Asked>,
    /// What comes for them.
    pub(crate) letters: mpsc::Receiver<Letter>,
    /// What all robots of the worker share.
    pub(crate) tables: RunTables,
    /// Makes who looks at this thread's robots.
    pub(crate) watchers: Option<Watchers>,
}

/// Makes somebody who looks, on the thread where the robots are.
pub(crate) type Watchers = Arc<dyn Fn() -> Rc<dyn Watcher> + Send + Sync>;

impl RobotThread {
    /// Runs until the orders' sender is gone. Blocks its thread.
    pub(crate) fn run(self) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = LocalSet::new();
        runtime.block_on(local.run_until(self.follow()));
        Ok(())
    }

    async fn follow(mut self) {
        loop {
            let orders = self.orders.borrow_and_update().clone();
            match orders.map(|orders| self.spawner(orders)) {
                Some(Ok(spawner)) => self.play(spawner).await,
                Some(Err(fault)) => tracing::error!("robots can't run: {fault}"),
                None => {}
            }
            if self.orders.changed().await.is_err() {
                return;
            }
        }
    }

    fn spawner(&self, orders: Arc<Orders>) -> Result<Spawner, String> {
        let watcher = self.watchers.as_ref().map(|make| make());
        let run = orders.run;
        let spawner = Spawner::new(orders, &self.registry, watcher)?;
        spawner.context().post.connect(Line { thread: self.index, run, asks: self.asks.clone() });
        spawner.context().tables.replace(self.tables.of(run));
        Ok(spawner)
    }

    /// Carries a run through, to its end or until there are orders for another.
    async fn play(&mut self, mut spawner: Spawner) {
        let mut next_report = first_report(spawner.orders(), Instant::now());
        let mut dismissed = false;
        loop {
            let now = Instant::now();
            self.take_spares(&spawner);
            spawner.context().post.flush();
            let boundary = spawner.orders().start + next_report;
            if dismissed {
                spawner.retire_all();
            } else {
                // The census of a second is that of its very end, also where this thread woke a little later.
                spawner.reconcile(now.min(boundary));
            }
            if now >= boundary {
                self.hand_over(&spawner, next_report, false).await;
                next_report += REPORT_EVERY;
                continue;
            }
            let over = spawner.is_over(now) || (dismissed && spawner.is_empty());
            if over {
                self.hand_over(&spawner, spawner.orders().elapsed(now), true).await;
                return;
            }
            let wake = wake_up(&spawner, now, next_report);
            let slept = tokio::select! {
                biased;
                changed = self.orders.changed(), if !dismissed => {
                    dismissed = changed.is_err() || !self.take_orders(&mut spawner);
                    false
                }
                () = spawner.departure() => false,
                Some(letter) = self.letters.recv() => {
                    self.hand_on(&spawner, letter);
                    false
                }
                () = tokio::time::sleep_until(wake.into()) => true,
            };
            let lag = if slept { Instant::now().saturating_duration_since(wake) } else { Duration::ZERO };
            let busy = tokio::runtime::Handle::current().metrics().worker_total_busy_duration(0);
            self.gauges.write(spawner.census(), lag, busy);
        }
    }

    /// Takes newer orders; false if they are for another run or for none.
    fn take_orders(&mut self, spawner: &mut Spawner) -> bool {
        let orders = self.orders.borrow_and_update().clone();
        let orders = orders.filter(|orders| orders.run == spawner.orders().run);
        let same = orders.is_some();
        orders.into_iter().for_each(|orders| spawner.take(orders, Instant::now()));
        if !same {
            // Seen, but not followed yet: what comes next begins after this run has been cleared away.
            self.orders.mark_changed();
        }
        same
    }

    /// Hands over what was measured. Awaits only while the control thread is seconds behind.
    async fn hand_over(&self, spawner: &Spawner, to: Duration, last: bool) {
        let run = spawner.orders().run;
        let harvest = Harvest {
            thread: self.index,
            run,
            to,
            robots: spawner.census(),
            measured: spawner.harvest(),
            last,
        };
        if self.harvests.send(harvest).await.is_err() {
            tracing::debug!("nobody takes reports any more");
        }
    }

    /// Hands letters to the robots, as many as are there.
    fn hand_on(&mut self, spawner: &Spawner, first: Letter) {
        deliver(spawner.context(), first);
        for _ in 1..MOST_LETTERS {
            let Ok(letter) = self.letters.try_recv() else { return };
            deliver(spawner.context(), letter);
        }
    }

    fn take_spares(&mut self, spawner: &Spawner) {
        while let Ok(spare) = self.spares.try_recv() {
            spawner.context().record().reuse(spare);
        }
    }
}

/// The first whole second of the run that is still to come.
fn first_report(orders: &Orders, now: Instant) -> Duration {
    Duration::from_secs(orders.elapsed(now).as_secs()) + REPORT_EVERY
}

fn wake_up(spawner: &Spawner, now: Instant, next_report: Duration) -> Instant {
    let start = spawner.orders().start;
    let due = spawner.next_change(now).map_or(next_report, |change| change.min(next_report));
    (start + due).min(now + LOOK_UP_EVERY)
}
