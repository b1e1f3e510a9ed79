//! A hub in the worker's own process, where there is no master: robots of all its threads meet as they would in a cluster.

use proto::hub::{Hub, Peer};
use tokio::time::Instant;
use uuid::Uuid;

use crate::exchange::Exchange;

/// The one worker.
const ME: Peer = Peer(0);

/// A hub with the exchange that feeds it.
pub(crate) struct LocalHub {
    hub: Hub,
    exchange: Exchange,
    began: Instant,
}

impl LocalHub {
    pub(crate) fn new(run: Uuid, mut exchange: Exchange) -> Self {
        let mut hub = Hub::new(run);
        hub.joined(ME);
        exchange.open(run);
        Self { hub, exchange, began: Instant::now() }
    }

    /// Passes on what robots say, for ever. May be dropped while it waits, and called again.
    pub(crate) async fn serve(&mut self) {
        loop {
            let due = self.hub.next_due().map(|due| self.began + due);
            let expiry = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.exchange.work() => {}
                () = expiry => {}
            }
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        let now = self.began.elapsed();
        while let Some(asks) = self.exchange.next_asks() {
            if let Err(foreign) = self.hub.hear(now, ME, asks) {
                tracing::error!("{foreign}");
            }
        }
        self.hub.tick(now);
        while let Some(tells) = self.hub.take(ME) {
            self.exchange.hear(tells);
        }
    }
}
