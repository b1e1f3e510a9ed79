//! Makes what runs on a thread what shall run: robots are born, retired and moved by comparing, never by counting events.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use proto::class::Class;
use proto::report::Census;
use proto::series::{FailureClass, Kind};
use proto::slots::Share;
use tokio::task::JoinSet;

use crate::context::Context;
use crate::driver::live;
use crate::errand::Errand;
use crate::mods::{Casting, Maker, Registry};
use crate::orders::Orders;
use crate::recorder::Measured;
use crate::robot::Robot;
use crate::trace::Watcher;

/// Orders for an open model that come so late after the start still bear all that have arrived. Later they are those of
/// a worker that was away, whose arrivals had their time elsewhere or are lost.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The robots of one run on one thread.
pub(crate) struct Spawner {
    orders: Arc<Orders>,
    share: Share,
    context: Rc<Context>,
    /// The makers of each class's mods, in the plan's order.
    makers: Vec<Vec<Maker>>,
    /// How many of the share's robots, from its first, have been born, or had their time elsewhere.
    born: u64,
    running: BTreeMap<u64, Robot>,
    /// Retired, and not gone yet.
    leaving: BTreeSet<u64>,
    /// How many of those that leave are of slots that the orders do not give.
    strangers: usize,
    /// The newest epoch outside whose slots nobody is left.
    settled: u64,
    /// The epoch that it began with.
    began: u64,
    /// To be born as soon as their former life is over.
    waiting: BTreeSet<u64>,
    /// Ended by themselves, and not to be born again.
    gone: BTreeSet<u64>,
    lives: JoinSet<u64>,
}

impl Spawner {
    /// A spawner with nothing running yet.
    ///
    /// # Errors
    /// What the plan wants and can't have here.
    pub(crate) fn new(
        orders: Arc<Orders>,
        registry: &Registry,
        watcher: Option<Rc<dyn Watcher>>,
    ) -> Result<Self, String> {
        let classes = orders.plan.classes.list().iter();
        let (share, elapsed) = (Share::of(&orders.slots), orders.elapsed(Instant::now()));
        let makers = classes.map(|class| makers(&orders, class, registry)).collect::<Result<_, _>>()?;
        Ok(Self {
            born: if elapsed > CATCH_UP { passed(&orders, &share, elapsed) } else { 0 },
            share,
            context: Rc::new(Context::new(&orders, watcher)?),
            strangers: 0,
            settled: orders.epoch,
            began: orders.epoch,
            orders,
            makers,
            running: BTreeMap::new(),
            leaving: BTreeSet::new(),
            waiting: BTreeSet::new(),
            gone: BTreeSet::new(),
            lives: JoinSet::new(),
        })
    }

    pub(crate) fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Takes over newer orders of the same run.
    pub(crate) fn take(&mut self, orders: Arc<Orders>, now: Instant) {
        if self.is_open() {
            // Who has arrived by now belongs to the old share: in the new one it would live a second time.
            self.bear_up_to(self.share.below(self.wanted(now)));
        }
        self.share = Share::of(&orders.slots);
        self.orders = orders;
        self.pause_or_resume(now);
        let wanted = self.wanted(now);
        let gone: Vec<_> =
            self.running.keys().copied().filter(|robot| !self.is_wanted(*robot, wanted)).collect();
        gone.into_iter().for_each(|robot| self.retire(robot));
        self.waiting.clear();
        // The places have new numbers. In a closed model those that run already are passed over.
        self.born = passed(&self.orders, &self.share, self.orders.elapsed(now));
        self.strangers = self.leaving.iter().filter(|robot| !self.orders.slots.owns(**robot)).count();
        self.settle();
        self.reconcile(now);
    }

    /// Tells a command to those of its robots that play and that it is for. It is for nobody of orders that came before this
    /// spawner's first: they are gone.
    pub(crate) fn tell(&self, errand: &Arc<Errand>) {
        if errand.run != self.orders.run || errand.epoch < self.began {
            return;
        }
        if !errand.is_known {
            let none = "no mod of the plan has a handler for it";
            return self.context.failed(
                Kind::Task,
                &errand.task(),
                FailureClass::Task,
                Duration::ZERO,
                &none,
            );
        }
        let seed = self.orders.plan.seed;
        let meant = self.running.values().filter(|robot| robot.is_playing() && !robot.is_retired());
        let meant = meant.filter(|robot| errand.is_for(robot.number(), seed));
        meant.for_each(|robot| robot.tell(errand.clone()));
    }

