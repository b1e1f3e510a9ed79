//! `worker run`: robots without a master, for people who write mods. The command line becomes a plan and a bundle; what happens
//! is printed as it happens, and what was measured at the end.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

mod args;
mod totals;
mod tracer;

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use args::{AnnotateArgs, RunArgs};
use proto::message::BundleHash;
use proto::report::Report;

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

/// Runs robots as the command line says, until they are done or `shutdown` says so; anew when a file of the mods is saved. The number
/// of samples that failed.
pub(crate) async fn run(
    args: RunArgs,
    registry: Registry,
    shutdown: impl Future<Output = ()>,
) -> Result<u64, RunError> {
    let start = Instant::now();
    let watchers: Option<Watchers> = args.trace().then(|| -> Watchers {
        let colours = std::io::stdout().is_terminal();
        Arc::new(move || Rc::new(Tracer::new(start, colours)))
    });
    let (registry, mut shutdown) = (Arc::new(registry), std::pin::pin!(shutdown));
    let mut totals = Totals::default();
    loop {
        let job = args.check().map_err(RunError::Usage)?;
        Capacity::here().check(&job.plan, job.plan.profile.peak()).map_err(RunError::Usage)?;
        let (hash, saved) = (job.bundle.hash, Cell::new(false));
        let stop = async {
            tokio::select! {
                () = shutdown.as_mut() => {}
                () = change(&args, &registry, hash) => saved.set(true),
            }
        };
        let stage = solo::Stage { threads: job.threads, watchers: watchers.clone() };
        let take = |report: Report| totals.take(&report);
        solo::perform(job.plan, job.bundle, registry.clone(), stage, stop, take).await.map_err(broken)?;
        if !saved.get() {
            break;
        }
        say("the mods were saved: robots begin anew");
    }
    let _closed = std::io::stdout().write_all(totals.table().as_bytes());
    Ok(totals.failed())
}

fn broken(error: solo::SoloError) -> RunError {
    match error {
        solo::SoloError::Faults(faults) => RunError::Usage(faults),
        solo::SoloError::Threads(e) => RunError::Broken(format!("no robot threads: {e}")),
    }
}

fn say(line: &str) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}

/// How often the folder of mods is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Returns when the files are others than they were, and good. What is wrong with them meanwhile is told, once.
async fn change(args: &RunArgs, registry: &Registry, hash: BundleHash) {
    let mut told = Vec::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if !args.has_mods() {
            std::future::pending::<()>().await;
        }
        let faults = match args.check().and_then(|job| job.loads(registry).map(|()| job.bundle.hash)) {
            Ok(now) if now != hash => return,
            Ok(_) => Vec::new(),
            Err(faults) => faults,
        };
        if faults != told {
            faults.iter().for_each(|fault| say(&format!("not taken over: {fault}")));
            told = faults;
        }
    }
}

/// The annotations for editors of the mods and schemas that the command line names.
pub(crate) fn annotate(args: &AnnotateArgs) -> Result<String, Vec<String>> {
    crate::lua::annotations(&args.bundle()?)
}
