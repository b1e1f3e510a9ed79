//! One robot thread: follows its orders, and each second of the run hands over what was measured.

use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use proto::histogram::Histogram;
use proto::message::REPORT_EVERY;
use proto::report::Census;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::LocalSet;
use uuid::Uuid;

use crate::errand::Errand;
use crate::mods::Registry;
use crate::orders::{Command, Orders};
use crate::post::{Asked, Letter, Line, Tickets, deliver};
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
    pub(crate) standing: Standing,
}

/// How far a thread has got with its orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) run: Uuid,
    /// The newest epoch of the run outside whose slots it has no robot, not even one that is leaving.
    pub(crate) settled: u64,
    /// It has no robots and will have none before there are other orders; all that it measured is handed over.
    pub(crate) rests: bool,
}

/// A thread's gauges, shared with the control thread. Locked for a copy only and never across an await.
#[derive(Debug, Clone)]
pub(crate) struct SharedGauges {
    gauges: Arc<Mutex<Gauges>>,
    /// Told when a thread's standing has changed.
    news: Arc<Notify>,
}

impl SharedGauges {
    pub(crate) fn new(news: Arc<Notify>) -> Self {
        let standing = Standing { rests: true, ..Standing::default() };
        Self { gauges: Arc::new(Mutex::new(Gauges { standing, ..Gauges::default() })), news }
    }

    /// The gauges; the lag begins anew.
    pub(crate) fn read(&self) -> Gauges {
        let mut gauges = self.lock();
        let read = gauges.clone();
        gauges.lag = Duration::ZERO;
        read
    }

    pub(crate) fn standing(&self) -> Standing {
        self.lock().standing
    }

    fn write(&self, new: Gauges) {
        let mut gauges = self.lock();
        if gauges.standing != new.standing {
            self.news.notify_one();
        }
        let lag = gauges.lag.max(new.lag);
        *gauges = Gauges { lag, ..new };
    }

    fn lock(&self) -> MutexGuard<'_, Gauges> {
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread's ends of its channels.
pub(crate) struct RobotThread {
    pub(crate) index: usize,
    pub(crate) registry: Arc<Registry>,
    pub(crate) commands: watch::Receiver<Command>,
    pub(crate) harvests: mpsc::Sender<Harvest>,
    /// Emptied histograms that come back.
    pub(crate) spares: mpsc::Receiver<Histogram>,
    pub(crate) gauges: SharedGauges,
    /// What its robots say to others.
    pub(crate) asks: mpsc::Sender<Asked>,
    /// What comes for them.
    pub(crate) letters: mpsc::Receiver<Letter>,
    /// What people tell them to do.
    pub(crate) errands: mpsc::Receiver<Arc<Errand>>,
    /// One that came after orders that are not taken yet.
    pub(crate) ahead: Option<Arc<Errand>>,
    /// What all robots of the worker share.
    pub(crate) tables: RunTables,
    /// Tickets of all robots of the worker.
    pub(crate) tickets: Tickets,
    /// Makes who looks at this thread's robots.
    pub(crate) watchers: Option<Watchers>,
    /// Whether it is no thread of the system, and lives by whatever clock the runtime has.
    pub(crate) simulated: bool,
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

    /// Follows its commands until nobody gives any.
    pub(crate) async fn follow(mut self) {
        let mut standing = Standing::default();
        loop {
            let command = self.commands.borrow_and_update().clone();
            if let Command::Follow(orders) = command {
                standing = self.carry_out(orders).await;
            }
            standing.rests = true;
            let busy = self.busy();
            self.gauges.write(Gauges { busy, standing, ..Gauges::default() });
            if self.commands.changed().await.is_err() {
                return;
            }
        }
    }

    /// Carries orders out until nothing is left to do under them.
    async fn carry_out(&mut self, orders: Arc<Orders>) -> Standing {
        let standing = Standing { run: orders.run, settled: orders.epoch, rests: false };
        if orders.leave {
            return standing; // nobody is here
        }
        match self.spawner(orders) {
            Ok(spawner) => self.play(spawner).await,
            Err(fault) => {
                tracing::error!("robots can't run: {fault}");
                standing
            }
        }
    }

    fn spawner(&self, orders: Arc<Orders>) -> Result<Spawner, String> {
        let watcher = self.watchers.as_ref().map(|make| make());
        let run = orders.run;
        let spawner = Spawner::new(orders, &self.registry, watcher)?;
        let (asks, tickets) = (self.asks.clone(), self.tickets.clone());
        spawner.context().post.connect(Line { thread: self.index, run, asks, tickets });
        spawner.context().tables.replace(self.tables.of(run));
        if self.simulated {
            spawner.context().precise.follow_runtime();
        }
        Ok(spawner)
    }

