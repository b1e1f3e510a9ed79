//! Mods: one feature of the game each, as robots play it. A mod is a type; its values are what one robot keeps of it.

mod role;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use futures_util::future::LocalBoxFuture;
use proto::plan::Plan;
use proto::series::{FailureClass, Kind};

use crate::robot::Robot;
use crate::tasks::{Step, TaskResult, Tasks};
pub use role::Role;

/// One feature of the game, as one robot plays it.
///
/// All calls of one robot come from one thread, one at a time, but between two awaits of a task others of the same
/// robot may run: keep state in `Cell` or `RefCell`.
#[allow(async_fn_in_trait, reason = "a robot never leaves its thread, so no future has to be Send")]
pub trait Mod: Sized + 'static {
    /// Connects and logs in, then calls [`Robot::run_tasks`]. An error ends the session; the robot tries again later.
    async fn start(&self, robot: &Robot) -> anyhow::Result<()>;

    /// What robots do once they are in. The same for all of them, so it is asked once a thread.
    fn tasks() -> Tasks<Self>;

    /// Logs out. Connections are closed after it.
    async fn stop(&self, _robot: &Robot) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A mod whose type is not known: what a robot holds.
pub(crate) trait AnyMod {
    fn start<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>>;
    /// Runs tasks until the robot retires.
    fn play<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, ()>;
    fn stop<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>>;
}

/// One robot's part of a mod, beside what all robots of the thread share of it.
struct Played<M> {
    state: M,
    tasks: Rc<Tasks<M>>,
}

impl<M: Mod> AnyMod for Played<M> {
    fn start<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>> {
        Box::pin(self.state.start(robot))
    }

    fn play<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, ()> {
        Box::pin(play(&self.state, &self.tasks, robot))
    }

    fn stop<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>> {
        Box::pin(self.state.stop(robot))
    }
}

async fn play<M: Mod>(state: &M, tasks: &Tasks<M>, robot: &Robot) {
    robot.tasks_begin().await;
    while !robot.is_retired() {
        let Some(choice) = tasks.choose(|below| robot.rng(|rng| rng.u64(..below))) else {
            robot.retirement().await; // nothing to do here
            return;
        };
        for step in &choice.steps {
            run(state, step, robot).await;
            // Lets others run now and then, should a task neither wait nor send.
            tokio::task::coop::consume_budget().await;
            robot.sleep(robot.rng(|rng| tasks.wait().draw(rng))).await;
            if robot.is_retired() {
                return;
            }
        }
    }
}

/// Runs one step and counts it.
async fn run<M: Mod>(state: &M, step: &Step<M>, robot: &Robot) {
    let began = Instant::now();
    let result: TaskResult = (step.code)(state, robot).await;
    let took = began.elapsed();
    match result {
        Ok(()) => robot.context().ok(Kind::Task, step.name, took),
        Err(e) => {
            tracing::debug!(robot = robot.number(), task = step.name, "task failed: {e:#}");
            robot.context().failed(Kind::Task, step.name, FailureClass::Task, took, &format_args!("{e:#}"));
        }
    }
}

/// Makes a mod's part of one more robot; lives on one thread.
pub(crate) type Maker = Box<dyn Fn() -> Box<dyn AnyMod>>;

/// The mods that a worker has, by name.
#[derive(Default)]
pub struct Registry {
    makers: BTreeMap<String, Box<dyn Fn() -> Maker + Send + Sync>>,
}

impl Registry {
    /// The mods that ship.
    pub fn shipped() -> Self {
        Self::default().with("role", Role::default)
    }

    /// Adds a mod under a name; `make` gives a new robot its part.
    #[must_use]
    pub fn with<M: Mod>(mut self, name: &str, make: impl Fn() -> M + Clone + Send + Sync + 'static) -> Self {
        let maker = move || -> Maker {
            let (make, tasks) = (make.clone(), Rc::new(M::tasks()));
            Box::new(move || Box::new(Played { state: make(), tasks: tasks.clone() }))
        };
        self.makers.insert(name.to_owned(), Box::new(maker));
        self
    }

    /// What a plan wants and this registry does not have; one sentence each.
    pub(crate) fn faults(&self, plan: &Plan) -> Vec<String> {
        let has: Vec<_> = self.makers.keys().map(String::as_str).collect();
        let wanted = plan.classes.list().iter().flat_map(|class| &class.mods);
        let missing = wanted.filter(|name| !self.makers.contains_key(*name));
        missing.map(|name| format!("this worker has no mod `{name}`; it has: {}", has.join(", "))).collect()
    }

    /// The makers of some mods, for one thread; the error is the first name that it does not have.
    pub(crate) fn makers(&self, names: &[String]) -> Result<Vec<Maker>, String> {
        let maker = |name: &String| self.makers.get(name).map(|make| make()).ok_or_else(|| name.clone());
        names.iter().map(maker).collect()
    }
}
