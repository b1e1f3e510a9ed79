//! The shipped mod for skynet's examples, against a peer that speaks as skynet's gate and agent do, byte for byte.

use std::collections::HashMap;

use proto::series::Kind;
use sproto::rpc::{Dispatch, Host};
use sproto::{Schema, value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{failed, play, shipped};
use crate::common::{counts, plan};

/// The first frames of a robot and the gate's answers, as skynet writes them: 2 bytes of length, then 0-packed.
/// handshake: package {type 1, session 1}, no message. The packing squeezes 02 00 04 00 04 00.
const HANDSHAKE: &[u8] = b"\x00\x04\x15\x02\x04\x04";

fn schemas() -> [Schema; 2] {
    ["c2s", "s2c"].map(|side| {
        let folder = format!("{}/../mods/skynet_example", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(format!("{folder}/skynet_example.{side}.sproto")).unwrap();
        Schema::parse(&text).unwrap()
    })
}

/// What a peer saw.
#[derive(Debug, Default)]
struct Seen {
    first: Vec<u8>,
    asked: HashMap<String, u64>,
}

async fn peer(mut stream: TcpStream) -> Seen {
    let [ours, theirs] = schemas();
    let (host, mut seen, mut kept) = (Host::new(&ours).unwrap(), Seen::default(), HashMap::new());
    let beat = host.attach(&theirs).request("heartbeat", &(), None).unwrap();
    while let Ok(length) = stream.read_u16().await {
        let mut frame = vec![0; length.into()];
        stream.read_exact(&mut frame).await.unwrap();
        if seen.first.is_empty() {
            seen.first = [&length.to_be_bytes()[..], &frame].concat();
        }
        let Dispatch::Request(asked) = host.dispatch(&frame).unwrap() else {
            panic!("the server asks nothing")
        };
        let name = asked.protocol.name().to_owned();
        *seen.asked.entry(name.clone()).or_default() += 1;
        let text = |field: &str| asked.message[field].as_str().unwrap_or_default().to_owned();
        let answer = match name.as_str() {
            "handshake" => value!({ msg: "Welcome to skynet, I will send heartbeat every 5 sec." }),
            "get" => kept
                .get(&text("what"))
                .map_or(value!({}), |result: &String| value!({ result: result.clone() })),
            "set" => {
                kept.insert(text("what"), text("value"));
                value!({})
            }
            _ => break,
        };
        if let Some(responder) = asked.responder {
            send(&mut stream, &responder.respond(&answer).unwrap()).await;
        }
        send(&mut stream, &beat).await;
    }
    seen
}

async fn send(stream: &mut TcpStream, frame: &[u8]) {
    let length = u16::try_from(frame.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], frame].concat()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_mod_plays_skynets_example() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    let peers = tokio::spawn(async move {
        let mut peers = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let (stream, _) = listener.accept().await.unwrap();
            peers.spawn(peer(stream));
        }
        peers.join_all().await
    });
    let reports =
        play(plan(&host, "skynet_example", 3, 1000.0, 4.0), shipped("skynet_example")).await.unwrap();
    let seen = peers.await.unwrap();
    assert_eq!(failed(&reports), (0, String::new()));
    let total = |name: &str| seen.iter().map(|seen| seen.asked.get(name).copied().unwrap_or(0)).sum::<u64>();
    assert!(seen.iter().all(|seen| seen.first == HANDSHAKE), "{seen:x?}");
    assert_eq!(counts(&reports, Kind::Request, "handshake"), (3, 0));
    assert_eq!(counts(&reports, Kind::Request, "get"), (total("get"), 0));
    let tasks = ["get", "set"].map(|name| counts(&reports, Kind::Task, name));
    assert_eq!(tasks, [(total("get"), 0), (total("set"), 0)]);
    assert!(total("get") + total("set") >= 6 && total("quit") == 3, "{seen:?}");
    assert_eq!(counts(&reports, Kind::Push, "heartbeat"), (3 + total("get") + total("set"), 0));
}
