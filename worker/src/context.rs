//! What all robots of one run share on one thread: the plan, the recorder, the census, the dialer, the buffers.

use std::cell::{RefCell, RefMut};
use std::fmt::Display;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use proto::plan::Plan;
use proto::report::Census;
use proto::series::{FailureClass, Kind, RobotState};

use crate::deadline::Deadline;
use crate::dial::Dialer;
use crate::dialect::Scratch;
use crate::keeper::Keeper;
use crate::kit::Kit;
use crate::orders::Orders;
use crate::pause::Pause;
use crate::post::Post;
use crate::precise::PreciseTimer;
use crate::protocol::Protocol;
use crate::recorder::{Measured, Recorder};
use crate::shared::Tables;
use crate::trace::{Seen, Watcher};

/// What all robots of one run share on one thread.
pub(crate) struct Context {
    pub(crate) plan: Arc<Plan>,
    pub(crate) protocol: Arc<Protocol>,
    pub(crate) kit: Arc<Kit>,
    /// When the run starts, on the local clock; the same moment on all workers.
    pub(crate) start: Instant,
    /// Until when robots may run.
    pub(crate) deadline: Deadline,
    pub(crate) pause: Pause,
    pub(crate) dialer: Dialer,
    pub(crate) precise: PreciseTimer,
    /// What goes to other robots, and comes from them.
    pub(crate) post: Post,
    /// What all robots of the worker share.
    pub(crate) tables: RefCell<Tables>,
    recorder: RefCell<Recorder>,
    /// One entry per class, in the plan's order.
    census: RefCell<Vec<Census>>,
    /// Where messages are encoded before they are sent; kept, so that sending allocates nothing.
    pub(crate) scratch: RefCell<Scratch>,
    watcher: Option<Rc<dyn Watcher>>,
    /// Keeps what failing robots did before, if the plan wants that.
    keeper: Option<Keeper>,
}

impl Context {
    /// # Errors
    /// What the plan wants and can't have here.
    pub(crate) fn new(orders: &Orders, watcher: Option<Rc<dyn Watcher>>) -> Result<Self, String> {
        let (plan, kit) = (orders.plan.clone(), orders.kit.clone());
        let keeper = (plan.keep_failures > 0).then(|| Keeper::new(plan.keep_failures));
        let census = plan.classes.list().iter().map(|class| Census::of(class.name.as_str())).collect();
        Ok(Self {
            pause: Pause::new(plan.paused),
            dialer: Dialer::new(&plan.network)?,
            precise: PreciseTimer::default(),
            post: Post::default(),
            tables: RefCell::default(),
            recorder: RefCell::new(Recorder::new(kit.protocol.names())),
            start: orders.start,
            deadline: orders.deadline.clone(),
            plan,
            protocol: kit.protocol.clone(),
            kit,
            census: RefCell::new(census),
            scratch: RefCell::default(),
            watcher,
            keeper,
        })
    }

    /// The recorder, for a moment.
    pub(crate) fn record(&self) -> RefMut<'_, Recorder> {
        self.recorder.borrow_mut()
    }

    /// Counts a success.
    pub(crate) fn ok(&self, kind: Kind, name: &str, took: Duration) {
        let mut recorder = self.record();
        let series = recorder.series(kind, name);
        recorder.ok(series, took);
    }

    /// Counts a failure.
    pub(crate) fn failed(
        &self,
        kind: Kind,
        name: &str,
        class: FailureClass,
        after: Duration,
        reason: &dyn Display,
    ) {
        let mut recorder = self.record();
        let series = recorder.series(kind, name);
        recorder.failed(series, class, after, reason);
    }

    /// Tells whoever looks what a robot did or met; `seen` is not made when nobody looks.
    #[inline]
    pub(crate) fn trace<'a>(&self, robot: u64, seen: impl FnOnce() -> Seen<'a>) {
        if self.watcher.is_some() || self.keeper.is_some() {
            self.show(robot, &seen());
        }
    }

    #[cold]
    fn show(&self, robot: u64, seen: &Seen<'_>) {
        self.watcher.iter().for_each(|watcher| watcher.see(robot, seen));
        self.keeper.iter().for_each(|keeper| keeper.see(robot, seen));
    }

    /// Nobody will ask for what a robot did any more.
    pub(crate) fn forget(&self, robot: u64) {
        self.keeper.iter().for_each(|keeper| keeper.forget(robot));
    }

    /// Takes out what was measured since the last time.
    pub(crate) fn harvest(&self) -> Measured {
        let kept = self.keeper.as_ref().map(Keeper::take).unwrap_or_default();
        Measured { kept, ..self.record().harvest() }
    }

    /// The robots by class and state.
    pub(crate) fn census(&self) -> Vec<Census> {
        self.census.borrow().clone()
    }

    /// Moves one robot of the class at `class` from a state to another.
    pub(crate) fn count(&self, class: usize, from: Option<RobotState>, to: Option<RobotState>) {
        if let Some(census) = self.census.borrow_mut().get_mut(class) {
            if let Some(from) = from {
                census.remove(from);
            }
            if let Some(to) = to {
                census.add(to, 1);
            }
        }
    }
}
