//! How a robot lives: one future that reads all its connections and runs its mods, so that a task sees all that has come.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use proto::series::{FailureClass, Kind};

use crate::backoff::Backoff;
use crate::error::Error;
use crate::mods::AnyMod;
use crate::robot::Robot;

/// The life of a robot: it starts, plays until it is retired, and leaves. What ends early starts again, after a while.
pub(crate) async fn live(robot: &Robot, mods: &[Box<dyn AnyMod>]) {
    let stop = robot.context().plan.timeouts.stop;
    let grace = async {
        robot.retirement().await;
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
async fn sessions(robot: &Robot, mods: &[Box<dyn AnyMod>]) {
    let mut backoff = Backoff::slow();
    while !robot.is_retired() {
        let began = Instant::now();
        // A mod that panics fails its robot and nothing else.
        let session = AssertUnwindSafe(drive(robot, session(robot, mods))).catch_unwind().await;
        let outcome = session.unwrap_or_else(|_| Ok(Err(anyhow::anyhow!("the mod panicked"))));
        let failure = outcome.map_err(anyhow::Error::from).flatten().err();
        if robot.is_playing() {
            backoff = Backoff::slow();
        }
        if let Some(failure) = failure {
            note_failure(robot, &failure, began.elapsed());
        }
        robot.restart();
        let pause = robot.rng(|rng| backoff.next(rng));
        robot.sleep(pause).await;
    }
}

fn note_failure(robot: &Robot, failure: &anyhow::Error, after: Duration) {
    let class = failure.downcast_ref::<Error>().map_or(FailureClass::Task, Error::class);
    let name = robot.class_name();
    tracing::debug!(robot = robot.number(), class = name, "session failed: {failure:#}");
    robot.context().failed(Kind::Session, name, class, after, &format_args!("{failure:#}"));
}

/// From the first connection to the last goodbye.
async fn session(robot: &Robot, mods: &[Box<dyn AnyMod>]) -> anyhow::Result<()> {
    for each in mods {
        each.start(robot).await?;
    }
    join_all(mods.iter().map(|each| each.play(robot))).await;
    for each in mods {
        each.stop(robot).await?;
    }
    robot.close_all().await;
    Ok(())
}

/// Runs a robot's flow and pumps its connections, all in one task: what has come is taken in before the flow runs on, so
/// a reply needs no channel and no second wake-up. Ends early when a playing robot loses a connection.
async fn drive<T>(robot: &Robot, flow: impl Future<Output = T>) -> Result<T, Error> {
    let mut flow = pin!(flow);
    poll_fn(|cx| {
        robot.pump(cx);
        loop {
            if let Poll::Ready(done) = flow.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            if let Some(lost) = robot.lost_connection().filter(|_| robot.is_playing()) {
                return Poll::Ready(Err(lost));
            }
            // What the flow has just opened or sent has to be watched, and may have been answered already.
            if !(robot.take_activity() && robot.pump(cx)) {
                return Poll::Pending;
            }
        }
    })
    .await
}
