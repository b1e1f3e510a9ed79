//! The API over loopback, for people and for those who mean no good. Real time and real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use crate::common::fake::Worker;
use crate::common::{Master, config, plan};
use master::config::Life;
use master::status::Standing;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_secs(30);

/// A master that stays, with its API.
struct Site {
    master: Master,
    address: SocketAddr,
    closing: CancellationToken,
}

impl Site {
    async fn open() -> Self {
        let master = Master::staying(config(1, plan(20, 100.0, 3_600)), Life::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, closing) = (listener.local_addr().unwrap(), CancellationToken::new());
        let desk = master.desk.clone();
        tokio::spawn(master::web::serve(listener, desk, Default::default(), Vec::new(), closing.clone()));
        master.until(|status| status.phase == Standing::Idle).await;
        Self { master, address, closing }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes as they are; status and body of the answer.
    async fn raw(&self, request: impl AsRef<[u8]>) -> (u16, String) {
        let mut stream = self.connect().await;
        // The answer may come, and the connection end, before all is read.
        _ = stream.write_all(request.as_ref()).await;
        let mut answer = Vec::new();
        _ = timeout(LONG, stream.read_to_end(&mut answer)).await.expect("an answer in time");
        let answer = String::from_utf8(answer).unwrap();
        let status = answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let host = self.address;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        let (status, body) = self.raw(request).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    async fn json(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask(method, &format!("/api/v1/{path}"), "Content-Type: application/json\r\n", &body.to_string())
            .await
    }

    /// The status and the sentence of a request that is not granted.
    async fn fault(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.json(method, path, body).await;
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    }
}

fn told(status: u16, sentence: &str) -> (u16, String) {
    (status, sentence.to_owned())
}

#[tokio::test]
async fn a_run_is_started_changed_and_stopped_by_requests() {
    let site = Site::open().await;
    let worker = Worker::join(&site.master.network, "ann").await;
    site.master.until(|status| status.workers.len() == 1).await;
    assert_eq!(site.fault("POST", "stop", json!({})).await, told(409, "no run goes on; start one first"));
    let (one, two) =
        tokio::join!(site.json("POST", "start", json!({})), site.json("POST", "start", json!({})));
    let mut both = [one.0, two.0];
    both.sort_unstable();
    assert_eq!(both, [200, 409], "start twice at once: {one:?} {two:?}");
    site.master.until(|status| status.phase == Standing::Running).await;
    let (status, answer) = site.json("PATCH", "plan", json!({ "users": 40, "spawn_rate": 50 })).await;
    assert_eq!(
        (status, answer["revision"].as_u64(), &answer["told"]),
        (200, Some(2), &json!("40 robots at 50 per second"))
    );
    for path in ["pause", "resume"] {
        assert_eq!(site.ask("POST", &format!("/api/v1/{path}"), "", "").await.0, 200, "{path}");
    }
    let storm = json!({ "name": "storm", "share": 0.25, "args": { "map": 7 } });
    assert_eq!(site.json("POST", "command", storm).await.0, 200);
    let (status, now) = site.json("GET", "status", json!({})).await;
    assert_eq!(
        (status, &now["phase"], now["changes"].as_array().map(Vec::len)),
        (200, &json!("running"), Some(4))
    );
    assert_eq!(now["changes"][0]["who"], "HTTP from 127.0.0.1");
    assert_eq!(site.json("POST", "stop", json!({})).await.0, 200);
    assert_eq!(site.fault("PATCH", "plan", json!({ "users": 1 })).await, told(409, "the run is stopping"));
    site.master.until(|status| status.last.is_some()).await;
    site.master.stop().await;
    assert_eq!(site.master.summary().await.verdict.exit_code, 0);
    let commands = worker.ended().await.commands;
    assert_eq!((commands[0].share_permille, &*commands[0].args), (250, "{\"map\":7}"));
}

#[tokio::test]
async fn what_can_t_be_asked_is_answered_by_a_sentence() {
    let site = Site::open().await;
    let unusable = |wrong: &str| told(422, &format!("the body can't be used: {wrong}"));
    let table = [
        ("PATCH", "plan", json!({}), told(422, "give users, with spawn_rate or without, or else arrivals")),
        (
            "PATCH",
            "plan",
            json!({ "users": 1, "arrivals": 1 }),
            told(422, "give users, with spawn_rate or without, or else arrivals"),
        ),
        (
            "PATCH",
            "plan",
            json!({ "users": -1 }),
            unusable("invalid value: integer `-1`, expected u64 at line 1 column 11"),
        ),
        (
            "PATCH",
            "plan",
            json!({ "user": 1 }),
            unusable(
                "unknown field `user`, expected one of `users`, `spawn_rate`, `arrivals` at line 1 column 7",
            ),
        ),
        ("PATCH", "plan", json!({ "users": 1 }), told(409, "no run goes on; start one first")),
        (
            "POST",
            "command",
            json!({ "name": "x", "share": 0 }),
            told(422, "a share of 0 is not possible; give 0.001 to 1"),
        ),
        (
            "POST",
            "start",
            json!({ "users": 1u64 << 63 }),
            told(422, "9223372036854775808 robots are more than a plan can hold (1000000000)"),
        ),
        (
            "POST",
            "start",
            json!({ "run_time": "soon" }),
            told(422, "run_time: `soon` is no time; give it like 30s, 5m or 1h30m"),
        ),
        (
            "POST",
            "start",
            json!({ "spawn_rate": -1.0 }),
            told(422, "a spawn rate of -1 robots per second is not possible; give a number above 0"),
        ),
        ("DELETE", "plan", json!({}), told(405, "this path takes another method")),
        ("GET", "nothing", json!({}), told(404, "there is nothing at this path")),
    ];
    for (method, path, body, expected) in table {
        assert_eq!(site.fault(method, path, body.clone()).await, expected, "{method} {path} {body}");
    }
    assert_eq!(site.json("GET", "status", json!({})).await.1["phase"], "idle");
}

#[tokio::test]
async fn hostile_requests_are_refused_and_the_master_goes_on() {
    let site = Site::open().await;
    let host = site.address;
    for path in [
        "/",
        "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/status%00",
        "/%00",
        "/api/v1/",
    ] {
        assert_eq!(site.ask("GET", path, "", "").await.0, 404, "{path}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "x".repeat(65_536));
    assert!(matches!(site.raw(long).await.0, 414 | 431));
    let many: String = (0..1_000).map(|i| format!("X-{i}: 1\r\n")).collect();
    assert_eq!(site.ask("GET", "/api/v1/status", &many, "").await.0, 431);
    let start = "/api/v1/start";
    for kind in ["", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"] {
        assert_eq!(site.ask("POST", start, kind, "{\"users\": 1}").await.0, 415, "{kind}");
    }
    let json = "Content-Type: application/json; charset=utf-8\r\n";
    for body in [
        "{\"users\": 1",
        "nonsense",
        "\u{0}",
        "[]",
        &"[".repeat(10_000),
        &format!("{{\"users\": {}", "[".repeat(10_000)),
    ] {
        assert_eq!(site.ask("POST", start, json, body).await.0, 422, "{}", &body[..body.len().min(30)]);
    }
    assert_eq!(site.ask("POST", start, json, &" ".repeat(master::web::LARGEST_BODY + 1)).await.0, 413);
    let largest = json!({ "name": "storm", "args": "x".repeat(proto::command::LARGEST_ARGS - 2) });
    assert_eq!(site.fault("POST", "command", largest).await, told(409, "no run goes on; start one first"));
    for foreign in ["Origin: http://evil.example\r\n", "Origin: null\r\n", "Origin: https://127.0.0.1\r\n"] {
        assert_eq!(site.ask("POST", start, foreign, "").await.0, 403, "{foreign}");
    }
    let own = format!("Origin: http://{host}\r\n");
    assert_eq!(site.ask("POST", "/api/v1/stop", &own, "").await.0, 409);
    let other =
        "POST /api/v1/stop HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(site.raw(other).await.0, 403);
    assert_eq!(site.raw("\u{16}\u{3}\u{1} no HTTP\r\n\r\n").await.0, 400);
    assert_eq!(site.json("GET", "status", Value::Null).await.1["phase"], "idle");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let site = Site::open().await;
    let mut stream = site.connect().await;
    let head = format!(
        "POST /api/v1/start HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        site.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(65_536));
    let mut sent = 0;
    while timeout(LONG, stream.write_all(chunk.as_bytes()))
        .await
        .expect("it is cut off, not left waiting")
        .is_ok()
    {
        sent += chunk.len();
        assert!(sent < 64 << 20, "{sent} bytes were taken");
    }
    assert_eq!(site.json("GET", "status", json!({})).await.0, 200);
}

#[tokio::test]
async fn the_65th_connection_takes_the_place_of_the_oldest_that_asks_nothing() {
    let site = Site::open().await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(site.connect().await);
    }
    let soon = timeout(Duration::from_secs(5), site.json("GET", "status", json!({})));
    assert_eq!(soon.await.expect("a place in time").0, 200);
    let ended = timeout(LONG, open[0].read(&mut [0; 1])).await.expect("the oldest goes");
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert!(timeout(Duration::from_millis(100), open[1].read(&mut [0; 1])).await.is_err());
}

#[tokio::test]
async fn a_crowd_that_listens_to_events_and_reads_nothing_keeps_nobody_out() {
    let site = Site::open().await;
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", site.address);
    let mut open = Vec::new();
    for _ in 0..64 {
        let mut stream = site.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        open.push(stream);
    }
    let mut listening = 0;
    for stream in &mut open {
        let mut head = [0; 12];
        timeout(LONG, stream.read_exact(&mut head)).await.expect("an answer in time").unwrap();
        listening += usize::from(&head == b"HTTP/1.1 200");
    }
    assert_eq!(listening, 32);
    let soon = timeout(Duration::from_secs(5), site.json("GET", "status", json!({})));
    assert_eq!(soon.await.expect("a place in time").0, 200);
}

#[tokio::test]
async fn events_tell_each_new_status_and_end_with_the_master() {
    let site = Site::open().await;
    let mut stream = BufReader::new(site.connect().await);
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", site.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut lines = stream.lines();
    let mut phase = async || loop {
        let line = timeout(LONG, lines.next_line()).await.expect("an event in time").ok().flatten()?;
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str::<Value>(data).unwrap()["phase"].as_str().map(str::to_owned);
        }
    };
    assert_eq!(phase().await.as_deref(), Some("idle"));
    assert_eq!(site.json("POST", "start", json!({})).await.0, 200);
    while phase().await.as_deref() != Some("waiting") {}
    site.master.stop().await;
    site.closing.cancel();
    while phase().await.is_some() {}
}
