//! One simulated player, as its mods see it: a number, its connections, its random numbers.

use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context as TaskContext;
use std::time::{Duration, Instant};

use fastrand::Rng;
use proto::series::{Kind, RobotState};
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::connection::Connection;
use crate::context::Context;
use crate::dial::dial;
use crate::error::Error;
use crate::link::Link;

/// One simulated player. Clones are the same robot.
#[derive(Clone)]
pub struct Robot(Rc<Inner>);

struct Inner {
    number: u64,
    /// Place in the plan's classes.
    class: usize,
    context: Rc<Context>,
    links: RefCell<Vec<Rc<Link>>>,
    rng: RefCell<Rng>,
    state: Cell<RobotState>,
    /// When it began to connect and log in.
    started: Cell<Instant>,
    retired: Cell<bool>,
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
        context.count(class, None, Some(RobotState::Starting));
        let seed = mix(context.plan.seed ^ mix(number));
        Self(Rc::new(Inner {
            number,
            class,
            context,
            links: RefCell::default(),
            rng: RefCell::new(Rng::with_seed(seed)),
            state: Cell::new(RobotState::Starting),
            started: Cell::new(Instant::now()),
            retired: Cell::new(false),
            changed: Notify::new(),
            active: Cell::new(false),
            alarm: RefCell::default(),
        }))
    }

    /// Its number: from 0, unique in the run, stable; it can name the account.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The address that the run is aimed at.
    pub fn host(&self) -> &str {
        &self.0.context.plan.host
    }

    /// A random number from the robot's own sequence, which the plan's seed and its number fix.
    pub fn random(&self, range: RangeInclusive<i64>) -> i64 {
        self.0.rng.borrow_mut().i64(range)
    }

    /// Opens a connection and keeps it under a name, in the place of one that had it. The time, handshake included, is a sample of the series
    /// (connect, name).
    ///
    /// # Errors
    /// When it can't be opened, or not within the plan's connect timeout.
    pub async fn connect(&self, name: &str, url: &str) -> Result<Connection, Error> {
        let began = Instant::now();
        let timeout = self.0.context.plan.timeouts.connect;
        let socket = match tokio::time::timeout(timeout, dial(url)).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(reason)) => Err(Error::Refused { connection: name.into(), url: url.into(), reason }),
            Err(_) => {
                let awaited = format!("connection to {url}");
                Err(Error::Timeout { connection: name.into(), awaited, after: timeout })
            }
        };
        match socket {
            Ok(socket) => {
                self.0.context.ok(Kind::Connect, name, began.elapsed());
                Ok(self.keep(Link::new(name.into(), self.0.context.clone(), socket)))
            }
            Err(error) => {
                self.0.context.failed(Kind::Connect, name, error.class(), began.elapsed(), &error);
                Err(error)
            }
        }
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

    /// Lets the tasks of all its mods begin: it is in. The time since it began to connect is a sample of the series
    /// (session, class).
    pub fn run_tasks(&self) {
        if self.0.state.get() == RobotState::Starting {
            let class = self.class_name();
            self.0.context.ok(Kind::Session, class, self.0.started.get().elapsed());
            self.enter(RobotState::Playing);
            self.0.changed.notify_waiters();
        }
    }

    /// Waits, or until the robot is to leave.
    pub async fn sleep(&self, duration: Duration) {
        if !self.is_retired() && !duration.is_zero() {
            tokio::select! {
                biased;
                () = self.retirement() => {}
                () = tokio::time::sleep(duration) => {}
            }
        }
    }

    /// Whether the robot's time is over: it finishes what it does, logs out and leaves.
    pub fn is_retired(&self) -> bool {
        self.0.retired.get()
    }

    pub(crate) fn class_name(&self) -> &str {
        self.0.context.plan.classes.list().get(self.0.class).map_or("", |class| &class.name)
    }

    pub(crate) fn context(&self) -> &Rc<Context> {
        &self.0.context
    }

    pub(crate) fn rng<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.0.rng.borrow_mut())
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.0.state.get() == RobotState::Playing
    }

    /// Begins its life anew: it has no connection and has not logged in.
    pub(crate) fn restart(&self) {
        self.0.links.borrow_mut().clear();
        self.0.started.set(Instant::now());
        if !self.is_retired() {
            self.enter(RobotState::Starting);
        }
    }

    /// Tells it that its time is over.
    pub(crate) fn retire(&self) {
        if !self.0.retired.replace(true) {
            self.enter(RobotState::Leaving);
            self.0.changed.notify_waiters();
        }
    }

    /// Waits until it is told that its time is over.
    pub(crate) async fn retirement(&self) {
        self.until(Self::is_retired).await;
    }

    /// Waits until its tasks may run, or its time is over.
    pub(crate) async fn tasks_begin(&self) {
        self.until(|robot| robot.is_playing() || robot.is_retired()).await;
    }

    async fn until(&self, reached: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.0.changed.notified();
            if reached(self) {
                return;
            }
            changed.await;
        }
    }

    /// Says goodbye on all connections.
    pub(crate) async fn close_all(&self) {
        let links = self.0.links.borrow().clone();
        for link in &links {
            link.start_closing();
        }
        for link in links {
            Connection::new(self.clone(), link).close().await;
        }
    }

    /// The first connection that was lost, with the reason.
    pub(crate) fn lost_connection(&self) -> Option<Error> {
        self.0.links.borrow().iter().find_map(|link| link.lost())
    }

    pub(crate) fn forget(&self, link: &Rc<Link>) {
        self.0.links.borrow_mut().retain(|kept| !Rc::ptr_eq(kept, link));
    }

    /// Notes that the sockets have to be looked at again before the robot rests: one is new, or is behind with writing.
    pub(crate) fn note_activity(&self) {
        self.0.active.set(true);
    }

    /// Notes that a request was made. It needs another look only if the alarm is not set yet.
    pub(crate) fn note_request(&self) {
        if self.0.alarm.borrow().is_none() {
            self.note_activity();
        }
    }

    pub(crate) fn take_activity(&self) -> bool {
        self.0.active.take()
    }

    /// Reads all connections and times out what is due. Returns whether anything happened.
    pub(crate) fn pump(&self, cx: &mut TaskContext<'_>) -> bool {
        let links = self.0.links.borrow();
        let last = links.iter().filter_map(|link| link.pump(cx)).max();
        self.expire(&links, last, cx) || last.is_some()
    }

    fn keep(&self, link: Link) -> Connection {
        let link = Rc::new(link);
        let mut links = self.0.links.borrow_mut();
        links.retain(|kept| kept.name() != link.name());
        links.push(link.clone());
        drop(links);
        self.note_activity();
        Connection::new(self.clone(), link)
    }

    fn enter(&self, state: RobotState) {
        let from = self.0.state.replace(state);
        self.0.context.count(self.0.class, Some(from), Some(state));
    }

    /// Times out what is due and keeps the alarm set for what is due next. Returns whether it rang. `last` is when
    /// something came: before its time the alarm need not be looked at then, which is nearly always.
    fn expire(&self, links: &[Rc<Link>], last: Option<Instant>, cx: &mut TaskContext<'_>) -> bool {
        let mut alarm = self.0.alarm.borrow_mut();
        if let (Some(now), Some((due, _))) = (last, &*alarm)
            && now < *due
        {
            return false;
        }
        let rang = alarm.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready());
        if rang {
            *alarm = None;
            let now = Instant::now();
            links.iter().for_each(|link| link.expire(now));
        }
        if alarm.is_none() {
            let next = links.iter().filter_map(|link| link.next_deadline()).min();
            *alarm = next.map(|due| (due, Box::pin(tokio::time::sleep_until(due.into()))));
            // Polled once to be woken by it; if it is due already, the next look at it finds out.
            if alarm.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready()) {
                cx.waker().wake_by_ref();
            }
        }
        rang
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.context.count(self.class, Some(self.state.get()), None);
    }
}

/// Spreads near numbers far apart (the finaliser of splitmix64), so that neighbours' random numbers have nothing in common.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
