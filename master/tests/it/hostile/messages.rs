//! Bytes where messages should be.

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::common::fake::{Worker, over};
use crate::common::raw::{DATA, all_of, bomb, frame, join, message, prefix};
use crate::common::{LONG, Master, config, plan};
use master::config::{Config, Muster};
use proto::control::control_client::ControlClient;

/// A Hello of that name, as protobuf writes it.
fn hello_of(name: &[u8]) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| {
        let mut length = bytes.len();
        let mut field = vec![number << 3 | 2];
        while length > 127 {
            field.push(length as u8 | 128);
            length >>= 7;
        }
        [field, vec![length as u8], bytes.to_vec()].concat()
    };
    field(
        1,
        &[field(1, name), field(2, &[1; 16]), field(3, &[2; 16]), field(4, b"0.1.0"), vec![5 << 3, 1]]
            .concat(),
    )
}

const NAME: &str = "not understood: worker name: give 1 to 64 letters, digits, `.`, `_` or `-`";

#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_answered_by_name_and_the_run_beside_it_is_unhurt() {
    let muster = Muster { workers: 2, patience: None };
    let master = Master::start(Config { muster, ..config(2, plan(10, 10.0, 5)) });
    let ann = Worker::join(&master.network, "ann").await;
    let lie = frame(DATA, 0, 1, &prefix(false, u32::MAX));
    let table = [
        (message(false, &hello_of(b"")), NAME),
        (message(false, &hello_of(&[b'a'; 100_000])), NAME),
        (message(false, &hello_of(b"../../etc")), NAME),
        (message(false, &hello_of(b"a\x1b[31m\r\n")), NAME),
        (message(false, &hello_of(b"\xff\xfe")), "not understood: not a control message: "),
        (message(false, &[0xff; 100]), "not understood: not a control message: "),
        (message(false, b""), "not understood: message: missing"),
        (lie, "not understood: Error, decoded message length too large: found 4294967295 bytes"),
        (message(true, &bomb(1 << 16)), "a worker says Hello first, within 10 s; this one did not"),
    ];
    for (bytes, reason) in table {
        let mut connection = master.network.connect().await;
        timeout(LONG, join(&mut connection, &[])).await.expect("a stream in time").unwrap();
        connection.write_all(&bytes).await.expect(reason);
        let answer = timeout(LONG, all_of(connection)).await.expect("the master hangs up").unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(reason), "{answer:?} has no {reason}");
    }
    let bob = Worker::join(&master.network, "bob").await;
    let summary = master.summary().await;
    assert_eq!((summary.verdict.exit_code, summary.losses.len()), (0, 0));
    let merged = ann.ended().await.samples.len() + bob.ended().await.samples.len();
    assert_eq!(summary.aggregated.count, merged as u64);
}

#[tokio::test(start_paused = true)]
async fn what_is_compressed_is_refused_before_it_is_read() {
    let master = Master::start(config(1, plan(10, 10.0, 5)));
    let channel = over(&master.network).await;
    let mut client = ControlClient::with_interceptor(channel, |mut request: tonic::Request<()>| {
        request.metadata_mut().insert("grpc-encoding", tonic::metadata::MetadataValue::from_static("gzip"));
        Ok(request)
    });
    let refused = client.join(tokio_stream::pending()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unimplemented);
    assert!(refused.message().contains("`gzip`"), "{refused}");
}
