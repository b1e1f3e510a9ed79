//! Puts the rooms together: a server for workers with a driver behind it, until the run has its verdict.

use std::io;
use std::time::Duration;

use proto::control::LARGEST_UP;
use proto::control::control_server::ControlServer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::desk::Office;
use crate::door;
use crate::driver::Driver;
use crate::error::Error;
use crate::gate::Gate;
use crate::journal::{self, Journal, Record};
use crate::run::Run;
use crate::summary::Summary;

/// How long workers may take to hear that the run is over; then their connections are closed.
const FAREWELL: Duration = Duration::from_secs(2);

/// A worker opens one stream on each connection; one that comes back opens another connection.
const STREAMS: u32 = 1;

/// A peer that does not answer a ping in this time has no connection any more.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// What a worker's request needs is far below.
const HEADERS: u32 = 16 << 10;

/// Streams that a peer may open and reset before it is cut off.
const RESETS: usize = 20;

/// What may be under way of one stream: the largest message in one round trip.
const WINDOW: u32 = 128 << 10;

/// Connections that may wait to be accepted: all workers of a large fleet may come back at once.
const BACKLOG: u32 = 4_096;

/// Binds the address for workers.
///
/// # Errors
/// When it can't be had; with what to do.
pub async fn bind(address: &str) -> Result<TcpListener, Error> {
    listen(address).await.map_err(|e| Error::Bind { address: address.into(), wrong: wrong(address, &e) })
}

/// Binds the address for people.
///
/// # Errors
/// When it can't be had; with what to do.
pub async fn bind_web(address: &str) -> Result<TcpListener, Error> {
    listen(address).await.map_err(|e| Error::Web { address: address.into(), wrong: wrong(address, &e) })
}

fn wrong(address: &str, error: &io::Error) -> String {
    let port = address.rsplit(':').next().unwrap_or_default();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "the port is in use; end what listens there (`ss -ltnp 'sport = :{port}'` names it) or give another port"
            )
        }
        io::ErrorKind::PermissionDenied => "not allowed; give a port from 1024 on".into(),
        io::ErrorKind::AddrNotAvailable => {
            "not an address of this machine; give 0.0.0.0 for all that it has".into()
        }
        _ => format!("{error}; give an address of this machine, such as 127.0.0.1:5557"),
    }
}

/// The first of the addresses that can be had.
async fn listen(address: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
    for address in lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// Makes a run with workers that dial the listener, until it has its verdict; of a master that stays, until it is told to
/// end. People who are gone ask nothing.
///
/// # Errors
/// When the server for workers can't go on.
pub async fn run_on(
    config: Config,
    listener: TcpListener,
    office: impl Into<Office>,
) -> Result<Summary, Error> {
    let ground = Ground::of(&config)?;
    serve::<TcpStream>(config, door::accept(listener), ground, office).await
}

/// What a master stands on: its time, its memory, and the name of a new run.
pub struct Ground {
    /// The time line.
    pub clock: Clock,
    /// What a new run is called.
    pub id: Uuid,
    /// What an unfinished run had to remember; empty if there is none.
    pub records: Vec<Record>,
    /// Where this one's records go.
    pub journal: Option<Journal>,
}

impl Ground {
    /// A new time line, and no memory.
    pub fn fresh() -> Self {
        Self { clock: Clock::start(), id: Uuid::new_v4(), records: Vec::new(), journal: None }
    }

    fn of(config: &Config) -> Result<Self, Error> {
        let Some(folder) = &config.journal else { return Ok(Self::fresh()) };
        let opened = journal::open(folder)?;
        if opened.torn > 0 {
            tracing::warn!(
                "the last {} bytes of the journal were half written; they are cut off",
                opened.torn
            );
        }
        let (clock, records, journal) = (opened.clock, opened.records, Some(opened.journal));
        Ok(Self { clock, records, journal, ..Self::fresh() })
    }
}

/// Makes a run with workers on whatever connections come in, each with the peer's address, so that a test or a
/// simulation can bring its own network, clock and memory.
///
/// # Errors
/// When the server for workers can't go on.
pub async fn serve<IO>(
    config: Config,
    incoming: impl Stream<Item = (IO, String)> + Send,
    ground: Ground,
    office: impl Into<Office>,
) -> Result<Summary, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Config { muster, plan, thresholds, bundle, outputs, life, .. } = config;
    let usual = plan.clone();
    if plan.network.insecure {
        tracing::warn!("--insecure: certificates are NOT checked, so robots may talk to anybody");
    }
    let Ground { clock, id, records, journal } = ground;
    let fresh = records.is_empty();
    let run = match fresh {
        true => Run::new(clock.now(), id, muster, plan, bundle).judged_by(&thresholds),
        false => Run::restore(clock.now(), muster, bundle, records, &thresholds)?,
    };
    let run = if fresh && life.stays && !life.autostart { run.held() } else { run };
    let (streams, no_more, closing) =
        (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
    let (gate, inbox) = Gate::new(streams.clone(), closing.clone());
    let server = limits().serve_with_incoming_shutdown(
        ControlServer::new(gate).max_decoding_message_size(LARGEST_UP),
        door::guard(incoming, closing.clone()),
        no_more.clone().cancelled_owned(),
    );
    tokio::pin!(server);
    let driver = Driver::new(run, clock, journal, outputs, (usual, life));
    let summary = tokio::select! {
        biased;
        summary = Box::pin(driver.drive(inbox, office.into())) => summary,
        ended = &mut server => {
            let why = ended.err().map_or_else(|| "no more connections come in".into(), |e| e.to_string());
            return Err(Error::Server(why));
        }
    };
    no_more.cancel();
    if timeout(FAREWELL, &mut server).await.is_err() {
        tracing::debug!("some peers did not hang up; their connections are closed");
    }
    closing.cancel();
    streams.close();
    // Each ends at the token; the deadline is for none of them.
    _ = timeout(FAREWELL, streams.wait()).await;
    Ok(summary)
}

/// Every limit that keeps one peer from taking what is the others'.
fn limits() -> Server {
    Server::builder()
        .max_concurrent_streams(STREAMS)
        .concurrency_limit_per_connection(STREAMS as usize)
        .http2_max_header_list_size(HEADERS)
        .http2_max_pending_accept_reset_streams(Some(RESETS))
        .http2_max_local_error_reset_streams(Some(RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW * STREAMS)
}
