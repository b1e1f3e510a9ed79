//! Bytes that are no message, and messages at the wrong time: each costs its sender the connection, and nobody else.

use sproto::value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::client::{Client, echo, encode, seal};
use crate::server::nobody_else_notices;

/// What the server says to a player who sends this frame.
async fn refused(frame: Vec<u8>, kind: &str) -> (CloseCode, String) {
    let mut said = None;
    nobody_else_notices(&[(kind, 1)], async |server| {
        let mut client = Client::login(server.game).await;
        client.send(Message::binary(frame)).await;
        said = client.closed().await;
    })
    .await;
    let close = said.expect("a close frame with the reason");
    (close.code, close.reason.to_string())
}

#[tokio::test]
async fn bytes_that_are_no_envelope() {
    let table: [(&[u8], &str); 6] = [
        (b"", "no bytes"),
        (b"\x01", "half a header"),
        (b"\xff\xff\x00", "65,535 slots in 3 bytes"),
        (b"\x02\x00\x00\x00\x00\x00\xff\xff\xff\xffabc", "a length of 4 GiB"),
        (b"\x02\x00\x00\x00\x00\x00\xfc\xff\xff\xff", "a length word that overflows when 4 is added"),
        (b"\x02\x00\x04\x00\x04\x00", "a number where text should be"),
    ];
    for (bytes, what) in table {
        let (code, reason) = refused(bytes.to_vec(), "malformed").await;
        assert_eq!(code, CloseCode::Invalid, "{what}");
        assert!(reason.starts_with("sent "), "{what}: {reason}");
    }
}

#[tokio::test]
async fn bytes_in_the_envelope_that_are_no_message() {
    let wrong_kind = b"\x01\x00\x04\x00";
    let past_the_end = b"\x01\x00\x00\x00\x05\x00\x00\x00abc";
    let no_utf8 = b"\x01\x00\x00\x00\x02\x00\x00\x00\xff\xfe";
    for body in [&b""[..], wrong_kind, past_the_end, no_utf8] {
        refused(seal("EchoRequest", body), "malformed").await;
    }
}

#[tokio::test]
async fn messages_without_what_they_must_have() {
    let without_name = encode("Msg", &value!({ Bin: b"" }));
    assert_eq!(refused(without_name, "malformed").await.1, "sent a message without Msg.Name");
    let without_text = seal("EchoRequest", &encode("EchoRequest", &value!({})));
    assert_eq!(refused(without_text, "malformed").await.1, "sent a message without EchoRequest.Text");
}

#[tokio::test]
async fn tags_that_the_schema_does_not_have_are_passed_over() {
    nobody_else_notices(&[], async |server| {
        let mut client = Client::login(server.game).await;
        // Text, then tag jumps up to past 16 bits with numbers between.
        let mut body = b"\x06\x00\x00\x00\xff\xff\x04\x00\xff\xff\xff\xff\x04\x00".to_vec();
        body.extend(b"\x02\x00\x00\x00hi");
        client.send(Message::binary(seal("EchoRequest", &body))).await;
        assert_eq!(client.reply().await.1["Text"].as_str(), Some("hi from server"));
    })
    .await;
}

#[tokio::test]
async fn names_that_are_no_request() {
    let table = [
        ("NoSuchMessage", "sent `NoSuchMessage`, which is no request of the role protocol"),
        ("EchoResponse", "sent `EchoResponse`, which is no request of the role protocol"),
        ("", "sent ``, which is no request of the role protocol"),
        ("\u{1b}[2J\n", "sent `\\u{1b}[2J\\n`, which is no request of the role protocol"),
    ];
    for (name, reason) in table {
        assert_eq!(refused(seal(name, b"\0\0"), "unknown_message").await, (CloseCode::Policy, reason.into()));
    }
    let (_, reason) = refused(seal(&"é".repeat(20_000), b"\0\0"), "unknown_message").await;
    assert!(reason.len() <= 123);
}

#[tokio::test]
async fn requests_out_of_turn() {
    let (code, reason) = refused(seal("LoginReuest", b"\0\0"), "out_of_turn").await;
    assert_eq!((code, reason.as_str()), (CloseCode::Policy, "sent LoginReuest a second time"));
    let (_, reason) = refused(seal("ServerListRequest", b"\0\0"), "out_of_turn").await;
    assert_eq!(reason, "sent ServerListRequest to the game; the lobby answers it");
}

#[tokio::test]
async fn an_echo_before_the_login_is_refused_and_not_answered() {
    let totals = nobody_else_notices(&[("out_of_turn", 1)], async |server| {
        let mut client = Client::connect(server.game).await;
        client.send(Message::binary(echo("let me in"))).await;
        assert_eq!(client.closed().await.unwrap().reason, "sent EchoRequest before its login");
    })
    .await;
    assert_eq!((totals.messages_in["EchoRequest"], totals.requests["EchoRequest"]), (3, 2));
    assert_eq!(totals.logins, 1);
}

#[tokio::test]
async fn the_lobby_lets_nobody_in() {
    nobody_else_notices(&[("out_of_turn", 1)], async |server| {
        let mut client = Client::connect(server.lobby).await;
        client.send(Message::binary(seal("LoginReuest", b"\0\0"))).await;
        assert_eq!(
            client.closed().await.unwrap().reason,
            "sent LoginReuest to the lobby; the game answers it"
        );
    })
    .await;
}
