//! Tells people how a run stands: each second, and as soon as something is other than before.

use std::sync::Arc;
use std::time::Duration;

use proto::plan::Plan;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock::Clock;
use crate::desk::News;
use crate::run::{Phase, Run};
use crate::status::Status;
use crate::summary::Summary;

/// How often it is told that nothing else is new.
const EVERY: Duration = Duration::from_secs(1);

/// Tells people how a run stands.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    told: Option<(Instant, Mark)>,
}

/// What people should not wait a second for.
#[derive(Debug, PartialEq)]
struct Mark {
    run: Uuid,
    is_held: bool,
    phase: std::mem::Discriminant<Phase>,
    revision: u64,
    changes: usize,
    seconds: usize,
    ready: usize,
}

impl Mark {
    fn of(run: &Run) -> Self {
        Self {
            run: run.id(),
            is_held: run.is_held(),
            phase: std::mem::discriminant(&run.phase()),
            revision: run.revision(),
            changes: run.changes().len(),
            seconds: run.totals().timeline.seconds().len(),
            ready: run.fleet().ready().count(),
        }
    }
}

impl Reporter {
    /// Tells it if it is time, or there is something to tell.
    pub(crate) fn report(
        &mut self,
        news: &watch::Sender<Option<Arc<News>>>,
        (run, clock): (&Run, &Clock),
        last: Option<&Summary>,
        (planned, plan): (Uuid, Arc<Plan>),
    ) {
        let mark = Mark::of(run);
        let is_old = |(at, told): &(Instant, Mark)| at.elapsed() >= EVERY || *told != mark;
        if news.receiver_count() == 0 || !self.told.as_ref().is_none_or(is_old) {
            return;
        }
        self.told = Some((Instant::now(), mark));
        let status = Status::of(run, clock.now(), last);
        news.send_replace(Some(Arc::new(News { status, plan, planned, muster: run.muster() })));
    }
}
