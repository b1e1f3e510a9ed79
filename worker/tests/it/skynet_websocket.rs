//! Robots against a peer that speaks WebSocket as skynet's `http.websocket` does, byte for byte: its handshake, its frames, its text
//! where a service says nothing else, its goodbyes.

use std::io::{Error, ErrorKind, Result};

use crate::common::{counts, failures, plan, play, seconds};
use proto::plan::Plan;
use proto::reconnect::Reconnect;
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use sproto::{MessageRef as _, value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use worker::game::{EchoRequestRef, EchoResponse, LoginRespone, LoginReuest, MsgRef, ServerListResponse};
use worker::{Handlers, Mod, Registry, Robot, Tasks, Wait};

const FRAME: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;
const MAX_FRAME_SIZE: u64 = 256 << 10;

/// What a robot asks to be let in.
struct Head(String);

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The status and body of the answer to what skynet does not take, in the order in which it looks. It compares whole values: it takes
    /// no `keep-alive, Upgrade`. Of subprotocols it knows one.
    fn refusal(&self) -> Option<(&'static str, &'static str)> {
        let is = |name: &str, wanted: &str| self.header(name).is_some_and(|its| its.to_lowercase() == wanted);
        let mut protocols = self.header("sec-websocket-protocol").unwrap_or("chat").split([' ', ',']);
        let bad = "400 Bad Request";
        let rules = [
            (self.0.starts_with("GET "), (bad, "need GET method")),
            (is("upgrade", "websocket"), ("426 ", "Upgrade Required")),
            (self.header("host").is_some(), (bad, "host Required")),
            (is("connection", "upgrade"), (bad, "Connection must Upgrade")),
            (self.header("sec-websocket-key").is_some(), (bad, "Sec-WebSocket-Key Required")),
            (is("sec-websocket-version", "13"), (bad, "Sec-WebSocket-Version must 13")),
            (protocols.any(|each| each == "chat"), (bad, "Sec-WebSocket-Protocol need include chat")),
        ];
        rules.into_iter().find(|(kept, _)| !kept).map(|(_, refusal)| refusal)
    }
}

/// What `websocket.accept` makes of a socket.
struct Websocket(TcpStream);

impl Websocket {
    /// `read_handshake`. The error is the answer to what it does not take.
    async fn accept(mut stream: TcpStream) -> Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = Head(String::from_utf8(head).unwrap());
        if let Some((status, body)) = head.refusal() {
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await?;
            return Err(Error::new(ErrorKind::InvalidData, body));
        }
        let accept = derive_accept_key(head.header("sec-websocket-key").unwrap().as_bytes());
        let chat = head.header("sec-websocket-protocol").map(|_| "Sec-WebSocket-Protocol: chat\r\n");
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: {accept}\r\n{}\r\n",
            chat.unwrap_or_default()
        );
        stream.write_all(answer.as_bytes()).await?;
        Ok(Self(stream))
    }

    /// `write_frame`: the head and the payload are two writes, and 65,535 bytes are told by eight.
    async fn write_frame(&mut self, first: u8, payload: &[u8]) -> Result<()> {
        let length = payload.len();
        let head = match length {
            ..126 => vec![first, length as u8],
            126..0xffff => [&[first, 126][..], &(length as u16).to_be_bytes()].concat(),
            _ => [&[first, 127][..], &(length as u64).to_be_bytes()].concat(),
        };
        self.0.write_all(&head).await?;
        if length > 0 { self.0.write_all(payload).await } else { Ok(()) }
    }

    /// `websocket.write`, whose frames are text unless it is told "binary".
    async fn write(&mut self, data: &[u8], fmt: Option<&str>) -> Result<()> {
        let op = if fmt == Some("binary") { BINARY } else { TEXT };
        self.write_frame(FIN | op, data).await
    }

    /// `websocket.close`: says goodbye and closes without waiting for the other's.
    async fn close(mut self, code: Option<u16>, reason: &[u8]) -> Result<()> {
        let payload = code.map(|code| [&code.to_be_bytes()[..], reason].concat());
        self.write_frame(FIN | CLOSE, &payload.unwrap_or_default()).await
    }

    /// `read_frame`.
    async fn read_frame(&mut self) -> Result<(bool, u8, Vec<u8>)> {
        let [first, second] = [self.0.read_u8().await?, self.0.read_u8().await?];
        let length = match second & 0x7f {
            126 => self.0.read_u16().await?.into(),
            127 => self.0.read_u64().await?,
            short => short.into(),
        };
        assert!(length <= MAX_FRAME_SIZE && second & 0x80 != 0, "clients mask");
        let mut key = [0; 4];
        self.0.read_exact(&mut key).await?;
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await?;
        payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        Ok((first & FIN != 0, first & 0xf, payload))
    }

    /// The loop of `resolve_accept` up to the next message; none once the peer has said goodbye.
    async fn message(&mut self, seen: &mpsc::Sender<Seen>) -> Result<Option<Vec<u8>>> {
        let mut pieces = Vec::new();
        loop {
            let (fin, op, payload) = self.read_frame().await?;
            match op {
                CLOSE => {
                    let code = payload.len() > 2; // a code alone is not read
                    let code = code.then(|| u16::from_be_bytes([payload[0], payload[1]]));
                    self.write_frame(FIN | CLOSE, &[]).await?;
                    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
                    let _over = seen.try_send(Seen::Close(code, reason));
                    return Ok(None);
                }
                PING => self.write_frame(FIN | PONG, &[]).await?,
                PONG => drop(seen.try_send(Seen::Pong)),
                _ => {
                    pieces.extend(payload);
                    if fin {
                        let _over = seen.try_send(Seen::Message(op));
                        return Ok(Some(pieces));
                    }
                }
            }
        }
    }
}

