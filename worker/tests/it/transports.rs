//! Connections of every transport and dialect, against peers that speak the same bytes.

use std::sync::Arc;

use crate::common::{Peer, counts, failures, misbehaving, plan, play_with, seconds};
use futures_util::{SinkExt, StreamExt};
use proto::message::Bundle;
use proto::plan::Plan;
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use proto::speech::Dialect;
use sproto::rpc::{Dispatch, Host};
use sproto::{Schema, value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use worker::{Connection, Mod, Registry, Robot, Tasks, Wait};

const OURS: &str = "
.package { type 0 : integer  session 1 : integer }
get 2 { request { what 0 : string } response { result 0 : string } }
quit 4 {}
";
const THEIRS: &str = "
.package { type 0 : integer  session 1 : integer }
heartbeat 1 {}
";

fn bundle() -> Bundle {
    let files = [("game.c2s.sproto", OURS), ("game.s2c.sproto", THEIRS)];
    Bundle::new(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into())
}

/// Asks `get` once it is in, by sproto's RPC.
#[derive(Default)]
struct Getter;

impl Getter {
    async fn get(connection: &Connection) -> anyhow::Result<()> {
        let reply = connection.call("get", &value!({ what: "hello" })).await?;
        anyhow::ensure!(reply["result"].as_str() == Some("world"), "got {reply:?}");
        Ok(())
    }
}

impl Mod for Getter {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        let game = robot.connect("game", robot.host()).dialect(Dialect::Rpc).await?;
        Self::get(&game).await?;
        robot.run_tasks();
        robot.sleep(seconds(60.0)).await; // until it retires
        game.send_value("quit", &value!({}))?;
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none())
    }
}

async fn get(plan: Plan) -> Vec<Report> {
    play_with(plan, bundle(), Registry::default().with("getter", Getter::default)).await
}

/// A skynet gate: two bytes of length, then a packed frame. Says `heartbeat` after each answer.
async fn gate(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let (ours, theirs) = (Schema::parse(OURS).unwrap(), Schema::parse(THEIRS).unwrap());
    let host = Host::new(&ours).unwrap();
    let heartbeat = host.attach(&theirs).request("heartbeat", &(), None).unwrap();
    loop {
        let mut frame = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut frame).await?;
        let Dispatch::Request(asked) = host.dispatch(&frame).unwrap() else { panic!("no request") };
        if asked.protocol.name() == "quit" {
            return Ok(());
        }
        let answer = asked.responder.unwrap().respond(&value!({ result: "world" })).unwrap();
        for frame in [&answer, &heartbeat] {
            // In pieces: a length and its frame need not come together.
            let length = u16::try_from(frame.len()).unwrap().to_be_bytes();
            stream.write_all(&length[..1]).await?;
            stream.flush().await?;
            stream.write_all(&length[1..]).await?;
            stream.write_all(frame).await?;
        }
        stream.flush().await?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rpc_over_tcp_speaks_with_a_gate() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    let peers = tokio::spawn(async move {
        let mut good_byes = 0;
        while let Ok((stream, _)) = listener.accept().await {
            good_byes += u32::from(gate(stream).await.is_ok());
            if good_byes == 1 {
                break;
            }
        }
        good_byes
    });
    let reports = get(plan(&host, "getter", 1, 1000.0, 0.5)).await;
    assert_eq!(counts(&reports, Kind::Request, "get"), (1, 0));
    assert_eq!(counts(&reports, Kind::Push, "heartbeat"), (1, 0));
    assert_eq!(counts(&reports, Kind::Connect, "game"), (1, 0));
    assert_eq!(peers.await.unwrap(), 1, "the robot quits before it goes");
}

