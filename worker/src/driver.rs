//! How a robot lives: one future that reads all its connections and runs its mods, so that a task sees all that has come.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};
use proto::ending::OnEnd;
use proto::reconnect::Reconnect;
use proto::series::{FailureClass, Kind};
use proto::talk::counted_as;

use crate::backoff::Backoff;
use crate::errand::MOST_ERRANDS;
use crate::error::Error;
use crate::mods::AnyMod;
use crate::played::run;
use crate::push::Push;
use crate::robot::Robot;
use crate::trace::Seen;

/// The mods of one robot.
pub(crate) type Mods = [Box<dyn AnyMod>];

/// The life of a robot: it starts, plays until it is retired, and leaves. What ends early begins again if the plan says so.
/// Once the worker's lease is over it does nothing more, wherever it is: whoever drops this drops what it has.
pub(crate) async fn live(robot: &Robot, mods: &Mods) {
    let _cleared = Cleared(robot);
    let mut life = pin!(until_it_left(robot, mods));
    let deadline = &robot.context().deadline;
    poll_fn(|cx| if deadline.is_over() { Poll::Ready(()) } else { life.as_mut().poll(cx) }).await;
}

/// Clears a robot when its life ends, in whatever way.
struct Cleared<'a>(&'a Robot);

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

async fn until_it_left(robot: &Robot, mods: &Mods) {
    let stop = robot.context().plan.timeouts.stop;
    let grace = async {
        robot.dismissal().await;
        tokio::time::sleep(stop).await;
    };
    tokio::select! {
        biased;
        () = sessions(robot, mods) => {}
        () = grace => {
            let reason = format_args!("did not leave within {stop:?}: dropped");
            robot.context().failed(Kind::Session, robot.class_name(), FailureClass::Timeout, stop, &reason);
        }
    }
}

/// One session after the other, with growing pauses while they fail.
async fn sessions(robot: &Robot, mods: &Mods) {
    let plan = &robot.context().plan;
    let mut backoff = Backoff::of(plan.reconnect);
    while !robot.is_dismissed() {
        robot.begin();
        // A mod that panics fails its robot and nothing else.
        let session = AssertUnwindSafe(drive(robot, mods, session(robot, mods))).catch_unwind().await;
        let outcome = session.unwrap_or_else(|_| Ok(Err(anyhow::anyhow!("the mod panicked"))));
        let failure = outcome.flatten().err();
        if robot.is_playing() {
            backoff = Backoff::of(plan.reconnect);
        }
        let took = robot.session_time();
        match &failure {
            Some(failure) => note_failure(robot, failure, took),
            None => robot.context().ok(Kind::Session, robot.class_name(), took),
        }
        let ended = failure.is_none() || plan.reconnect == Reconnect::Off;
        if plan.profile.is_open() || (ended && plan.on_end == OnEnd::Leave) {
            return;
        }
        robot.restart();
        let pause = robot.rng(|rng| backoff.next(rng));
        robot.sleep(pause).await;
    }
}

fn note_failure(robot: &Robot, failure: &anyhow::Error, after: Duration) {
    let class = failure.downcast_ref::<Error>().map_or(FailureClass::Task, Error::class);
    let (name, told) = (robot.class_name(), format!("{failure:#}"));
    tracing::debug!(robot = robot.number(), class = name, "session failed: {told}");
    robot.context().trace(robot.number(), || Seen::Failed(&told));
    if !robot.has_played() {
        robot.context().failed(Kind::Login, name, class, after, &told);
    }
    robot.context().failed(Kind::Session, name, class, after, &told);
}

/// From the first connection to the last goodbye.
async fn session(robot: &Robot, mods: &Mods) -> anyhow::Result<()> {
    for each in mods {
        each.start(robot).await?;
    }
    robot.ready();
    join_all(mods.iter().map(|each| each.play(robot))).await;
    for each in mods {
        each.stop(robot).await?;
    }
    robot.close_all().await;
    Ok(())
}