/// What a peer saw of a robot.
#[derive(Debug, PartialEq)]
enum Seen {
    /// A message, by its last frame.
    Message(u8),
    Pong,
    Close(Option<u16>, String),
}

fn envelope(name: &str, message: &impl sproto::Message) -> Vec<u8> {
    let (mut body, mut out) = (Vec::new(), Vec::new());
    message.encode(&mut body).unwrap();
    MsgRef { name: Some(name), bin: Some(&body) }.encode(&mut out).unwrap();
    out
}

/// The service behind the socket.
#[derive(Clone, Copy)]
struct Service {
    /// What it gives `websocket.write` as its third argument.
    fmt: Option<&'static str>,
    /// Its answer to a login.
    my_value: i64,
    /// What it gives `websocket.close` in place of that answer.
    closes: Option<(Option<u16>, &'static [u8])>,
}

impl Service {
    const BINARY: Self = Self { fmt: Some("binary"), my_value: 7, closes: None };

    /// Its address, and what it sees of robots.
    async fn start(self) -> (String, mpsc::Receiver<Seen>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("ws://{}", listener.local_addr().unwrap());
        let (seen, sees) = mpsc::channel(64);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = seen.clone();
                tokio::spawn(async move { self.serve(Websocket::accept(stream).await?, &seen).await });
            }
        });
        (host, sees)
    }

    async fn serve(self, mut socket: Websocket, seen: &mpsc::Sender<Seen>) -> Result<()> {
        let mut echoes = 0;
        while let Some(message) = socket.message(seen).await? {
            let msg = MsgRef::decode(&message).unwrap();
            if msg.name == Some("EchoRequest") {
                let asked = EchoRequestRef::decode(msg.bin.unwrap()).unwrap();
                let answer = envelope("EchoResponse", &EchoResponse { text: asked.text.map(Into::into) });
                echoes += 1;
                self.echo(&mut socket, &answer, echoes).await?;
            } else if let Some((code, reason)) = self.closes {
                return socket.close(code, reason).await;
            } else {
                self.let_in(&mut socket).await?;
            }
        }
        Ok(())
    }

    /// Answers a login, pings, and pushes a list.
    async fn let_in(self, socket: &mut Websocket) -> Result<()> {
        let answer = LoginRespone { my_value: Some(self.my_value) };
        socket.write(&envelope("LoginRespone", &answer), self.fmt).await?;
        socket.write_frame(FIN | PING, &[]).await?;
        socket.write(&envelope("ServerListResponse", &ServerListResponse::default()), self.fmt).await
    }

    /// The third answer comes in pieces with a ping between them: skynet itself cuts nothing, what stands before it may.
    async fn echo(self, socket: &mut Websocket, answer: &[u8], number: usize) -> Result<()> {
        if number != 3 {
            return socket.write(answer, self.fmt).await;
        }
        let op = if self.fmt.is_some() { BINARY } else { TEXT };
        socket.write_frame(op, &answer[..1]).await?;
        socket.write_frame(FIN | PING, &[]).await?;
        socket.write_frame(FRAME, &answer[1..40]).await?;
        socket.write_frame(FIN | FRAME, &answer[40..]).await
    }
}

/// An envelope's bytes beside the text of the echo in it.
const AROUND: usize = 34;

/// Echoes whose frames tell their length in each way. From the third on they are no UTF-8: a length in them has such bytes.
const ECHOES: [usize; 6] = [3, 91, 200, 0xfffe - AROUND, 0xffff - AROUND, 70_000];

/// Logs in, echoes, and says why it goes.
#[derive(Default)]
struct Player<const AS_TEXT: bool>;

impl<const AS_TEXT: bool> Mod for Player<AS_TEXT> {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        let game = robot.connect("game", robot.host());
        let game = if AS_TEXT { game.text_frames() } else { game }.await?;
        game.request(&LoginReuest {}).await?;
        for length in ECHOES {
            let text = "x".repeat(length);
            let asked = value!({ Text: text.clone() });
            let reply = game.call("EchoRequest", &asked).timeout(seconds(5.0)).await?;
            anyhow::ensure!(reply["Text"].as_str() == Some(&text), "{length} bytes came back as others");
        }
        robot.run_tasks();
        game.close_with(4000, "enough").await;
        Ok(())
    }

    fn handlers() -> Handlers<Self> {
        Handlers::new().on(|_, robot, _: ServerListResponse| {
            robot.count("pushed");
            Ok(())
        })
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none())
    }
}

