//! One simulated player, as its mods see it: a number, its connections, its random numbers, its clock.

mod life;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use fastrand::Rng;
use futures_util::future::LocalBoxFuture;
use proto::series::{FailureClass, Kind, RobotState};
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::connect::Connect;
use crate::connection::Connection;
use crate::context::Context;
use crate::ears::Ears;
use crate::errand::Errand;
use crate::error::Error;
use crate::link::Link;
use crate::push::Push;
use crate::trace::Seen;

/// How long something waited for other robots.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waited {
    pub(crate) all: Duration,
    /// How long of that the run was paused.
    pub(crate) paused: Duration,
}

/// One simulated player. Clones are the same robot.
#[derive(Clone)]
pub struct Robot(Rc<Inner>);

struct Inner {
    number: u64,
    /// Place in the plan's classes.
    class: usize,
    context: Rc<Context>,
    links: RefCell<Vec<Rc<Link>>>,
    /// What came unasked and is not handed to the mods yet.
    inbox: RefCell<Vec<Push>>,
    /// What it was told to do and has not begun.
    errands: RefCell<Vec<Arc<Errand>>>,
    /// What its mods began beside their tasks.
    spawned: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
    rng: RefCell<Rng>,
    state: Cell<RobotState>,
    /// When it began to connect and log in.
    started: Cell<Instant>,
    /// Whether its tasks have begun in this session.
    played: Cell<bool>,
    retired: Cell<bool>,
    /// Whether its mod said that it is done.
    leaves: Cell<bool>,
    /// By how much the task that runs now was late, if it has a schedule.
    lateness: Cell<Option<Duration>>,
    /// How long the task that runs now, or the login, waited for other robots.
    waited: Cell<Waited>,
    /// What it hears of other robots.
    ears: Rc<Ears>,
    /// Whether it did something in this session whose end others have to hear of.
    talks: Cell<bool>,
    /// Told when its tasks may begin and when its time is over.
    changed: Notify,
    /// Whether a task has sent or opened something since the driver last looked at the sockets.
    active: Cell<bool>,
    /// Wakes the robot when a request times out. Set for the earliest deadline when it was armed and left alone after
    /// that: most requests are answered long before, and moving a timer for each would cost more than they do.
    alarm: RefCell<Option<(Instant, Pin<Box<Sleep>>)>>,
}

impl Robot {
    pub(crate) fn new(number: u64, context: Rc<Context>) -> Self {
        let class = context.plan.classes.index_of(number).unwrap_or(0);
        context.count(class, None, Some(RobotState::Connecting));
        let seed = mix(context.plan.seed ^ mix(number));
        Self(Rc::new(Inner {
            number,
            class,
            context,
            links: RefCell::default(),
            inbox: RefCell::default(),
            errands: RefCell::default(),
            spawned: RefCell::default(),
            rng: RefCell::new(Rng::with_seed(seed)),
            state: Cell::new(RobotState::Connecting),
            started: Cell::new(Instant::now()),
            played: Cell::new(false),
            retired: Cell::new(false),
            leaves: Cell::new(false),
            lateness: Cell::new(None),
            waited: Cell::default(),
            ears: Rc::default(),
            talks: Cell::new(false),
            changed: Notify::new(),
            active: Cell::new(false),
            alarm: RefCell::default(),
        }))
    }

    /// Its number: from 0, unique in the run, stable; it can name the account.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The address that the robot begins with: its class's, or else the run's.
    pub fn host(&self) -> &str {
        self.0.context.plan.host_of(self.0.number)
    }

    /// The name of its class.
    pub fn class_name(&self) -> &str {
        self.0.context.plan.classes.list().get(self.0.class).map_or("", |class| &class.name)
    }

    /// A random number from the robot's own sequence, which the plan's seed and its number fix.
    pub fn random(&self, range: RangeInclusive<i64>) -> i64 {
        self.0.rng.borrow_mut().i64(range)
    }

