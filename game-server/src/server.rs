//! A running server: starts both accept loops, waits for the shutdown, and sees all connections out.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accept::accept;
use crate::counters::Counters;
use crate::fault::Fault;
use crate::listeners::Listeners;
use crate::options::Options;
use crate::service::Service;
use crate::throttle::Throttle;
use crate::totals::Totals;
use crate::watch::watch;

/// How long connections may take to say goodbye.
const GRACE: Duration = Duration::from_secs(5);

/// What all connections of one server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// The game's address, as the lobby gives it out.
    pub(crate) address: String,
    pub(crate) counters: Arc<Counters>,
    throttle: Throttle,
    draws: AtomicU64,
}

/// Serves until `shutdown` completes, then closes every connection and tells what was counted.
///
/// Takes at most five seconds more than `shutdown`. Dropped before that, it takes its connections along.
pub async fn run(listeners: Listeners, options: Options, shutdown: impl Future<Output = ()>) -> Totals {
    run_watched(listeners, options, None, shutdown).await
}

/// As [`run`], and writes how the counts go: a line of JSON each 20 ms, for 24 h at most.
pub async fn run_watched(
    listeners: Listeners,
    options: Options,
    watched: Option<File>,
    shutdown: impl Future<Output = ()>,
) -> Totals {
    let stop = CancellationToken::new();
    let _stops_when_dropped = stop.clone().drop_guard();
    let tasks = TaskTracker::new();
    let shared = Arc::new(Shared::new(&listeners, options));
    for (service, listener) in [(Service::Lobby, listeners.lobby), (Service::Game, listeners.game)] {
        tracing::info!("{service} listening on {}", listener.address);
        tasks.spawn(accept(service, listener, shared.clone(), tasks.clone(), stop.clone()));
    }
    let done = CancellationToken::new();
    let _ends_when_dropped = done.clone().drop_guard();
    let watching = watched.map(|file| tokio::spawn(watch(shared.counters.clone(), file, done.clone())));
    shutdown.await;
    tracing::info!("stopping: closing {} connections", shared.counters.live());
    stop.cancel();
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("{} connections are not closed after {GRACE:?}", shared.counters.live());
    }
    done.cancel();
    if let Some(watching) = watching {
        _ = watching.await;
    }
    shared.counters.totals()
}

impl Shared {
    fn new(listeners: &Listeners, options: Options) -> Self {
        let here = || format!("ws://{}", listeners.game_address());
        Self {
            address: options.advertise.clone().unwrap_or_else(here),
            options,
            counters: Arc::default(),
            throttle: Throttle::default(),
            draws: AtomicU64::new(0),
        }
    }

    /// The number that a login gets, from 1 to 100. It depends on the seed and on how many came before.
    pub(crate) fn draw(&self) -> i64 {
        let draws = self.draws.fetch_add(1, Relaxed);
        StdRng::seed_from_u64(self.options.seed.wrapping_add(draws)).random_range(1..=100)
    }

    /// Counts a fault, and logs it if there were not too many of its kind just now.
    pub(crate) fn fault(&self, service: Service, peer: SocketAddr, fault: &Fault) {
        let kind = fault.kind();
        self.counters.fault(kind);
        match self.throttle.pass(kind, Instant::now()) {
            Some(0) => tracing::warn!("{service}: closed {peer}: {fault}"),
            Some(more) => {
                tracing::warn!(
                    "{service}: closed {peer}: {fault} (and {more} more of kind {})",
                    kind.as_str()
                );
            }
            None => {}
        }
    }
}
