//! Connections on their way in. Each is counted, has to show that a worker is behind it, and can be ended from here.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

/// The most connections at a time; one more is dropped.
pub const MOST_CONNECTIONS: usize = 4_096;

/// The most of them on which no worker has said who it is. Each costs some 12 KB; workers are through in a moment.
pub const MOST_STRANGERS: usize = 1_024;

/// A worker says who it is in this time.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A connection on which no worker did is closed; a little later, so that one that opened a stream hears why.
const UNADMITTED: Duration = Duration::from_secs(11);

/// One that is older than this has to go when others need its place, so that those who only wait keep no worker out.
const GRACE: Duration = Duration::from_secs(1);

/// How long to wait after a failed accept: what it lacks, such as descriptors, is not there again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts for ever. An error costs one connection, never the loop.
pub fn accept(listener: TcpListener) -> impl Stream<Item = (TcpStream, String)> + Send {
    Accept { listener, pause: None, failed: false }
}

struct Accept {
    listener: TcpListener,
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether the last one failed; it is said once in a row.
    failed: bool,
}

impl Stream for Accept {
    type Item = (TcpStream, String);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok((stream, address)) => {
                    self.failed = false;
                    // Without it a beat waits for the ack of the one before.
                    _ = stream.set_nodelay(true);
                    return Poll::Ready(Some((stream, address.to_string())));
                }
                Err(e) => {
                    if !std::mem::replace(&mut self.failed, true) {
                        tracing::warn!("a connection could not be accepted: {e}");
                    }
                    self.pause = Some(Box::pin(sleep(PAUSE)));
                }
            }
        }
    }
}

/// Lets connections in, as many as may be.
pub(crate) fn guard<IO: Send + 'static>(
    incoming: impl Stream<Item = (IO, String)> + Send,
    closing: CancellationToken,
) -> impl Stream<Item = io::Result<Guarded<IO>>> + Send {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let (mut anteroom, mut full) = (Anteroom::default(), false);
    incoming.filter_map(move |(io, address)| {
        let peer = Peer { address: address.into(), admitted: Arc::default() };
        let closing = closing.child_token();
        let place = Arc::clone(&places).try_acquire_owned().ok().filter(|_| anteroom.enter(&peer, &closing));
        if place.is_none() && !std::mem::replace(&mut full, true) {
            tracing::warn!(
                "{} was dropped: more than {MOST_CONNECTIONS} connections, or {MOST_STRANGERS} without a worker; \
                 further ones are not told",
                peer.address
            );
        }
        let place = place?;
        let patience = Some(Box::pin(sleep(UNADMITTED)));
        Some(Ok(Guarded { io, peer, patience, closing: Box::pin(closing.cancelled_owned()), _place: place }))
    })
}

/// Connections on which no worker has said who it is, the oldest first.
#[derive(Default)]
struct Anteroom {
    strangers: VecDeque<Stranger>,
}

struct Stranger {
    since: Instant,
    /// Gone with its connection.
    admitted: Weak<AtomicBool>,
    closing: CancellationToken,
}

impl Stranger {
    fn waits(&self) -> bool {
        self.admitted.upgrade().is_some_and(|admitted| !admitted.load(Ordering::Relaxed))
    }
}

impl Anteroom {
    /// Whether there was room for one more, or could be made.
    fn enter(&mut self, peer: &Peer, closing: &CancellationToken) -> bool {
        if self.strangers.len() >= MOST_STRANGERS {
            self.strangers.retain(Stranger::waits);
        }
        if self.strangers.len() >= MOST_STRANGERS {
            let Some(oldest) = self.strangers.pop_front_if(|oldest| oldest.since.elapsed() >= GRACE) else {
                return false;
            };
            oldest.closing.cancel();
        }
        let (admitted, closing) = (Arc::downgrade(&peer.admitted), closing.clone());
        self.strangers.push_back(Stranger { since: Instant::now(), admitted, closing });
        true
    }
}

/// Who is at the other end.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: Arc<str>,
    admitted: Arc<AtomicBool>,
}

impl Peer {
    /// A worker is behind this connection: it may stay.
    pub(crate) fn admit(&self) {
        self.admitted.store(true, Ordering::Relaxed);
    }
}

/// A connection that ends when no worker shows, when others need its place meanwhile, or when the master ends.
pub(crate) struct Guarded<IO> {
    io: IO,
    peer: Peer,
    /// What it has until a worker shows.
    patience: Option<Pin<Box<Sleep>>>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: OwnedSemaphorePermit,
}

impl<IO> Guarded<IO> {
    /// Asked on every way in and out: of a peer that reads nothing nothing more is read either, once answers wait.
    fn go_on(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.is_over(cx).map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> Option<io::ErrorKind> {
        if self.closing.as_mut().poll(cx).is_ready() {
            return Some(io::ErrorKind::ConnectionAborted);
        }
        if self.peer.admitted.load(Ordering::Relaxed) {
            self.patience = None;
        }
        let patience = self.patience.as_mut()?;
        patience.as_mut().poll(cx).is_ready().then_some(io::ErrorKind::TimedOut)
    }
}

impl<IO> Connected for Guarded<IO> {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Guarded<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.go_on(cx)?;
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Guarded<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.go_on(cx)?;
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.go_on(cx)?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
