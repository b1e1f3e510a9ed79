//! Where people reach a master at work: HTTP, below `/api/v1`. Requests come in, wishes go to the desk, and what comes of
//! them goes back as JSON. Everything that a peer can take is bounded.

mod api;
mod body;
mod fault;
mod guests;
mod porter;
mod punctual;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router, middleware};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Sources;
use crate::desk::Desk;
pub(crate) use api::CTL;
pub use body::LARGEST_BODY;
use guests::{Guest, Guests};
use punctual::Punctual;

/// The most bytes of a request's head.
const LARGEST_HEAD: usize = 16 << 10;

/// The most headers of a request.
const MOST_HEADERS: usize = 64;

/// How long a request's head may take, and how long a connection may wait for its next request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept: what it lacks, such as descriptors, is not there again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// How long people may take to hear the last answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves people until `closing`. The sources are where the files of every plan were, the names those by which this master
/// may be asked for, beside its addresses.
pub async fn serve(
    listener: TcpListener,
    desk: Desk,
    sources: Sources,
    names: Vec<String>,
    closing: CancellationToken,
) {
    let is_local = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    if !is_local {
        tracing::warn!("--web-bind: whoever can reach this address can change runs; there is no password");
    }
    let site = api::routes(desk, sources, porter::Door { is_local, names: names.into() });
    let (connections, mut guests) = (TaskTracker::new(), Guests::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let admitted = closing.run_until_cancelled(guests.admit()).await.flatten();
                let Some(guest) = admitted else { break };
                connections.spawn(attend((stream, peer), guest, site.clone(), closing.clone()));
            }
            Err(e) => {
                tracing::debug!("a connection could not be accepted: {e}");
                sleep(PAUSE).await;
            }
        }
    }
    connections.close();
    _ = timeout(FAREWELL, connections.wait()).await;
}

/// One connection, to its end.
async fn attend(
    (stream, peer): (TcpStream, SocketAddr),
    guest: Arc<Guest>,
    site: Router,
    closing: CancellationToken,
) {
    let attended = middleware::from_fn_with_state(guest.clone(), guests::attend);
    let service = TowerToHyperService::new(site.layer(Extension(peer)).layer(attended));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MOST_HEADERS)
        .max_buf_size(LARGEST_HEAD);
    let connection = http.serve_connection(TokioIo::new(Punctual::new(stream)), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = closing.cancelled() => None,
        () = guest.leave.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(FAREWELL, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(e) = ended {
        tracing::debug!("{peer}: {e}");
    }
}