    /// Carries a run through: to its end, until there are orders for another, or until the lease is over.
    async fn play(&mut self, mut spawner: Spawner) -> Standing {
        let mut next_report = first_report(spawner.orders(), Instant::now());
        let mut lag = Duration::ZERO;
        loop {
            let now = Instant::now();
            if spawner.orders().deadline.is_over() {
                return self.drop_robots(spawner).await;
            }
            self.take_spares(&spawner);
            spawner.context().post.flush();
            if let Some(errand) = self.ahead.take() {
                self.tell(&spawner, errand, false);
            }
            let boundary = spawner.orders().start + next_report;
            // The census of a second is that of its very end, also where this thread woke a little later.
            spawner.reconcile(now.min(boundary));
            if now >= boundary {
                self.hand_over_in_passing(&spawner, next_report);
                next_report += REPORT_EVERY;
                continue;
            }
            if spawner.is_over(now) {
                self.hand_over(&spawner, spawner.orders().elapsed(now), true).await;
                return standing(&spawner);
            }
            let (busy, standing) = (self.busy(), standing(&spawner));
            self.gauges.write(Gauges { robots: spawner.census(), lag, busy, standing });
            let wake = wake_up(&spawner, now, next_report);
            lag = Duration::ZERO;
            tokio::select! {
                biased;
                changed = self.commands.changed() => {
                    if changed.is_err() || !self.take_orders(&mut spawner) {
                        return self.drop_robots(spawner).await;
                    }
                }
                Some(errand) = self.errands.recv(), if self.ahead.is_none() => self.tell(&spawner, errand, false),
                () = spawner.departure() => {}
                Some(letter) = self.letters.recv() => self.hand_on(&spawner, letter),
                () = tokio::time::sleep_until(wake) => lag = wake.elapsed(),
            }
        }
    }

    /// Takes newer orders; false if robots may not run on under them.
    fn take_orders(&mut self, spawner: &mut Spawner) -> bool {
        let command = self.commands.borrow_and_update().clone();
        // What came before the orders is for nobody who comes by them, and may have been told its command elsewhere.
        while self.ahead.is_none()
            && let Ok(errand) = self.errands.try_recv()
        {
            self.tell(spawner, errand, true);
        }
        match command {
            Command::Follow(orders) if spawner.orders().continue_in(&orders) => {
                spawner.take(orders, Instant::now());
                true
            }
            _ => {
                // Seen, but not followed yet: what comes next begins after these robots are gone.
                self.commands.mark_changed();
                false
            }
        }
    }

    /// Tells robots a command, or keeps it until the orders are taken that it came after; `news` says whether some are there.
    fn tell(&mut self, spawner: &Spawner, errand: Arc<Errand>, news: bool) {
        let orders = spawner.orders();
        let later = if errand.run == orders.run { errand.epoch > orders.epoch } else { news };
        if later { self.ahead = Some(errand) } else { spawner.tell(&errand) }
    }

    /// Drops all robots as they are. What they measured is still reported, if anybody wants it.
    async fn drop_robots(&mut self, mut spawner: Spawner) -> Standing {
        spawner.drop_all().await;
        let (now, leave) = (Instant::now(), spawner.orders().leave);
        if spawner.orders().has_started(now) {
            self.hand_over(&spawner, spawner.orders().elapsed(now), leave).await;
        }
        standing(&spawner)
    }

    /// Hands over what was measured up to a second's end. While the control thread is far behind it stays for the next second:
    /// robots do not wait for it.
    fn hand_over_in_passing(&self, spawner: &Spawner, to: Duration) {
        match self.harvests.try_reserve() {
            Ok(room) => room.send(self.harvest(spawner, to, false)),
            Err(_) => tracing::debug!("a report waits: nobody takes it"),
        }
    }

    /// Hands over what was measured, when no robot is left.
    async fn hand_over(&self, spawner: &Spawner, to: Duration, last: bool) {
        if self.harvests.send(self.harvest(spawner, to, last)).await.is_err() {
            tracing::debug!("nobody takes reports any more");
        }
    }

    fn harvest(&self, spawner: &Spawner, to: Duration, last: bool) -> Harvest {
        Harvest {
            thread: self.index,
            run: spawner.orders().run,
            to,
            robots: spawner.census(),
            measured: spawner.harvest(),
            last,
        }
    }

    /// Time that the thread has worked. In a simulation there is none that would be the same twice.
    fn busy(&self) -> Duration {
        if self.simulated {
            return Duration::ZERO;
        }
        tokio::runtime::Handle::current().metrics().worker_total_busy_duration(0)
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

fn standing(spawner: &Spawner) -> Standing {
    Standing { run: spawner.orders().run, settled: spawner.settled(), rests: false }
}

fn wake_up(spawner: &Spawner, now: Instant, next_report: Duration) -> Instant {
    let start = spawner.orders().start;
    let due = spawner.next_change(now).map_or(next_report, |change| change.min(next_report));
    let look_up = now + LOOK_UP_EVERY;
    let deadline = spawner.orders().deadline.at().unwrap_or(look_up);
    (start + due).min(look_up).min(deadline)
}
