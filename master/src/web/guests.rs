//! Who is connected. When there is no place left, whoever came first of those that ask nothing just now makes room, so that
//! no crowd keeps people from stopping a run.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The most connections at a time; a further one takes another's place, or waits.
const MOST_CONNECTIONS: usize = 64;

/// All connections, the oldest first.
pub(super) struct Guests {
    places: Arc<Semaphore>,
    here: VecDeque<Weak<Guest>>,
    /// Told when one has nothing more to ask.
    content: Arc<Notify>,
}

/// One connection.
pub(super) struct Guest {
    /// Requests whose answer is not there yet, and streams of events.
    asks: AtomicUsize,
    content: Arc<Notify>,
    /// Cancelled when it has to make room.
    pub(super) leave: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Guests {
    pub(super) fn new() -> Self {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        Self { places, here: VecDeque::new(), content: Arc::default() }
    }

    /// Takes one more in, as soon as there is a place; none ever when nobody gives places any more.
    pub(super) async fn admit(&mut self) -> Option<Arc<Guest>> {
        let _place = self.place().await?;
        let (content, leave) = (self.content.clone(), CancellationToken::new());
        let guest = Arc::new(Guest { asks: AtomicUsize::new(0), content, leave, _place });
        self.here.push_back(Arc::downgrade(&guest));
        Some(guest)
    }

    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Some(place);
        }
        while !self.show_out() {
            tokio::select! {
                place = self.places.clone().acquire_owned() => return place.ok(),
                () = self.content.notified() => {}
            }
        }
        // Whoever was shown out is gone in a moment; no other has to go meanwhile.
        self.places.clone().acquire_owned().await.ok()
    }

    /// Whether somebody had nothing to ask, and goes.
    fn show_out(&mut self) -> bool {
        self.here.retain(|guest| guest.strong_count() > 0);
        let asks_nothing = |guest: &Weak<Guest>| guest.upgrade().is_some_and(|guest| guest.is_content());
        let oldest = self.here.iter().position(asks_nothing).and_then(|place| self.here.remove(place));
        let Some(guest) = oldest.and_then(|guest| guest.upgrade()) else { return false };
        guest.leave.cancel();
        true
    }
}

impl Guest {
    /// It asks something, until what is given is dropped.
    pub(super) fn asks(self: &Arc<Self>) -> Asking {
        self.asks.fetch_add(1, Ordering::Relaxed);
        Asking(self.clone())
    }

    fn is_content(&self) -> bool {
        self.asks.load(Ordering::Relaxed) == 0
    }
}

/// Something that a guest asks just now.
pub(super) struct Asking(Arc<Guest>);

impl Drop for Asking {
    fn drop(&mut self) {
        if self.0.asks.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.content.notify_one();
        }
    }
}

/// Answers a guest, who keeps the place meanwhile.
pub(super) async fn attend(State(guest): State<Arc<Guest>>, mut request: Request, next: Next) -> Response {
    let _asking = guest.asks();
    request.extensions_mut().insert(guest);
    next.run(request).await
}