async fn one(host: &str, mod_name: &str, change: impl FnOnce(&mut Plan)) -> Vec<Report> {
    let registry = Registry::default().with("binary", Player::<false>::default);
    let registry = registry.with("text", Player::<true>::default);
    let mut plan = plan(host, mod_name, 1, 1000.0, 0.9);
    plan.reconnect = Reconnect::Backoff { first: seconds(20.0), most: seconds(30.0) };
    change(&mut plan);
    play(plan, registry).await
}

/// A whole session was played, its messages in frames of one kind.
fn check_played(reports: &[Report], mut sees: mpsc::Receiver<Seen>, op: u8) {
    assert_eq!(counts(reports, Kind::Request, "LoginReuest"), (1, 0));
    assert_eq!(counts(reports, Kind::Request, "EchoRequest"), (6, 0));
    assert_eq!(counts(reports, Kind::Push, "ServerListResponse"), (1, 0));
    assert_eq!(counts(reports, Kind::Custom, "pushed"), (1, 0));
    assert_eq!(counts(reports, Kind::Session, "default"), (1, 0));
    let mut seen: Vec<_> = std::iter::from_fn(|| sees.try_recv().ok()).collect();
    assert_eq!(seen.pop(), Some(Seen::Close(Some(4000), "enough".into())));
    assert_eq!(seen.iter().filter(|seen| **seen == Seen::Pong).count(), 2);
    assert_eq!(seen.iter().filter(|seen| **seen == Seen::Message(op)).count(), 7);
    assert_eq!(seen.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_logs_in_echoes_hears_and_leaves_by_skynets_websocket() {
    assert_eq!(envelope("EchoResponse", &EchoResponse { text: Some("".into()) }).len(), AROUND);
    let (host, sees) = Service::BINARY.start().await;
    check_played(&one(&host, "binary", |_| ()).await, sees, BINARY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_that_takes_text_plays_with_a_service_that_writes_text_of_any_bytes() {
    let (host, sees) = Service { fmt: None, my_value: 200, ..Service::BINARY }.start().await;
    check_played(&one(&host, "text", |_| ()).await, sees, TEXT);
    let (host, sees) = Service::BINARY.start().await;
    check_played(&one(&host, "text", |_| ()).await, sees, TEXT);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_a_robot_does_not_take_is_told_with_what_skynet_shall_write() {
    let advice =
        r#"let it write binary, in skynet `websocket.write(id, data, "binary")`, or connect with `text`"#;
    let no_utf8 = "sent text that is no UTF-8, as a message or as its reason to close";
    let text = Service { fmt: None, ..Service::BINARY };
    for (service, told) in [
        (text, "sent text, but messages travel as binary"),
        (Service { my_value: 200, ..text }, no_utf8),
        // In GBK.
        (Service { closes: Some((Some(4001), b"\xcc\xdf")), ..Service::BINARY }, no_utf8),
    ] {
        let (host, _sees) = service.start().await;
        let reports = one(&host, "binary", |_| ()).await;
        let (count, example) = failures(&reports, Kind::Connect, FailureClass::Protocol);
        assert_eq!((count, example), (1, format!("game: the server {told}: {advice}")));
        assert_eq!(failures(&reports, Kind::Request, FailureClass::Closed).0, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_skynet_says_as_it_closes_is_told() {
    for (closes, told) in [
        ((Some(4001), &b"kicked"[..]), "the server closed it (4001 kicked)"),
        ((Some(4002), b""), "the server closed it (4002)"),
        ((None, b""), "the server closed it (without a reason)"),
    ] {
        let (host, _sees) = Service { closes: Some(closes), ..Service::BINARY }.start().await;
        let reports = one(&host, "binary", |_| ()).await;
        let (count, example) = failures(&reports, Kind::Request, FailureClass::Closed);
        assert_eq!((count, example), (1, format!("game: closed: {told}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_subprotocol_of_skynet_is_agreed_on_and_others_are_refused() {
    let (host, sees) = Service::BINARY.start().await;
    let agreed = one(&host, "binary", |plan| plan.network.subprotocol = Some("chat".into())).await;
    check_played(&agreed, sees, BINARY);
    let (host, _sees) = Service::BINARY.start().await;
    let refused = one(&host, "binary", |plan| plan.network.subprotocol = Some("sproto".into())).await;
    let (count, example) = failures(&refused, Kind::Connect, FailureClass::Refused);
    let told =
        format!("game: {host} can't be reached: no WebSocket there: the server answered 400 Bad Request");
    assert_eq!((count, example), (1, told));
}
