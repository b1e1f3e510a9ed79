//! Makes what runs on a thread what shall run: robots are born, retired and moved by comparing, never by counting events.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::report::Census;
use proto::slots::Share;
use tokio::task::JoinSet;

use crate::context::Context;
use crate::driver::live;
use crate::mods::{Maker, Registry};
use crate::orders::Orders;
use crate::recorder::Measured;
use crate::robot::Robot;

/// The robots of one run on one thread.
pub(crate) struct Spawner {
    orders: Arc<Orders>,
    share: Share,
    context: Rc<Context>,
    /// The makers of each class's mods, in the plan's order.
    makers: Vec<Vec<Maker>>,
    /// How many of the share's robots, from its first, have been born.
    born: u64,
    running: BTreeMap<u64, Robot>,
    /// Retired, and not gone yet.
    leaving: BTreeSet<u64>,
    /// To be born as soon as their former life is over.
    waiting: BTreeSet<u64>,
    lives: JoinSet<u64>,
}

impl Spawner {
    /// A spawner with nothing running yet.
    ///
    /// # Errors
    /// The name of a mod that the plan wants and the registry does not have.
    pub(crate) fn new(orders: Arc<Orders>, registry: &Registry) -> Result<Self, String> {
        let classes = orders.plan.classes.list();
        let makers = classes.iter().map(|class| registry.makers(&class.mods)).collect::<Result<_, _>>()?;
        Ok(Self {
            share: Share::of(&orders.slots),
            context: Rc::new(Context::new(orders.plan.clone(), orders.protocol.clone())),
            orders,
            makers,
            born: 0,
            running: BTreeMap::new(),
            leaving: BTreeSet::new(),
            waiting: BTreeSet::new(),
            lives: JoinSet::new(),
        })
    }

    pub(crate) fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Takes over newer orders of the same run.
    pub(crate) fn take(&mut self, orders: Arc<Orders>, now: Instant) {
        self.share = Share::of(&orders.slots);
        self.orders = orders;
        let wanted = self.wanted(now);
        let gone: Vec<_> =
            self.running.keys().copied().filter(|robot| !self.is_wanted(*robot, wanted)).collect();
        gone.into_iter().for_each(|robot| self.retire(robot));
        self.waiting.clear();
        self.born = 0; // the places have new numbers; those that run already are passed over
        self.reconcile(now);
    }

    /// Bears and retires what is due.
    pub(crate) fn reconcile(&mut self, now: Instant) {
        let target = self.share.below(self.wanted(now));
        while self.born < target {
            let robot = self.share.robot(self.born);
            self.born += 1;
            robot.into_iter().for_each(|robot| self.bear(robot));
        }
        while self.born > target {
            self.born -= 1;
            if let Some(robot) = self.share.robot(self.born) {
                self.waiting.remove(&robot);
                self.retire(robot);
            }
        }
    }

    /// When [`Spawner::reconcile`] has something to do next, as a time into the run; none if never.
    pub(crate) fn next_change(&self, now: Instant) -> Option<Duration> {
        let profile = &self.orders.plan.profile;
        let now = self.orders.elapsed(now);
        let birth = self.share.robot(self.born).and_then(|robot| profile.next_birth(robot, now));
        let last = self.born.checked_sub(1).and_then(|place| self.share.robot(place));
        let retirement = last.map(|robot| profile.next_retirement(robot, now));
        birth.into_iter().chain(retirement).min()
    }

    /// Retires all robots, whatever the plan says.
    pub(crate) fn retire_all(&mut self) {
        self.waiting.clear();
        let running: Vec<_> = self.running.keys().copied().collect();
        running.into_iter().for_each(|robot| self.retire(robot));
    }

    /// Waits until a robot has left. Never returns while none is there.
    pub(crate) async fn departure(&mut self) {
        match self.lives.join_next().await {
            Some(Ok(robot)) => self.note_departure(robot),
            // A life catches its mods' panics; what still fails here has no number, and was counted by its drop.
            Some(Err(e)) => tracing::error!("a robot ended abnormally: {e}"),
            None => std::future::pending().await,
        }
    }

    /// Whether no robot is left and none will come.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.lives.is_empty() && self.orders.elapsed(now) >= self.orders.plan.profile.end()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lives.is_empty()
    }

    pub(crate) fn census(&self) -> Vec<Census> {
        self.context.census()
    }

    /// Takes out what was measured since the last time.
    pub(crate) fn harvest(&self) -> Measured {
        self.context.record().harvest()
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Robots that the plan wants now, over all workers.
    fn wanted(&self, now: Instant) -> u64 {
        if self.orders.has_started(now) {
            self.orders.plan.profile.alive(self.orders.elapsed(now))
        } else {
            0
        }
    }

    fn is_wanted(&self, robot: u64, wanted: u64) -> bool {
        robot < wanted && self.orders.slots.owns(robot)
    }

    fn bear(&mut self, number: u64) {
        if self.running.contains_key(&number) {
            return;
        }
        if self.leaving.contains(&number) {
            self.waiting.insert(number);
            return;
        }
        let robot = Robot::new(number, self.context.clone());
        let class = self.orders.plan.classes.index_of(number).and_then(|class| self.makers.get(class));
        let mods: Vec<_> = class.into_iter().flatten().map(|make| make()).collect();
        self.running.insert(number, robot.clone());
        self.lives.spawn_local(async move {
            live(&robot, &mods).await;
            number
        });
    }

    fn retire(&mut self, number: u64) {
        if let Some(robot) = self.running.remove(&number) {
            robot.retire();
            self.leaving.insert(number);
        }
    }

    fn note_departure(&mut self, number: u64) {
        self.leaving.remove(&number);
        if self.waiting.remove(&number) {
            self.bear(number);
        }
    }
}
