//! Peers that go at the wrong moment, or never come to the point.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::echo;
use crate::raw::{BINARY, FIN, HANDSHAKE, PING, Raw, frame};
use crate::server::{Server, nobody_else_notices, options};

/// Waits until the server has let go of the connection.
async fn gone(stream: &mut TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn half_a_handshake_is_let_go_after_a_while() {
    for half in ["", &HANDSHAKE[..60]] {
        nobody_else_notices(&[("handshake_timeout", 1)], async |server| {
            let mut stream = TcpStream::connect(server.game).await.unwrap();
            stream.write_all(half.as_bytes()).await.unwrap();
            gone(&mut stream).await;
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_let_go_at_once() {
    let table =
        ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", "\0\0\0\0"];
    for bytes in table {
        nobody_else_notices(&[("handshake", 1)], async |server| {
            let mut stream = TcpStream::connect(server.lobby).await.unwrap();
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            gone(&mut stream).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_handshake_without_end_is_cut_off() {
    nobody_else_notices(&[("handshake", 1)], async |server| {
        let mut stream = TcpStream::connect(server.game).await.unwrap();
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nX: ").await;
        let _ = stream.write_all(&[b'x'; 200_000]).await;
        gone(&mut stream).await;
    })
    .await;
}

#[tokio::test]
async fn a_probe_that_connects_and_goes_is_no_error() {
    let totals = nobody_else_notices(&[], async |server| {
        let mut stream = TcpStream::connect(server.game).await.unwrap();
        stream.shutdown().await.unwrap();
        gone(&mut stream).await;
    })
    .await;
    assert_eq!((totals.connections["game"], totals.dropped_connections), (2, 1));
}

#[tokio::test]
async fn an_end_or_a_reset_in_mid_frame_is_a_dropped_connection() {
    let totals = nobody_else_notices(&[], async |server| {
        let message = frame(FIN | BINARY, &echo("never finished"));
        let half = &message[..message.len() / 2];
        let mut ends = Raw::login(server.game).await;
        ends.send(half).await;
        ends.0.shutdown().await.unwrap();
        gone(&mut ends.0).await;
        let mut resets = Raw::login(server.game).await;
        resets.send(half).await;
        resets.reset();
    })
    .await;
    assert_eq!((totals.logins, totals.messages_in["EchoRequest"]), (3, 2));
    assert_eq!(totals.dropped_connections, 2);
}

#[tokio::test]
async fn who_never_reads_is_let_go_and_its_requests_count_as_unanswered() {
    let totals = nobody_else_notices(&[("never_reads", 1)], async |server| {
        let mut raw = Raw::login(server.game).await;
        let message = frame(FIN | BINARY, &echo(&"x".repeat(60_000)));
        while raw.0.write_all(&message).await.is_ok() {}
    })
    .await;
    assert_eq!(totals.unanswered["EchoRequest"], 1);
    assert_eq!(totals.messages_in["EchoRequest"], totals.requests["EchoRequest"] + 1);
}

#[tokio::test]
async fn who_pings_and_never_reads_costs_no_memory() {
    nobody_else_notices(&[], async |server| {
        let mut raw = Raw::login(server.game).await;
        raw.send(&frame(FIN | PING, &[7; 125]).repeat(50_000)).await;
    })
    .await;
}

#[tokio::test]
async fn a_message_that_comes_byte_by_byte_is_answered() {
    let server = Server::start(options());
    let mut raw = Raw::login(server.game).await;
    for byte in frame(FIN | BINARY, &echo("slow")) {
        raw.send(&[byte]).await;
    }
    let mut head = [0; 2];
    raw.0.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], FIN | BINARY);
    drop(raw);
    assert_eq!(server.stop().await.requests["EchoRequest"], 1);
}
