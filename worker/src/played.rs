//! One robot's part of a mod written in Rust, and how its tasks run: chosen by weight, kept to a schedule, counted.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use futures_util::future::{LocalBoxFuture, join_all};
use proto::series::{FailureClass, Kind};
use rustc_hash::FxHashMap;

use crate::ears::Heard;
use crate::errand::Errand;
use crate::error::Error;
use crate::handlers::{Commands, Listeners};
use crate::mods::{AnyMod, Mod};
use crate::protocol::MessageId;
use crate::push::Push;
use crate::robot::{Robot, Waited};
use crate::schedule::Schedule;
use crate::tasks::{Background, Step, Tasks, Work, choose};
use crate::trace::Seen;

type Handler<M> = Rc<dyn Fn(&M, &Robot, &Push) -> anyhow::Result<Option<Duration>>>;

/// What all robots of a class share of a mod, on one thread.
pub(crate) struct Shared<M> {
    pub(crate) tasks: Tasks<M>,
    pub(crate) handlers: FxHashMap<MessageId, Handler<M>>,
    pub(crate) listeners: Listeners<M>,
    pub(crate) commands: Commands<M>,
}

/// One robot's part of a mod.
pub(crate) struct Played<M> {
    state: M,
    shared: Rc<Shared<M>>,
}

impl<M: Mod> Played<M> {
    pub(crate) fn new(state: M, shared: Rc<Shared<M>>) -> Self {
        Self { state, shared }
    }
}

impl<M: Mod> AnyMod for Played<M> {
    fn start<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>> {
        Box::pin(self.state.start(robot))
    }

    fn play<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, ()> {
        Box::pin(play(&self.state, &self.shared.tasks, robot))
    }

    fn handle(&self, robot: &Robot, push: &Push) -> Option<anyhow::Result<Option<Duration>>> {
        let handler = self.shared.handlers.get(&push.message)?;
        Some(handler(&self.state, robot, push))
    }

    fn hear(&self, robot: &Robot, heard: &Heard) -> Option<anyhow::Result<()>> {
        self.shared.listeners.handle(&self.state, robot, &heard.topic, &heard.value)
    }

    fn obey<'a>(
        &'a self,
        robot: &'a Robot,
        errand: &Arc<Errand>,
    ) -> Option<LocalBoxFuture<'a, anyhow::Result<()>>> {
        self.shared.commands.obey(&self.state, robot, errand)
    }

    fn resume<'a>(
        &'a self,
        robot: &'a Robot,
        connection: &'a str,
    ) -> LocalBoxFuture<'a, anyhow::Result<bool>> {
        Box::pin(self.state.resume(robot, connection))
    }

    fn stop<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>> {
        Box::pin(self.state.stop(robot))
    }
}

/// Runs a mod's tasks until the robot retires, be they written in Rust or in Lua.
pub(crate) async fn play<M: 'static>(state: &M, tasks: &Tasks<M>, robot: &Robot) {
    robot.tasks_begin().await;
    if tasks.in_background().is_empty() {
        return foreground(state, tasks, robot).await;
    }
    let beside = join_all(tasks.in_background().iter().map(|one| background(state, one, robot)));
    tokio::join!(foreground(state, tasks, robot), beside);
}

/// Takes one task by weight after the other.
async fn foreground<M: 'static>(state: &M, tasks: &Tasks<M>, robot: &Robot) {
    let mut schedule = Schedule::new(tasks.wait, robot);
    while !robot.is_retired() {
        let Some(step) = tasks.choose(|below| robot.rng(|rng| rng.u64(..below))) else {
            robot.retirement().await; // nothing to do here
            return;
        };
        perform(state, step, &mut schedule, robot).await;
    }
}

/// Waits and does the same again.
async fn background<M: 'static>(state: &M, one: &Background<M>, robot: &Robot) {
    let mut schedule = Schedule::through_pauses(one.wait, robot);
    schedule.rest(robot).await;
    while !robot.is_retired() {
        perform(state, &one.step, &mut schedule, robot).await;
    }
}

/// Does all pieces of a step, each in its time.
async fn perform<M>(state: &M, step: &Step<M>, schedule: &mut Schedule, robot: &Robot) {
    if let Work::Code(_) = &step.work {
        return one_piece(state, step, schedule, robot).await;
    }
    let mut left = vec![step];
    while let Some(step) = left.pop()
        && !robot.is_retired()
    {
        match &step.work {
            Work::Code(_) => one_piece(state, step, schedule, robot).await,
            Work::Sequence(steps) => left.extend(steps.iter().rev()),
            Work::Choice(steps) => left.extend(choose(steps, |below| robot.rng(|rng| rng.u64(..below)))),
        }
    }
}

/// Runs one piece of work when it is due, and rests.
async fn one_piece<M>(state: &M, step: &Step<M>, schedule: &mut Schedule, robot: &Robot) {
    let lateness = schedule.turn(robot).await;
    if robot.is_retired() {
        return;
    }
    let Work::Code(code) = &step.work else { return };
    let waited = run(&step.name, lateness, code(state, robot), robot).await;
    schedule.excuse(waited);
    // Lets others run now and then, should a task neither wait nor send.
    tokio::task::coop::consume_budget().await;
    schedule.rest(robot).await;
}

/// Runs a task's code and counts it. Returns how long it waited for other robots: that is in none of its times, and a
/// schedule has to be excused for it. A task that ended because the robot leaves while it waits for others did not fail.
pub(crate) async fn run(
    name: &str,
    lateness: Option<Duration>,
    code: impl Future<Output = anyhow::Result<()>>,
    robot: &Robot,
) -> Waited {
    let context = robot.context();
    context.trace(robot.number(), || Seen::TaskBegins { name });
    let began = Instant::now();
    let (result, waited) = match lateness {
        Some(_) => robot.apart(robot.late(lateness, code)).await,
        None => robot.apart(code).await,
    };
    let elapsed = began.elapsed();
    // It may have waited for several at a time.
    let took = elapsed.saturating_sub(waited.all);
    let faulty = result.as_ref().err().filter(|e| !leaves(e));
    let fault = faulty.map(|e| format!("{e:#}"));
    context.trace(robot.number(), || Seen::TaskOver { name, took, fault: fault.as_deref() });
    let mut recorder = context.record();
    let series = recorder.series(Kind::Task, name);
    match fault {
        None => recorder.ok(series, took),
        Some(fault) => {
            tracing::debug!(robot = robot.number(), task = name, "task failed: {fault}");
            recorder.failed(series, FailureClass::Task, took, &fault);
        }
    }
    if let Some(lateness) = lateness {
        recorder.response(series, took + lateness);
    }
    Waited { all: elapsed - took, ..waited }
}

/// Whether a task ended because the robot leaves.
fn leaves(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<Error>(), Some(Error::Leaving { .. }))
}
