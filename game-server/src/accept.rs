//! The accept loop of one service: sockets come in, each gets a task of its own.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection;
use crate::listeners::Listener;
use crate::server::Shared;
use crate::service::Service;
use crate::throttle::Line;

const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts until `stop`. An error never ends the loop: out of descriptors, it waits for some to come free.
pub(crate) async fn accept(
    service: Service,
    listener: Listener,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let mut pause = SHORTEST_PAUSE;
    let mut line = Line::default();
    while let Some(accepted) = stop.run_until_cancelled(listener.socket.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                pause = SHORTEST_PAUSE;
                tasks.spawn(connection::serve(stream, peer, service, shared.clone(), stop.child_token()));
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                shared.counters.accept_error();
                if let Some(more) = line.pass(Instant::now()) {
                    tracing::warn!("{service}: can't accept connections: {error} (and {more} times before)");
                }
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Whether only that one connection failed: its peer went while it waited.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
