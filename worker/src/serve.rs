//! Serving a master: what a worker is started with goes in, how it ended comes out.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

use crate::config::Config;
use crate::control::Control;
use crate::engine::{Engine, Threads};
use crate::mods::Registry;
use crate::session::{self, Dial, Wire};

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The master had no more work, or the worker was told to stop and did.
    Done(String),
    /// The master refused it.
    Refused(String),
    /// The master could not be reached, or not any more.
    NoMaster(String),
    /// It was told to stop, and its time was up before all was done; what was left.
    Undone(String),
}

/// What the control logic has of the world beside its master: in a simulation the same each time.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Seam {
    /// What its random numbers come from: its own name in each session, and how long it pauses between dials.
    pub seed: u64,
    /// What its robot threads are.
    pub threads: Threads,
}

/// Serves a master until one of the two has enough.
///
/// # Errors
/// When the system gives no thread.
pub async fn serve(
    config: Config,
    registry: Registry,
    shutdown: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let seam = Seam { seed: Uuid::new_v4().as_u64_pair().0, threads: Threads::Own };
    serve_on(config, registry, session::dial, seam, shutdown).await
}

/// As [`serve`], over whatever `dial` connects an address with, on whatever clock the runtime has.
///
/// # Errors
/// When the system gives no thread.
#[doc(hidden)]
pub async fn serve_on<D, F, S>(
    config: Config,
    registry: Registry,
    dial: D,
    seam: Seam,
    shutdown: impl Future<Output = ()>,
) -> io::Result<Ended>
where
    D: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let dial: Dial = Arc::new(move |address| {
        let dialled = dial(address);
        Box::pin(async move { Ok(Box::new(dialled.await?) as Box<dyn Wire>) })
    });
    let registry = Arc::new(registry);
    let engine = Engine::start(config.threads, seam.threads, registry.clone(), None)?;
    let mut control = Control::new(config, registry, engine, dial, seam.seed);
    let ended = control.run(std::pin::pin!(shutdown)).await;
    control.end().await;
    Ok(ended)
}
