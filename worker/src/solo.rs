//! Robots without a master: one process runs the whole plan. For benches, tests, and people who write mods.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use proto::message::Bundle;
use proto::plan::Plan;
use proto::report::Report;
use proto::slots::SlotSet;
use uuid::Uuid;

use crate::deadline::Deadline;
use crate::engine::{Engine, Threads};
use crate::kit::Loaded;
use crate::local::LocalHub;
use crate::mods::Registry;
use crate::orders::Orders;
use crate::reporter::{Reporter, RunClock};
use crate::thread::{Harvest, Watchers};

/// Why a plan could not be run.
#[derive(Debug, thiserror::Error)]
pub enum SoloError {
    /// The system gives no thread.
    #[error("no robot threads: {0}")]
    Threads(#[from] std::io::Error),
    /// The bundle's files are wrong, or the plan wants what nobody has.
    #[error("{}", .0.join("\n"))]
    Faults(Vec<String>),
}

/// Runs a whole plan on `threads` threads of this process. Each second's report goes to `take`; the call returns after the last.
///
/// # Errors
/// When the system gives no thread, a file of the bundle is wrong, or a mod is not there.
pub async fn play(
    plan: Plan,
    bundle: Bundle,
    registry: Registry,
    threads: usize,
    take: impl FnMut(Report),
) -> Result<(), SoloError> {
    let stage = Stage { threads, watchers: None };
    perform(plan, bundle, Arc::new(registry), stage, std::future::pending(), take).await
}

/// Where a plan is run.
pub(crate) struct Stage {
    pub(crate) threads: usize,
    pub(crate) watchers: Option<Watchers>,
}

/// As [`play`]; ends before its time when `shutdown` says so.
pub(crate) async fn perform(
    plan: Plan,
    bundle: Bundle,
    registry: Arc<Registry>,
    Stage { threads, watchers }: Stage,
    shutdown: impl Future<Output = ()>,
    mut take: impl FnMut(Report),
) -> Result<(), SoloError> {
    let loaded = Loaded::new(Arc::new(bundle)).map_err(SoloError::Faults)?;
    let kit = Arc::new(loaded.kit(&plan, &registry).map_err(SoloError::Faults)?);
    let mut engine = Engine::start(threads, Threads::Own, registry, watchers)?;
    let (run, start) = (Uuid::new_v4(), Instant::now());
    let mut reporter = Reporter::new(RunClock { run, start, master_start: Duration::ZERO }, threads);
    let mut hub = engine.take_exchange().map(|exchange| LocalHub::new(run, exchange));
    let (plan, slots, deadline) = (Arc::new(plan), SlotSet::all(), Deadline::never());
    engine.follow(Orders { run, epoch: 1, plan, kit, slots, start, deadline, leave: false });
    let mut shutdown = std::pin::pin!(shutdown);
    let mut told = false;
    loop {
        let harvest = tokio::select! {
            biased;
            harvest = next(&mut engine, hub.as_mut()) => harvest,
            () = shutdown.as_mut(), if !told => {
                told = true;
                engine.leave();
                continue;
            }
        };
        let Some(harvest) = harvest else { break };
        reporter.take(harvest);
        engine.reuse(reporter.freed());
        let mut last = false;
        while let Some(report) = reporter.next_to_send() {
            reporter.ack(report.sequence);
            last |= report.last;
            take(report);
        }
        if last {
            break;
        }
    }
    engine.end().await;
    Ok(())
}

/// The next harvest; until it is there robots talk to each other.
async fn next(engine: &mut Engine, hub: Option<&mut LocalHub>) -> Option<Harvest> {
    match hub {
        None => engine.harvest().await,
        Some(hub) => tokio::select! {
            biased;
            harvest = engine.harvest() => harvest,
            () = hub.serve() => None,
        },
    }
}
