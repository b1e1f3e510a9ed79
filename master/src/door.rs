//! Connections on their way in. Each is counted, has to show that a worker is behind it, and can be ended from here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

/// The most connections at a time; one more is dropped.
pub const MOST_CONNECTIONS: usize = 4_096;

/// A worker says who it is in this time.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A connection on which no worker did is closed; a little later, so that one that opened a stream hears why.
const UNADMITTED: Duration = Duration::from_secs(11);

/// How long to wait after a failed accept: what it lacks, such as descriptors, is not there again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts for ever. An error costs one connection, never the loop.
pub fn accept(listener: TcpListener) -> impl Stream<Item = (TcpStream, String)> + Send {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let accepting = async move {
        let mut failed = false;
        while !sender.is_closed() {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            match accepted {
                Ok((stream, address)) => {
                    failed = false;
                    // Without it a beat waits for the ack of the one before.
                    _ = stream.set_nodelay(true);
                    _ = sender.send((stream, address.to_string())).await;
                }
                Err(e) => {
                    if !std::mem::replace(&mut failed, true) {
                        tracing::warn!("a connection could not be accepted: {e}");
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    };
    // Ends with its channel, which ends with the server that reads from it.
    tokio::spawn(accepting);
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}

/// Lets connections in, as many as may be.
pub(crate) fn guard<IO: Send + 'static>(
    incoming: impl Stream<Item = (IO, String)> + Send,
    closing: CancellationToken,
) -> impl Stream<Item = io::Result<Guarded<IO>>> + Send {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut full = false;
    incoming.filter_map(move |(io, address)| {
        let place = Arc::clone(&places).try_acquire_owned().ok();
        if place.is_none() && !std::mem::replace(&mut full, true) {
            tracing::warn!("more than {MOST_CONNECTIONS} connections; further ones are dropped");
        }
        let peer = Peer { address: address.into(), admitted: Arc::default() };
        place.map(|place| {
            Ok(Guarded {
                io,
                peer,
                patience: Some(Box::pin(sleep(UNADMITTED))),
                closing: Box::pin(closing.clone().cancelled_owned()),
                _place: place,
            })
        })
    })
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

/// A connection that ends when no worker shows, or when the master ends.
pub(crate) struct Guarded<IO> {
    io: IO,
    peer: Peer,
    patience: Option<Pin<Box<Sleep>>>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: OwnedSemaphorePermit,
}

impl<IO> Guarded<IO> {
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
        match self.is_over(cx) {
            Some(kind) => Poll::Ready(Err(kind.into())),
            None => Pin::new(&mut self.io).poll_read(cx, buf),
        }
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Guarded<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
