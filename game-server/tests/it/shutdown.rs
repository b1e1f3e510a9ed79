//! How a server ends: everybody is told, nobody can hold it up.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::client::Client;
use crate::raw::{BINARY, Raw, frame};
use crate::server::{PATIENCE, Server, options};
use game_server::{Listeners, run};

#[tokio::test]
async fn everybody_gets_a_close_frame() {
    let server = Server::start(options());
    let mut player = Client::login(server.game).await;
    let mut visitor = Client::connect(server.lobby).await;
    let (totals, one, other) = tokio::join!(server.stop(), player.closed(), visitor.closed());
    for close in [one, other] {
        let close = close.unwrap();
        assert_eq!((close.code, close.reason.as_str()), (CloseCode::Away, "the server stops"));
    }
    assert_eq!((totals.live_connections, totals.live_sessions, totals.peak_sessions), (0, 0, 1));
}

#[tokio::test]
async fn a_peer_that_does_not_answer_holds_nothing_up() {
    let server = Server::start(options());
    let _deaf = Raw::login(server.game).await;
    let mut busy = Raw::login(server.game).await;
    busy.send(&frame(BINARY, b"half a message")).await;
    let mut greeting = TcpStream::connect(server.game).await.unwrap();
    greeting.write_all(b"GET / HT").await.unwrap();
    let start = Instant::now();
    let totals = server.stop().await;
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    assert_eq!(totals.live_connections, 0);
}

#[tokio::test]
async fn nobody_new_gets_in_after_the_end() {
    let server = Server::start(options());
    let (game, lobby) = (server.game, server.lobby);
    server.stop().await;
    assert!(TcpStream::connect(game).await.is_err());
    assert!(TcpStream::connect(lobby).await.is_err());
}

#[tokio::test]
async fn a_server_that_is_dropped_takes_its_connections_along() {
    let options = options();
    let listeners = Listeners::bind(&options).unwrap();
    let game = listeners.game_address();
    let task = tokio::spawn(run(listeners, options, std::future::pending()));
    let mut player = Client::login(game).await;
    task.abort();
    assert_eq!(player.closed().await.unwrap().code, CloseCode::Away);
}
