//! What goes to one worker: what the driver says, and between that the parts of a bundle, so that a large one holds nothing up.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use proto::Down;
use proto::shipping::{Parcel, Part};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Status;

/// Messages that may wait for one worker. One that reads so slowly is lost.
const MESSAGES: usize = 32;

/// Parts that may wait for one worker beside them.
const PARTS: usize = 2;

/// Bundles that are on their way at a time. What they have in memory does not grow with the number of workers.
const AT_ONCE: usize = 32;

/// How long one part may take. A worker that takes none in that time makes room for others, and is sent away when its time
/// to load the bundle is over.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that waits for a worker, as a stream.
pub(crate) struct Outgoing {
    said: mpsc::Receiver<Down>,
    parts: mpsc::Receiver<Part>,
}

/// The other end of it.
#[derive(Clone)]
pub(super) struct Sender {
    said: mpsc::Sender<Down>,
    parts: mpsc::Sender<Part>,
    shipping: Shipping,
}

/// Sends bundles, a few at a time.
#[derive(Clone)]
pub(super) struct Shipping {
    room: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Shipping {
    pub(super) fn new(tasks: TaskTracker) -> Self {
        Self { room: Arc::new(Semaphore::new(AT_ONCE)), tasks }
    }

    /// Both ends for one worker.
    pub(super) fn pair(&self) -> (Sender, Outgoing) {
        let (said, saying) = mpsc::channel(MESSAGES);
        let (parts, parting) = mpsc::channel(PARTS);
        (Sender { said, parts, shipping: self.clone() }, Outgoing { said: saying, parts: parting })
    }
}

impl Sender {
    /// Whether the message found room.
    #[must_use]
    pub(super) fn send(&self, down: Down) -> bool {
        self.said.try_send(down).is_ok()
    }

    /// Sends a bundle, part by part as the worker takes them, until the stream is closed.
    pub(super) fn ship(&self, parcel: Parcel, closed: CancellationToken) {
        let (room, parts) = (self.shipping.room.clone(), self.parts.clone());
        self.shipping.tasks.spawn(closed.run_until_cancelled_owned(async move {
            let Ok(_room) = room.acquire().await else { return };
            for part in parcel.parts() {
                if !matches!(timeout(PATIENCE, parts.send(part)).await, Ok(Ok(()))) {
                    return;
                }
            }
        }));
    }
}

impl Stream for Outgoing {
    type Item = Result<Down, Status>;

    /// What is said comes first: an echo prolongs a lease.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.said.poll_recv(cx) {
            Poll::Ready(said) => return Poll::Ready(said.map(Ok)),
            Poll::Pending => {}
        }
        match self.parts.poll_recv(cx) {
            Poll::Ready(Some(part)) => Poll::Ready(Some(Ok(Down::Part(part)))),
            _ => Poll::Pending,
        }
    }
}
