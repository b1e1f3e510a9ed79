//! A game-server in the test's own process, and the frame of every test with a hostile peer.

use std::net::SocketAddr;
use std::time::Duration;

use game_server::{Listeners, Options, Totals, run};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;

/// The longest that anything here may hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Server {
    pub(crate) lobby: SocketAddr,
    pub(crate) game: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Totals>,
}

/// Options for tests: free ports, and no long waits.
pub(crate) fn options() -> Options {
    Options {
        lobby_port: 0,
        game_port: 0,
        handshake_timeout: Duration::from_millis(300),
        write_timeout: Duration::from_millis(300),
        ..Options::default()
    }
}

impl Server {
    pub(crate) fn start(options: Options) -> Self {
        let listeners = Listeners::bind(&options).unwrap();
        let (lobby, game) = (listeners.lobby_address(), listeners.game_address());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(listeners, options, async {
            let _ = stopped.await;
        }));
        Self { lobby, game, stop, task }
    }

    /// Asks the server to stop, and gives what it counted once it has.
    pub(crate) async fn stop(self) -> Totals {
        self.stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE * 3, self.task).await.expect("stops within its grace").unwrap()
    }
}

/// Runs a hostile peer against a server on which somebody plays, who must not notice. Exactly `faults` must be counted.
pub(crate) async fn nobody_else_notices(
    faults: &[(&str, u64)],
    hostile: impl AsyncFnOnce(&Server),
) -> Totals {
    let server = Server::start(options());
    let mut healthy = Client::login(server.game).await;
    assert_eq!(healthy.echo("before").await, "before from server");
    tokio::time::timeout(PATIENCE, hostile(&server)).await.expect("no hang over 2 s");
    assert_eq!(healthy.echo("after").await, "after from server");
    healthy.close().await;
    let totals = server.stop().await;
    let counted: Vec<_> = totals.protocol_errors.iter().filter(|(_, n)| **n > 0).collect();
    assert_eq!(counted, faults.iter().map(|(kind, n)| (kind, n)).collect::<Vec<_>>());
    totals
}