/// What a TLS server shows, and the authority that vouches for it.
fn certificate() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// A gate behind TLS. Its address, and its certificate.
async fn tls_gate() -> (String, String) {
    let (acceptor, pem) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("tls://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let _ended = gate(stream).await;
                }
            });
        }
    });
    (host, pem)
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_trusts_whom_the_plan_names_and_tells_how_long_it_took() {
    let (host, pem) = tls_gate().await;
    let mut trusting = plan(&host, "getter", 1, 1000.0, 0.5);
    trusting.network.ca = Some(pem);
    let reports = get(trusting).await;
    assert_eq!(counts(&reports, Kind::Request, "get"), (1, 0));
    assert_eq!(counts(&reports, Kind::Tls, "game"), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_refuses_a_stranger_unless_told_to_trust_anybody() {
    let (host, _) = tls_gate().await;
    let mut strict = plan(&host, "getter", 1, 1000.0, 0.3);
    let reports = get(strict.clone()).await;
    let (count, example) = failures(&reports, Kind::Connect, FailureClass::Refused);
    assert!(count > 0 && example.contains("no TLS there: invalid peer certificate"), "{count} {example}");
    strict.network.insecure = true;
    assert_eq!(counts(&get(strict).await, Kind::Request, "get"), (1, 0));
}

/// Sends the echo of each text frame back, and checks what the handshake asked for.
async fn text_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            #[allow(clippy::result_large_err, reason = "the library's type")]
            let check = |request: &Request, mut response: Response| {
                assert_eq!(request.headers()["x-token"], "abc");
                let wanted = request.headers()["sec-websocket-protocol"].clone();
                assert_eq!(wanted, "sproto");
                response.headers_mut().insert("sec-websocket-protocol", wanted);
                Ok(response)
            };
            let Ok(mut peer) = tokio_tungstenite::accept_hdr_async(stream, check).await else { continue };
            while let Some(Ok(message)) = peer.next().await {
                if let Message::Text(text) = message {
                    let _gone = peer.send(Message::Text(text)).await;
                }
            }
        }
    });
    host
}

/// Speaks in text frames. An envelope of small fields is UTF-8, so it can.
#[derive(Default)]
struct Texter;

impl Mod for Texter {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        let game = robot.connect("game", robot.host()).text_frames();
        let game = game.header("x-token", "abc").subprotocol("sproto").await?;
        let hello = value!({ Text: "hi" });
        game.call("EchoRequest", &hello).reply("EchoRequest").timeout(seconds(5.0)).await?;
        robot.run_tasks();
        game.close_with(4000, "enough").await;
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_frames_headers_and_subprotocols_go_as_asked() {
    let host = text_server().await;
    let registry = Registry::default().with("texter", Texter::default);
    let reports = play_with(plan(&host, "texter", 1, 1000.0, 0.4), Bundle::new(Vec::new()), registry).await;
    assert_eq!(counts(&reports, Kind::Request, "EchoRequest"), (1, 0));
    assert_eq!(counts(&reports, Kind::Session, "default"), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_connect_from_the_addresses_of_the_plan_in_turn() {
    let (seen, mut told) = tokio::sync::mpsc::channel(16);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, from)) = listener.accept().await {
            seen.send(from.ip().to_string()).await.unwrap();
            tokio::spawn(gate(stream));
        }
    });
    let mut plan = plan(&host, "getter", 4, 1000.0, 0.5);
    plan.network.source_ips = ["127.0.0.7", "127.0.0.8"].map(|ip| ip.parse().unwrap()).into();
    assert_eq!(counts(&get(plan).await, Kind::Request, "get"), (4, 0));
    let mut from = Vec::new();
    while let Ok(ip) = told.try_recv() {
        from.push(ip);
    }
    from.sort();
    // Two threads take the addresses in turn, each for its own robots.
    assert_eq!(from, ["127.0.0.7", "127.0.0.7", "127.0.0.8", "127.0.0.8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_no_rpc_ends_the_connection_as_a_protocol_failure() {
    let host = misbehaving(|mut peer: Peer| async move {
        let _request = peer.next().await;
        let _sent = peer.send(Message::Binary(vec![0xff].into())).await;
        crate::common::drain(peer).await;
    })
    .await;
    let reports = get(plan(&host, "getter", 1, 1000.0, 0.4)).await;
    let (count, example) = failures(&reports, Kind::Connect, FailureClass::Protocol);
    assert!(count > 0, "nothing was counted");
    assert!(example.starts_with("game: the server sent what is no message: "), "{example}");
}