    fn pause_or_resume(&self, now: Instant) {
        if self.context.pause.set(self.orders.plan.paused, now) {
            self.running.values().for_each(Robot::wake);
        }
    }

    /// The newest epoch outside whose slots none of its robots is left, leaving ones included.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    fn settle(&mut self) {
        if self.strangers == 0 {
            self.settled = self.orders.epoch;
        }
    }

    /// Bears and retires what is due.
    pub(crate) fn reconcile(&mut self, now: Instant) {
        let target = self.share.below(self.wanted(now));
        self.bear_up_to(target);
        if self.is_open() {
            if target < self.born {
                // The end. Nobody is asked one by one: most of those that arrived are long gone.
                self.retire_all();
                self.born = target;
            }
            return;
        }
        while self.born > target {
            self.born -= 1;
            if let Some(robot) = self.share.robot(self.born) {
                self.waiting.remove(&robot);
                self.retire(robot);
            }
        }
    }

    fn bear_up_to(&mut self, target: u64) {
        while self.born < target {
            let robot = self.share.robot(self.born);
            self.born += 1;
            robot.into_iter().for_each(|robot| self.bear(robot));
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
    fn retire_all(&mut self) {
        self.waiting.clear();
        let running: Vec<_> = self.running.keys().copied().collect();
        running.into_iter().for_each(|robot| self.retire(robot));
    }

    /// Drops all robots as they are: their connections break, nobody says goodbye.
    pub(crate) async fn drop_all(&mut self) {
        self.lives.shutdown().await;
    }

    /// Waits until a robot has left. Never returns while none is there.
    pub(crate) async fn departure(&mut self) {
        match self.lives.join_next().await {
            Some(Ok(robot)) => self.note_departure(robot),
            Some(Err(e)) if e.is_cancelled() => {}
            // A life catches its mods' panics; what still fails here has no number, and was counted by its drop.
            Some(Err(e)) => tracing::error!("a robot ended abnormally: {e}"),
            None => std::future::pending().await,
        }
    }

    /// Whether no robot is left and none will come.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        let ended = self.orders.leave || self.orders.elapsed(now) >= self.orders.plan.profile.end();
        self.lives.is_empty() && ended
    }

    pub(crate) fn census(&self) -> Vec<Census> {
        self.context.census()
    }

    /// Takes out what was measured since the last time.
    pub(crate) fn harvest(&self) -> Measured {
        self.context.harvest()
    }

    pub(crate) fn context(&self) -> &Rc<Context> {
        &self.context
    }

    /// Robots that the plan wants now, over all workers.
    fn wanted(&self, now: Instant) -> u64 {
        if self.orders.has_started(now) && !self.orders.leave {
            self.orders.plan.profile.alive(self.orders.elapsed(now))
        } else {
            0
        }
    }

    fn is_open(&self) -> bool {
        self.orders.plan.profile.is_open()
    }

    fn is_wanted(&self, robot: u64, wanted: u64) -> bool {
        robot < wanted && self.orders.slots.owns(robot)
    }

    fn bear(&mut self, number: u64) {
        if self.running.contains_key(&number) || self.gone.contains(&number) {
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
        if self.leaving.remove(&number) && !self.orders.slots.owns(number) {
            self.strangers = self.strangers.saturating_sub(1);
            self.settle();
        }
        // Nobody retired it: it ended by itself, and its life would have begun anew if it should.
        if self.running.remove(&number).is_some() && !self.is_open() {
            self.gone.insert(number);
        }
        if self.waiting.remove(&number) {
            self.bear(number);
        }
    }
}

/// What makes the mods of a class: those of the bundle, or else those that are compiled in.
fn makers(orders: &Orders, class: &Class, registry: &Registry) -> Result<Vec<Maker>, String> {
    let casting = Casting { plan: &orders.plan, class, protocol: &orders.kit.protocol };
    let (scripts, protocol) = (&orders.kit.scripts, &orders.kit.protocol);
    let maker = |name: &String| {
        let maker = scripts.maker(name, &casting, protocol).or_else(|| registry.maker(name, &casting));
        maker.ok_or_else(|| format!("there is no mod `{name}`"))
    };
    class.mods.iter().map(maker).collect()
}

/// How many of a share's robots had their time before `elapsed` and are not to be born any more: none in a closed model,
/// where whoever is wanted lives.
fn passed(orders: &Orders, share: &Share, elapsed: Duration) -> u64 {
    share.below(orders.plan.profile.arrived(elapsed))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proto::arrivals::Arrivals;
    use proto::class::{Class, Classes, Share as Part};
    use proto::message::Bundle;
    use proto::plan::Plan;
    use proto::profile::Profile;
    use proto::slots::SlotSet;
    use tokio::task::LocalSet;
    use uuid::Uuid;

    use super::*;
    use crate::deadline::Deadline;
    use crate::kit::Loaded;
    use crate::tasks::Tasks;
    use crate::wait::Wait;

    /// Says that it plays, and stays.
    #[derive(Default)]
    struct Idle;

    impl crate::mods::Mod for Idle {
        async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
            robot.run_tasks();
            Ok(())
        }

        fn tasks() -> Tasks<Self> {
            Tasks::new(Wait::none())
        }
    }

    /// Orders for an open model with an arrival every 100 ms, for 10 s.
    fn orders(slots: SlotSet, start: Instant) -> Arc<Orders> {
        let class = Class::new("all", Part::Weight(NonZeroU32::MIN), vec!["idle".into()]);
        let profile = Profile::arrivals(10.0, Arrivals::Constant, Duration::from_secs(10), 0).unwrap();
        let plan = Plan::new(profile, Classes::new(vec![class]).unwrap(), "ws://127.0.0.1:1");
        let registry = Registry::default().with("idle", Idle::default);
        let loaded = Loaded::new(Bundle::new(Vec::new()).into()).unwrap();
        let kit = Arc::new(loaded.kit(&plan, &registry).unwrap());
        let (run, plan, deadline) = (Uuid::nil(), Arc::new(plan), Deadline::never());
        Arc::new(Orders { run, epoch: 1, plan, kit, slots, start, deadline, leave: false })
    }

    fn spawner(orders: Arc<Orders>) -> Spawner {
        Spawner::new(orders, &Registry::default().with("idle", Idle::default), None).unwrap()
    }

    #[tokio::test]
    async fn in_an_open_model_each_robot_is_born_once_and_all_leave_at_the_end() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let (even, odd) = ((0..10_000).step_by(2), (1..10_000).step_by(2));
        let running = |spawner: &Spawner| spawner.running.keys().copied().collect::<Vec<_>>();
        let work = async {
            let mut spawner = spawner(orders(even.collect(), start));
            spawner.reconcile(at(0.55));
            assert_eq!(running(&spawner), [0, 2, 4]);
            assert_eq!(spawner.next_change(at(0.55)), Some(Duration::from_millis(700)));
            spawner.note_departure(2);
            // The other half comes too: its robots had their time elsewhere, those of before are not born again.
            spawner.take(orders(SlotSet::all(), start), at(0.75));
            assert_eq!(running(&spawner), [0, 4, 6]);
            spawner.reconcile(at(0.95));
            assert_eq!(running(&spawner), [0, 4, 6, 7, 8]);
            spawner.take(orders(odd.collect(), start), at(0.95));
            assert_eq!(running(&spawner), [7]);
            spawner.reconcile(at(10.0));
            assert_eq!(running(&spawner), [0; 0]);
            assert_eq!(spawner.next_change(at(10.0)), None);
        };
        LocalSet::new().run_until(work).await;
    }

    #[tokio::test]
    async fn a_worker_that_comes_late_to_an_open_model_does_not_begin_from_the_first_arrival() {
        let ago = |seconds: f64| Instant::now() - Duration::from_secs_f64(seconds);
        LocalSet::new()
            .run_until(async {
                let mut prompt = spawner(orders(SlotSet::all(), ago(0.55)));
                prompt.reconcile(Instant::now());
                assert!(prompt.running.contains_key(&0));
                let mut late = spawner(orders(SlotSet::all(), ago(5.0)));
                late.reconcile(Instant::now());
                assert!(late.running.keys().all(|robot| *robot >= 50));
            })
            .await;
    }
}