/// Runs a robot's flow and pumps its connections, all in one task: what has come is taken in before the flow runs on, so
/// a reply needs no channel and no second wake-up. Ends early when a playing robot loses a connection and no mod resumes.
async fn drive<T>(robot: &Robot, mods: &Mods, flow: impl Future<Output = T>) -> anyhow::Result<T> {
    let mut flow = pin!(flow);
    let mut resumption: Option<LocalBoxFuture<'_, anyhow::Result<()>>> = None;
    let mut errands: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
    poll_fn(|cx| {
        robot.pump(cx);
        loop {
            deliver(robot, mods);
            if let Poll::Ready(done) = flow.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            robot.poll_spawned(cx);
            obey(robot, mods, &mut errands);
            errands.retain_mut(|errand| errand.as_mut().poll(cx).is_pending());
            if resumption.is_none() && robot.is_playing() {
                let lost = robot.take_lost();
                resumption = lost.map(|(link, error)| -> LocalBoxFuture<'_, _> {
                    Box::pin(async move { resume(robot, mods, link.name(), error).await })
                });
            }
            match resumption.as_mut().map(|resumption| resumption.as_mut().poll(cx)) {
                Some(Poll::Ready(Ok(()))) => resumption = None,
                Some(Poll::Ready(Err(lost))) => return Poll::Ready(Err(lost)),
                Some(Poll::Pending) | None => {}
            }
            // What the flow has just opened or sent has to be watched, and may have been answered already.
            if !(robot.take_activity() && robot.pump(cx)) {
                robot.ears().wake(cx.waker());
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Begins what the robot was told to do, as far as its mods know it.
fn obey<'a>(robot: &'a Robot, mods: &'a Mods, going_on: &mut Vec<LocalBoxFuture<'a, ()>>) {
    for errand in robot.take_errands() {
        for work in mods.iter().filter_map(|each| each.obey(robot, &errand)) {
            let task = errand.task();
            if going_on.len() < MOST_ERRANDS {
                going_on.push(Box::pin(async move { _ = run(&task, None, work, robot).await }));
            } else {
                let full = format_args!("{MOST_ERRANDS} commands go on already");
                robot.context().failed(Kind::Task, &task, FailureClass::Task, Duration::ZERO, &full);
            }
        }
    }
}

/// Lets the mods take up a session whose connection was lost. The error says why it is over.
async fn resume(robot: &Robot, mods: &Mods, connection: &str, lost: Error) -> anyhow::Result<()> {
    if robot.context().plan.reconnect != Reconnect::Off {
        for each in mods {
            if each.resume(robot, connection).await? {
                return Ok(());
            }
        }
    }
    Err(lost.into())
}

/// Hands what came unasked to the mods, before any task runs on.
fn deliver(robot: &Robot, mods: &Mods) {
    for push in robot.take_pushes() {
        let handled = mods.iter().find_map(|each| each.handle(robot, &push));
        count(robot, &push, handled);
    }
    while let Some(heard) = robot.ears().take() {
        let handled = mods.iter().filter_map(|each| each.hear(robot, &heard));
        for fault in handled.filter_map(Result::err) {
            let (name, reason) = (counted_as(&heard.topic), format!("handler of {}: {fault:#}", heard.topic));
            robot.context().failed(Kind::Wait, name, FailureClass::Task, Duration::ZERO, &reason);
        }
    }
}

/// Counts a message that came unasked, with its time on the way if a mod says so.
fn count(robot: &Robot, push: &Push, handled: Option<anyhow::Result<Option<Duration>>>) {
    let context = robot.context();
    let def = context.protocol.message(push.message);
    let mut recorder = context.record();
    let series = recorder.series(Kind::Push, &def.name);
    recorder.bytes(series, 0, push.body.len());
    let mut failed = |class, reason: &dyn std::fmt::Display| {
        recorder.failed(series, class, Duration::ZERO, reason);
    };
    match handled {
        Some(Ok(latency)) => recorder.ok(series, latency.unwrap_or_default()),
        Some(Err(e)) if e.is::<sproto::Error>() => {
            failed(FailureClass::Decode, &format_args!("{}: {e:#}", push.link.name()));
        }
        Some(Err(e)) => failed(FailureClass::Task, &format_args!("handler of {}: {e:#}", def.name)),
        None if def.is_reply && push.responder.is_none() => {
            let reason = format_args!("{}: nobody waits for this reply: a second one?", push.link.name());
            failed(FailureClass::Protocol, &reason);
        }
        None => recorder.ok(series, Duration::ZERO),
    }
}
