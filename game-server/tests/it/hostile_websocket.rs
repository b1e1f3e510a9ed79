//! Peers that break the WebSocket protocol after a proper handshake.

use crate::client::{Client, echo};
use crate::raw::{BINARY, CONTINUE, FIN, PING, Raw, TEXT, frame, header};
use crate::server::nobody_else_notices;

const PROTOCOL: u16 = 1002;
const UNSUPPORTED: u16 = 1003;
const SIZE: u16 = 1009;

/// A peer that sends these bytes must be closed with this code, and counted as this kind.
async fn closed_with(bytes: &[u8], code: u16, kind: &str) -> String {
    let mut said = None;
    nobody_else_notices(&[(kind, 1)], async |server| {
        let mut raw = Raw::login(server.game).await;
        raw.send(bytes).await;
        said = raw.closed().await;
    })
    .await;
    let (got, reason) = said.expect("a close frame with the reason");
    assert_eq!(got, code, "{reason}");
    reason
}

#[tokio::test]
async fn text_frames_are_not_how_messages_travel() {
    let reason = closed_with(&frame(FIN | TEXT, b"hello"), UNSUPPORTED, "text_frame").await;
    assert_eq!(reason, "sent a text frame; messages travel in binary frames");
}

#[tokio::test]
async fn text_that_is_no_utf8() {
    closed_with(&frame(FIN | TEXT, b"\xff\xfe"), PROTOCOL, "websocket").await;
}

#[tokio::test]
async fn a_frame_over_the_cap_is_refused_by_its_header_alone() {
    let reason = closed_with(&header(FIN | BINARY, 65_537), SIZE, "oversized").await;
    assert_eq!(reason, "sent 65537 bytes in one message; the limit is 65536 (--max-frame)");
    closed_with(&header(FIN | BINARY, u64::MAX), SIZE, "oversized").await;
}

#[tokio::test]
async fn a_frame_over_the_cap_with_all_its_bytes_still_hears_why() {
    closed_with(&frame(FIN | BINARY, &vec![0; 100_000]), SIZE, "oversized").await;
}

#[tokio::test]
async fn fragments_that_add_up_to_more_than_the_cap() {
    let mut bytes = frame(BINARY, &[0; 1000]);
    (0..70).for_each(|_| bytes.extend(frame(CONTINUE, &[0; 1000])));
    closed_with(&bytes, SIZE, "oversized").await;
}

#[tokio::test]
async fn empty_fragments_without_end_only_occupy_their_sender() {
    let totals = nobody_else_notices(&[], async |server| {
        let mut raw = Raw::login(server.game).await;
        raw.send(&frame(BINARY, b"")).await;
        raw.send(&frame(CONTINUE, b"").repeat(100_000)).await;
        let mut healthy = Client::login(server.game).await;
        assert_eq!(healthy.echo("now").await, "now from server");
    })
    .await;
    assert_eq!(totals.logins, 3);
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_is_fine() {
    nobody_else_notices(&[], async |server| {
        let mut raw = Raw::login(server.game).await;
        let message = echo("in parts");
        let (one, rest) = message.split_at(5);
        let (two, three) = rest.split_at(3);
        raw.send(&[frame(BINARY, one), frame(CONTINUE, two), frame(FIN | PING, b"p")].concat()).await;
        raw.send(&frame(FIN | CONTINUE, three)).await;
    })
    .await;
}

#[tokio::test]
async fn frames_that_rfc_6455_forbids() {
    let mut unmasked = frame(FIN | BINARY, b"hello");
    unmasked[1] &= 0x7f;
    unmasked.drain(2..6);
    let table = [
        (unmasked, "unmasked"),
        (frame(FIN | 3, b""), "reserved data opcode"),
        (frame(FIN | 11, b""), "reserved control opcode"),
        (frame(FIN | 0x40 | BINARY, b""), "reserved bit"),
        (frame(FIN | PING, &[0; 126]), "control frame of 126 bytes"),
        (frame(PING, b""), "control frame in fragments"),
        (frame(FIN | CONTINUE, b""), "continuation of nothing"),
        ([frame(BINARY, b""), frame(BINARY, b"")].concat(), "new message inside another"),
        (frame(FIN | 8, b"\x03"), "close frame of one byte"),
    ];
    for (bytes, what) in table {
        let reason = closed_with(&bytes, PROTOCOL, "websocket").await;
        assert!(reason.starts_with("broke the WebSocket protocol: "), "{what}: {reason}");
    }
}
