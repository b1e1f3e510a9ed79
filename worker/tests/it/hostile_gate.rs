//! Robots against gates that misbehave: what the two bytes of length and sproto's RPC can be made to say.

use std::time::Duration;

use crate::common::{counts, failures, plan, play_with};
use proto::message::Bundle;
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use proto::speech::Dialect;
use sproto::value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use worker::{Mod, Registry, Robot, Tasks, Wait};

const SCHEMA: &str = ".package { type 0 : integer  session 1 : integer }
    get 2 { request { what 0 : string } response { result 0 : string } }";

/// Asks once, and stays for a moment.
#[derive(Default)]
struct Ask;

impl Mod for Ask {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        let gate = robot.connect("gate", robot.host()).dialect(Dialect::Rpc).await?;
        robot.run_tasks();
        let asked = gate.call("get", &value!({ what: "x" })).await;
        robot.sleep(Duration::from_millis(200)).await;
        asked.map(drop).map_err(Into::into)
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none())
    }
}

/// A gate that reads one frame and then writes these bytes, in two pieces, and stays or not.
async fn ask(bytes: &'static [u8], stays: bool) -> Vec<Report> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(treat(stream, bytes, stays));
        }
    });
    let bundle = Bundle::new(vec![("gate.sproto".into(), SCHEMA.as_bytes().to_vec())]);
    play_with(plan(&host, "ask", 1, 1000.0, 0.7), bundle, Registry::default().with("ask", Ask::default)).await
}

async fn treat(mut stream: TcpStream, bytes: &[u8], stays: bool) -> std::io::Result<()> {
    let mut frame = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut frame).await?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    stream.write_all(first).await?;
    stream.flush().await?;
    stream.write_all(second).await?;
    while stays && stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

/// A response of session `session` with `result` = "ok": head {session}, content, packed, behind its length.
fn answer(session: i64) -> Vec<u8> {
    let schema = sproto::Schema::parse(SCHEMA).unwrap();
    let (client, server) =
        (sproto::rpc::Host::new(&schema).unwrap(), sproto::rpc::Host::new(&schema).unwrap());
    let frame = client.attach(&schema).request("get", &value!({ what: "x" }), Some(session)).unwrap();
    let sproto::rpc::Dispatch::Request(asked) = server.dispatch(&frame).unwrap() else { panic!() };
    let frame = asked.responder.unwrap().respond(&value!({ result: "ok" })).unwrap();
    [&u16::try_from(frame.len()).unwrap().to_be_bytes()[..], &frame].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_answer_in_two_pieces_is_one_answer() {
    let reports = ask(answer(1).leak(), true).await;
    assert_eq!(counts(&reports, Kind::Request, "get"), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_twice_or_to_nobody_is_counted_and_harms_nothing() {
    let reports = ask([answer(1), answer(1), answer(99)].concat().leak(), true).await;
    assert_eq!(counts(&reports, Kind::Request, "get"), (1, 0));
    let (count, example) = failures(&reports, Kind::Push, FailureClass::Protocol);
    assert_eq!((count, example.as_str()), (2, "gate: a reply that no request waits for"));
    assert_eq!(counts(&reports, Kind::Session, "default").1, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_frame_and_then_silence_is_a_timeout() {
    let reports = ask(&[0xff, 0xff, 1, 2, 3], true).await;
    let (count, example) = failures(&reports, Kind::Request, FailureClass::Timeout);
    assert_eq!((count, example.as_str()), (1, "gate: no get within 300ms"));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_frame_and_then_the_end_fails_the_request() {
    let reports = ask(&[0, 9, 1, 2, 3], false).await;
    let (count, example) = failures(&reports, Kind::Request, FailureClass::Closed);
    assert_eq!(count, 1);
    assert!(example.starts_with("gate: closed: "), "{example}");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_do_not_unpack_end_the_connection() {
    // A truncated 0xff run; a frame of nothing; 1 KiB of zeros, which unpacks to 8 KiB of nothing.
    let zeros: &'static [u8] = [&[4, 0][..], &[0; 1024]].concat().leak();
    for (bytes, told) in [
        (&[0, 3, 0xff, 0xff, 1][..], "gate: the server sent what is no message: invalid unpack stream"),
        (
            &[0, 0][..],
            "gate: the server sent what is no message: package: the header needs 2 bytes, 0 are left",
        ),
        (zeros, "gate: the server sent what is no message: session not found in the response"),
    ] {
        let reports = ask(bytes, true).await;
        let (count, example) = failures(&reports, Kind::Connect, FailureClass::Protocol);
        assert_eq!(count, 1, "{told}");
        assert!(example.starts_with(told), "{example}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_no_known_protocol_is_counted_as_unknown() {
    // {type = 7}: no such protocol.
    let mut frame = Vec::new();
    sproto::pack(&[1, 0, 16, 0], &mut frame);
    let call = [&u16::try_from(frame.len()).unwrap().to_be_bytes()[..], &frame, &answer(1)].concat();
    let reports = ask(call.leak(), true).await;
    assert_eq!(counts(&reports, Kind::Push, "(unknown)"), (1, 0));
    assert_eq!(counts(&reports, Kind::Request, "get"), (1, 0));
}
