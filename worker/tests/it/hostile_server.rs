//! Robots against servers that misbehave: the right failure is counted, the run ends in time.

use std::time::Duration;

use crate::common::{Peer, counts, drain, failures, misbehaving, plan, play};
use futures_util::{SinkExt, StreamExt};
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use sproto::{Message as _, MessageRef as _};
use tokio_tungstenite::tungstenite::Message;
use worker::game::{EchoRequest, EchoResponse, MsgRef};
use worker::{Mod, Registry, Robot, Tasks, Wait};

/// Asks straight away, and once more when it can.
#[derive(Default)]
struct Ask;

impl Mod for Ask {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        let game = robot.connect("game", robot.host()).await?;
        robot.run_tasks();
        let asked = game.request(&EchoRequest { text: Some("hello".into()) }).await;
        robot.sleep(Duration::from_millis(500)).await;
        asked.map(drop).map_err(Into::into)
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none())
    }
}

async fn ask(host: &str) -> Vec<Report> {
    play(plan(host, "ask", 1, 1000.0, 0.7), Registry::default().with("ask", Ask::default)).await
}

fn envelope(name: &str, text: &str) -> Message {
    let (mut body, mut out) = (Vec::new(), Vec::new());
    EchoResponse { text: Some(text.into()) }.encode(&mut body).unwrap();
    MsgRef { name: Some(name), bin: Some(&body) }.encode(&mut out).unwrap();
    Message::Binary(out.into())
}

/// Reads one request, then sends `messages` and stays.
async fn answer(mut peer: Peer, messages: Vec<Message>) {
    let _request = peer.next().await;
    for message in messages {
        let _gone = peer.send(message).await;
    }
    drain(peer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_refused() {
    let reports = ask("ws://127.0.0.1:1").await;
    let (count, example) = failures(&reports, Kind::Connect, FailureClass::Refused);
    assert_eq!(count, 1);
    assert_eq!(example, "game: ws://127.0.0.1:1 can't be reached: Connection refused (os error 111)");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_a_timeout_of_its_length() {
    let host = misbehaving(drain).await;
    let reports = ask(&host).await;
    let (count, example) = failures(&reports, Kind::Request, FailureClass::Timeout);
    assert_eq!((count, example.as_str()), (1, "game: no EchoResponse within 300ms"));
    let request = reports.iter().flat_map(|report| &report.series).find(|s| s.series.kind == Kind::Request);
    assert_eq!(request.unwrap().failed.max_us, 300_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_fails_the_request_with_its_reason() {
    let host = misbehaving(|mut peer: Peer| async move {
        let _request = peer.next().await;
        let _closed = peer.close(None).await;
    })
    .await;
    let reports = ask(&host).await;
    let (count, example) = failures(&reports, Kind::Request, FailureClass::Closed);
    assert_eq!((count, example.as_str()), (1, "game: closed: the server closed it (without a reason)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_in_mid_request_fails_it() {
    let host = misbehaving(|mut peer: Peer| async move {
        let _request = peer.next().await; // and dropped without a word
    })
    .await;
    let reports = ask(&host).await;
    let (count, example) = failures(&reports, Kind::Request, FailureClass::Closed);
    assert_eq!(count, 1);
    assert!(example.starts_with("game: closed: "), "{example}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_ends_the_connection_as_a_protocol_failure() {
    let garbage = [
        (Message::Binary(vec![0xff; 9].into()), "game: the server sent what is no message: "),
        (Message::Binary(vec![0, 0].into()), "game: the server sent an envelope without a name"),
        (Message::text("hello"), "game: the server sent text, but messages travel as binary"),
    ];
    for (message, told) in garbage {
        let host = start(vec![message]).await;
        let reports = ask(&host).await;
        let (count, example) = failures(&reports, Kind::Connect, FailureClass::Protocol);
        assert_eq!(count, 1);
        assert!(example.starts_with(told), "{example}");
        assert_eq!(failures(&reports, Kind::Request, FailureClass::Closed).0, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_cannot_be_read_is_a_decode_failure() {
    let mut out = Vec::new();
    MsgRef { name: Some("EchoResponse"), bin: Some(&[1, 0, 0, 0, 9, 0, 0, 0]) }.encode(&mut out).unwrap();
    let reports = ask(&start(vec![Message::Binary(out.into())]).await).await;
    let (count, example) = failures(&reports, Kind::Request, FailureClass::Decode);
    assert_eq!(count, 1);
    assert!(example.starts_with("game: EchoResponse"), "{example}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_asked_for_is_counted_by_name() {
    let mut messages: Vec<_> =
        ["LoginRespone", "Nonsense", "More nonsense"].map(|name| envelope(name, "x")).into();
    messages.push(envelope("EchoResponse", "the reply"));
    messages.push(envelope("EchoResponse", "one too many"));
    let reports = ask(&start(messages).await).await;
    assert_eq!(counts(&reports, Kind::Request, "EchoRequest"), (1, 0));
    assert_eq!(counts(&reports, Kind::Push, "LoginRespone"), (1, 0));
    assert_eq!(counts(&reports, Kind::Push, "(unknown)"), (2, 0));
    assert_eq!(counts(&reports, Kind::Push, "EchoResponse"), (0, 1));
    let (count, example) = failures(&reports, Kind::Push, FailureClass::Protocol);
    assert_eq!(count, 1);
    assert_eq!(example, "game: nobody waits for this reply: a second one?");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_websocket_there_is_refused_with_what_was_found() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let text = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
            let _gone = tokio::io::AsyncWriteExt::write_all(&mut stream, text).await;
        }
    });
    let reports = ask(&host).await;
    let (count, example) = failures(&reports, Kind::Connect, FailureClass::Refused);
    assert_eq!(count, 1);
    assert!(example.contains("no WebSocket there") && example.contains("404"), "{example}");
}

/// A server that sends the same to everyone. The messages live as long as the test process.
async fn start(messages: Vec<Message>) -> String {
    let messages: &'static Vec<Message> = Box::leak(Box::new(messages));
    misbehaving(move |peer| answer(peer, messages.clone())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_robots_are_kept_with_what_they_did_before() {
    let host = misbehaving(drain).await;
    let mut plan = plan(&host, "ask", 5, 1000.0, 0.7);
    plan.keep_failures = 1;
    let reports = play(plan, Registry::default().with("ask", Ask::default)).await;
    let kept: Vec<_> = reports.iter().flat_map(|report| &report.kept).collect();
    // One for each of two threads: the master takes the first of all.
    assert!((1..=2).contains(&kept.len()), "{kept:?}");
    assert_eq!(kept[0].reason, "game: no EchoResponse within 300ms");
    let sent =
        kept[0].lines.iter().any(|line| line.contains("before: -> game EchoRequest {Text=\"hello\"} ("));
    assert!(sent, "{:?}", kept[0].lines);
}
