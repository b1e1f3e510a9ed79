//! The gRPC edge. A task per stream turns what a worker says into messages for the one driver.

mod outgoing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::control::control_server::Control;
use proto::message::{Dismissal, Hello};
use proto::shipping::Parcel;
use proto::{Down, Up};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::door::{PATIENCE, Peer};
use crate::fleet::SessionId;
use crate::refusal::Refusal;
use outgoing::{Outgoing, Sender, Shipping};

/// Messages of all workers that may wait for the driver; then the streams wait.
const INCOMING: usize = 1_024;

/// Messages of one worker that may wait for the driver: the next one is read when it is taken up. So what a worker can make wait
/// is small, and all take turns.
const WAITING: usize = 1;

/// No worker has so much to say in a second: it beats twice and reports once, and a backlog is joined.
const MOST_MESSAGES: u32 = 1_000;

/// What a stream tells the driver.
pub(crate) enum Message {
    /// A worker said who it is.
    Joined(SessionId, Hello, Link),
    /// It said something else; its next word is read when the permit is dropped.
    Said(SessionId, Up, OwnedSemaphorePermit),
    /// Its stream ended.
    Left(SessionId, String),
}

/// The driver's end of a stream.
pub(crate) struct Link {
    out: Sender,
    closed: CancellationToken,
}

impl Link {
    /// Whether the message found room.
    #[must_use]
    pub(crate) fn send(&self, down: Down) -> bool {
        self.out.send(down)
    }

    /// Sends a bundle, between everything else.
    pub(crate) fn ship(&self, parcel: Parcel) {
        self.out.ship(parcel, self.closed.clone());
    }

    /// Ends the stream, when what waits is sent.
    pub(crate) fn close(self) {
        self.closed.cancel();
    }
}

/// Takes streams in.
pub(crate) struct Gate {
    driver: mpsc::Sender<Message>,
    next: AtomicU64,
    shipping: Shipping,
    streams: TaskTracker,
    closing: CancellationToken,
}

impl Gate {
    /// A gate, and what comes through it. Its streams end with `closing`.
    pub(crate) fn new(streams: TaskTracker, closing: CancellationToken) -> (Self, mpsc::Receiver<Message>) {
        let (driver, inbox) = mpsc::channel(INCOMING);
        let shipping = Shipping::new(streams.clone());
        (Self { driver, next: AtomicU64::new(1), shipping, streams, closing }, inbox)
    }
}

#[tonic::async_trait]
impl Control for Gate {
    type JoinStream = Outgoing;

    async fn join(&self, request: Request<Streaming<Up>>) -> Result<Response<Self::JoinStream>, Status> {
        let peer = request.extensions().get::<Peer>().cloned();
        let peer = peer.ok_or_else(|| Status::internal("a connection without a guard"))?;
        let (out, down) = self.shipping.pair();
        let stream = Stream {
            id: SessionId(self.next.fetch_add(1, Ordering::Relaxed)),
            address: Arc::clone(&peer.address),
            driver: self.driver.clone(),
            out,
            closed: self.closing.child_token(),
            second: Instant::now(),
            messages: 0,
        };
        self.streams.spawn(stream.serve(peer, request.into_inner()));
        Ok(Response::new(down))
    }
}

/// One worker's stream.
struct Stream {
    id: SessionId,
    address: Arc<str>,
    driver: mpsc::Sender<Message>,
    out: Sender,
    closed: CancellationToken,
    /// Since when messages are counted.
    second: Instant,
    messages: u32,
}

impl Stream {
    async fn serve(mut self, peer: Peer, mut up: Streaming<Up>) {
        let closed = self.closed.clone();
        let hello = tokio::select! {
            biased;
            hello = timeout(PATIENCE, up.message()) => hello,
            () = closed.cancelled() => return,
        };
        let hello = match hello {
            Ok(Ok(Some(Up::Hello(hello)))) => hello,
            Ok(Err(status)) => return self.refuse(malformed(&status).unwrap_or(Refusal::NoHello)),
            _ => return self.refuse(Refusal::NoHello),
        };
        peer.admit();
        let link = Link { out: self.out.clone(), closed: self.closed.clone() };
        if self.tell(Message::Joined(self.id, hello, link)).await.is_none() {
            return;
        }
        let why = tokio::select! {
            biased;
            why = self.listen(&mut up) => why,
            () = closed.cancelled() => return,
        };
        _ = self.tell(Message::Left(self.id, why)).await;
    }

    /// Passes on what the worker says until it ends; why it did.
    async fn listen(&mut self, up: &mut Streaming<Up>) -> String {
        let turns = Arc::new(Semaphore::new(WAITING));
        loop {
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
                return "the master is over".into();
            };
            let said = match up.message().await {
                Ok(Some(said)) => said,
                Ok(None) => return "it closed its stream".into(),
                Err(status) => {
                    malformed(&status).into_iter().for_each(|refusal| self.refuse(refusal));
                    return format!("its connection broke ({})", crate::text::fit(status.message(), 300));
                }
            };
            if self.floods() {
                self.refuse(Refusal::Flood(MOST_MESSAGES));
                return Refusal::Flood(MOST_MESSAGES).to_string();
            }
            if self.tell(Message::Said(self.id, said, turn)).await.is_none() {
                return "the master is over".into();
            }
        }
    }

    fn floods(&mut self) -> bool {
        if self.second.elapsed() >= Duration::from_secs(1) {
            (self.second, self.messages) = (Instant::now(), 0);
        }
        self.messages += 1;
        self.messages > MOST_MESSAGES
    }

    async fn tell(&self, message: Message) -> Option<()> {
        self.driver.send(message).await.ok()
    }

    fn refuse(&self, refusal: Refusal) {
        tracing::debug!("{} is refused: {refusal}", self.address);
        _ = self.out.send(Down::Dismiss(Dismissal::Refused, refusal.to_string()));
    }
}

/// What is the peer's own fault; a broken connection is not.
fn malformed(status: &Status) -> Option<Refusal> {
    let fault = matches!(status.code(), Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented);
    fault.then(|| Refusal::Malformed(crate::text::fit(status.message(), 300)))
}
