//! `worker run`: robots without a master, for people who write mods. The command line becomes a plan and a bundle; what happens
//! is printed as it happens, and what was measured at the end.

mod args;
mod totals;
mod tracer;

use std::io::{IsTerminal, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

pub(crate) use args::RunArgs;

use crate::capacity::Capacity;
use crate::mods::Registry;
use crate::solo;
use crate::thread::Watchers;
use totals::Totals;
use tracer::Tracer;

/// Why a run did not come about or did not go well.
pub(crate) enum RunError {
    /// What was asked for can't be done; one sentence each.
    Usage(Vec<String>),
    /// It broke.
    Broken(String),
}

/// Runs robots as the command line says, until they are done or `shutdown` says so. The number of samples that failed.
pub(crate) async fn run(
    args: RunArgs,
    registry: Registry,
    shutdown: impl Future<Output = ()>,
) -> Result<u64, RunError> {
    let trace = args.trace();
    let job = args.check().map_err(RunError::Usage)?;
    Capacity::here().check(&job.plan, job.plan.profile.peak()).map_err(RunError::Usage)?;
    let start = Instant::now();
    let watchers: Option<Watchers> = trace.then(|| -> Watchers {
        let colours = std::io::stdout().is_terminal();
        Arc::new(move || Rc::new(Tracer::new(start, colours)))
    });
    let mut totals = Totals::default();
    let stage = solo::Stage { threads: job.threads, watchers };
    let played =
        solo::perform(job.plan, job.bundle, registry, stage, shutdown, |report| totals.take(&report));
    played.await.map_err(|e| match e {
        solo::SoloError::Faults(faults) => RunError::Usage(faults),
        solo::SoloError::Threads(e) => RunError::Broken(format!("no robot threads: {e}")),
    })?;
    let _closed = std::io::stdout().write_all(totals.table().as_bytes());
    Ok(totals.failed())
}