    /// Opens a connection and keeps it under a name, in the place of one that had it. The time, handshakes included, is a sample of the
    /// series (connect, name). Await it, after saying what is special about it: [`Connect`].
    ///
    /// Fails when it can't be opened, or not within the plan's connect timeout.
    pub fn connect<'a>(&'a self, name: &'a str, url: &'a str) -> Connect<'a> {
        Connect::new(self, name, url)
    }

    /// The open connection of a name.
    ///
    /// # Errors
    /// When there is none.
    pub fn connection(&self, name: &str) -> Result<Connection, Error> {
        let links = self.0.links.borrow();
        let link = links.iter().find(|link| link.name() == name);
        let link = link.ok_or_else(|| Error::NoConnection { connection: name.to_owned() })?;
        Ok(Connection::new(self.clone(), link.clone()))
    }

    /// Says that it is in, and waits for something before its tasks may begin. Without it a robot is ready once all its mods
    /// have started.
    pub fn ready(&self) {
        if matches!(self.0.state.get(), RobotState::Connecting | RobotState::LoggingIn) {
            self.enter(RobotState::Ready);
        }
    }

    /// Lets the tasks of all its mods begin: it is in. The time since it began to connect, without what it waited for other
    /// robots, is a sample of the series (login, class).
    pub fn run_tasks(&self) {
        if self.is_before_play() {
            let took = self.0.started.get().elapsed().saturating_sub(self.0.waited.get().all);
            self.0.context.ok(Kind::Login, self.class_name(), took);
            self.0.played.set(true);
            self.enter(RobotState::Playing);
            self.0.changed.notify_waiters();
        }
    }

    /// Ends the robot's session in order, as if its time were over. Whether it begins again is the plan's choice.
    pub fn leave(&self) {
        if !self.0.leaves.replace(true) {
            self.0.changed.notify_waiters();
            self.note_activity();
        }
    }

    /// Waits, or until the robot is to leave.
    pub async fn sleep(&self, duration: Duration) {
        if !self.is_retired() && !duration.is_zero() {
            self.0.context.trace(self.0.number, || Seen::Waits(duration));
            tokio::select! {
                biased;
                () = self.retirement() => {}
                () = tokio::time::sleep(duration) => {}
            }
        }
    }

    /// Waits until a moment, to tens of microseconds, or until the robot is to leave.
    pub(crate) async fn sleep_until(&self, due: Instant) {
        if !self.is_retired() {
            tokio::select! {
                biased;
                () = self.retirement() => {}
                () = self.0.context.precise.sleep_until(due.into_std()) => {}
            }
        }
    }

    /// Whether the robot's time is over, or its mod said that it leaves: it finishes what it does, logs out and leaves.
    pub fn is_retired(&self) -> bool {
        self.0.retired.get() || self.0.leaves.get()
    }

    /// Begins something beside the tasks, for as long as the session lasts: what a handler wants done that takes time.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.0.spawned.borrow_mut().push(Box::pin(work));
        self.note_activity();
    }

    /// Microseconds since the run began, on the time line that all workers share. A message that carries it can be timed where it arrives
    /// ([`Handlers::on_timed`](crate::Handlers::on_timed)).
    pub fn now_us(&self) -> i64 {
        self.us_at(Instant::now())
    }

    /// How long before `at` the moment `sent` was, which another robot took from [`Robot::now_us`].
    pub(crate) fn since(&self, sent: i64, at: Instant) -> Duration {
        Duration::from_micros(self.us_at(at).saturating_sub(sent).max(0) as u64)
    }

    fn us_at(&self, at: Instant) -> i64 {
        i64::try_from(at.saturating_duration_since(self.0.context.start).as_micros()).unwrap_or(i64::MAX)
    }

    /// Times something of the mod's own: a sample of the series (custom, name).
    pub fn time(&self, name: &str, took: Duration) {
        self.0.context.ok(Kind::Custom, name, took);
    }

    /// Counts something of the mod's own in the series (custom, name), once.
    pub fn count(&self, name: &str) {
        self.time(name, Duration::ZERO);
    }

    /// Counts a failure of the mod's own in the series (custom, name).
    pub fn count_failure(&self, name: &str, reason: &str) {
        self.0.context.failed(Kind::Custom, name, FailureClass::Task, Duration::ZERO, &reason);
    }

    /// Says something, to whoever looks at this robot and to the worker's log at level debug.
    pub fn log(&self, text: &str) {
        tracing::debug!(robot = self.0.number, "{text}");
        self.0.context.trace(self.0.number, || Seen::Says(text));
    }

    /// The row of a data set that is this robot's; none if the plan has no such set.
    pub fn data(&self, set: &str) -> Option<&proto::rows::Row> {
        self.0.context.kit.data.row(set, self.0.number)
    }

    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }

    pub(crate) fn shared_context(&self) -> Rc<Context> {
        self.0.context.clone()
    }

    pub(crate) fn rng<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.0.rng.borrow_mut())
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.0.state.get() == RobotState::Playing
    }

    /// Whether it was told that its time is over, whatever its mods say.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.0.retired.get()
    }

    /// Whether its tasks have begun in this session.
    pub(crate) fn has_played(&self) -> bool {
        self.0.played.get()
    }

    fn is_before_play(&self) -> bool {
        !matches!(self.0.state.get(), RobotState::Playing | RobotState::Leaving)
    }

    /// How long its session lasts.
    pub(crate) fn session_time(&self) -> Duration {
        self.0.started.get().elapsed()
    }

    /// By how much the task that runs now was late.
    pub(crate) fn lateness(&self) -> Option<Duration> {
        self.0.lateness.get()
    }

    /// Runs a task that was late by so much, if it has a schedule: what it asks meanwhile was late too.
    pub(crate) async fn late<T>(&self, lateness: Option<Duration>, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        // Set for each poll: other tasks of the robot run between them.
        poll_fn(|cx| {
            let before = self.0.lateness.replace(lateness);
            let polled = work.as_mut().poll(cx);
            self.0.lateness.set(before);
            polled
        })
        .await
    }

    /// Runs a task. Returns also how long it waited for other robots, which is off the timed path.
    pub(crate) async fn apart<T>(&self, work: impl Future<Output = T>) -> (T, Waited) {
        let (mut work, mut waited) = (std::pin::pin!(work), Waited::default());
        // Set for each poll, as in `late`.
        poll_fn(|cx| {
            let before = self.0.waited.replace(waited);
            let polled = work.as_mut().poll(cx);
            waited = self.0.waited.replace(before);
            polled.map(|done| (done, waited))
        })
        .await
    }

    /// Notes that the task that runs now waited for other robots.
    pub(crate) fn note_waited(&self, more: Waited) {
        let Waited { all, paused } = self.0.waited.get();
        self.0.waited.set(Waited { all: all + more.all, paused: paused + more.paused });
    }

    pub(crate) fn ears(&self) -> &Ears {
        &self.0.ears
    }

    /// Its ears, of a robot whose end others have to hear of from now on.
    pub(crate) fn ears_for_others(&self) -> &Rc<Ears> {
        self.0.talks.set(true);
        &self.0.ears
    }

    fn enter(&self, state: RobotState) {
        let from = self.0.state.replace(state);
        self.0.context.count(self.0.class, Some(from), Some(state));
        if from != state {
            self.0.context.trace(self.0.number, || Seen::State(state));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.context.count(self.class, Some(self.state.get()), None);
        self.context.forget(self.number);
    }
}

/// Spreads near numbers far apart (the finaliser of splitmix64), so that neighbours' random numbers have nothing in common.
pub(crate) fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
