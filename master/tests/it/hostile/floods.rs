//! Connections, frames and beats in masses, against a master as a process; and what it says to them.

use std::time::Duration;

use proto::{Down, Up};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, interval, timeout};
use uuid::Uuid;

use super::{MOST_SILENCE, Scene, beat, channel, connect};
use crate::common::fake::{hello, next, open};
use crate::common::raw::{
    CONTINUATION, DATA, END_HEADERS, HEADERS, PING, RESET, SETTINGS, all_of, bomb, farewell, field, frame,
    greeting, join, joining, message, pour, prefix, request,
};
use crate::common::{LONG, Master, config, plan};

/// As many as may be open at a time, with room for the other tests of this process.
fn most_at_once() -> usize {
    let (_, hard) = rlimit::Resource::NOFILE.get().unwrap();
    _ = rlimit::Resource::NOFILE.set(hard, hard);
    usize::try_from(hard / 2).unwrap_or(usize::MAX).min(5_000)
}

#[tokio::test]
async fn ten_thousand_idle_connections_leave_room_for_those_who_work() {
    let scene = Scene::start().await;
    let (address, most) = (scene.address(), most_at_once());
    let log = scene.stands(async move {
        let mut tried = 0;
        while tried < 10_000 {
            let mut idle = Vec::new();
            for _ in 0..most.min(10_000 - tried) {
                idle.push(connect(address).await);
            }
            tried += idle.len();
            // As a worker does, it tries again when it is dropped.
            let mut tries = interval(Duration::from_millis(50));
            let late = async {
                while join(&mut connect(address).await, &[]).await.is_err() {
                    tries.tick().await;
                }
            };
            timeout(MOST_SILENCE, late).await.expect("somebody gets in beside them");
        }
    });
    assert_eq!(log.await.log.matches("was dropped: more than").count(), 1);
}

/// More of a block of headers, as much as a frame takes.
fn more_headers() -> Vec<u8> {
    let field = field("x-more", &"a".repeat(100));
    frame(CONTINUATION, 0, 1, &field.repeat((16 << 10) / field.len()))
}

#[tokio::test]
async fn headers_that_never_end_cost_their_connection_only() {
    let scene = Scene::start().await;
    let address = scene.address();
    let flood = async move {
        let begin = [greeting(), frame(HEADERS, 0, 1, &request(&[]))].concat();
        let more = more_headers();
        for _ in 0..100 {
            let mut connection = connect(address).await;
            connection.write_all(&begin).await.unwrap();
            let written = pour(connection, &more, 10_000).await;
            assert!(written < 1_000, "{written} frames were taken");
        }
    };
    scene.stands(flood).await;
}

/// A stream that is opened and reset, so many times.
fn resets(times: u32) -> Vec<u8> {
    let reset = |n: u32| {
        let stream = 2 * n + 1;
        let opened = frame(HEADERS, END_HEADERS, stream, &request(&[]));
        [opened, frame(RESET, 0, stream, &8u32.to_be_bytes())].concat()
    };
    (0..times).flat_map(reset).collect()
}

#[tokio::test]
async fn streams_that_are_opened_and_reset_cost_their_connection_only() {
    let scene = Scene::start().await;
    let address = scene.address();
    let flood = async move {
        let burst = [greeting(), resets(1_000)].concat();
        for _ in 0..100 {
            pour(connect(address).await, &burst, 1).await;
        }
    };
    scene.stands(flood).await;
}

#[tokio::test]
async fn pings_and_settings_are_answered_between_the_others_work() {
    let scene = Scene::start().await;
    let address = scene.address();
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]).repeat(1_000);
    let pings = frame(PING, 0, 0, &[7; 8]).repeat(1_000);
    let flood = async move {
        for burst in [&pings, &settings] {
            let mut connection = connect(address).await;
            connection.write_all(&greeting()).await.unwrap();
            pour(connection, burst, 200).await;
            // One that reads no answer is not read any more.
            let mut connection = connect(address).await;
            connection.write_all(&greeting()).await.unwrap();
            let deaf = async { while connection.write_all(burst).await.is_ok() {} };
            _ = timeout(MOST_SILENCE, deaf).await;
        }
    };
    scene.stands(flood).await;
}

#[tokio::test]
async fn lengths_that_lie_order_no_memory() {
    let scene = Scene::start().await;
    let address = scene.address();
    let lie = [joining(&[]), frame(DATA, 0, 1, &prefix(false, u32::MAX))].concat();
    // As long as may be, and never there.
    let most = proto::control::LARGEST_UP as u32;
    let promise = [joining(&[]), frame(DATA, 0, 1, &prefix(false, most))].concat();
    let flood = async move {
        let mut open = Vec::new();
        for _ in 0..200 {
            for begin in [&lie, &promise] {
                let mut connection = connect(address).await;
                connection.write_all(begin).await.unwrap();
                open.push(connection);
            }
        }
    };
    scene.stands(flood).await;
}

#[tokio::test]
async fn a_bomb_is_not_unpacked() {
    let scene = Scene::start().await;
    let address = scene.address();
    let flood = async move {
        let bomb = message(true, &bomb(1_000_000));
        for encoding in [&[("grpc-encoding", "gzip")][..], &[]] {
            for _ in 0..10 {
                let mut connection = connect(address).await;
                join(&mut connection, encoding).await.unwrap();
                pour(connection, &bomb, 1).await;
            }
        }
    };
    scene.stands(flood).await;
}

#[tokio::test]
async fn a_hundred_thousand_beats_cost_only_those_who_send_them() {
    let scene = Scene::start().await;
    let port = scene.master.port;
    let flood = async move {
        let mut sent = 0;
        while sent < 100_000 {
            let first = vec![Up::Hello(hello("flood"))];
            let (up, mut down) = open(channel(port).await, first).await;
            let flood = async {
                while up.send(beat(Uuid::nil(), 0)).await.is_ok() {
                    sent += 1;
                }
            };
            // It is told, unless its echoes have already filled all the room for it.
            let cut_off = async {
                while let Some(message) = next(&mut down).await {
                    let Down::Dismiss(_, why) = message else { continue };
                    assert_eq!(why, "more than 1000 messages in a second");
                }
            };
            tokio::join!(flood, cut_off);
        }
    };
    scene.stands(flood).await;
}

#[tokio::test(start_paused = true)]
async fn each_flood_is_answered_by_name() {
    let master = Master::start(config(1, plan(10, 10.0, 5)));
    let endless = [greeting(), frame(HEADERS, 0, 1, &request(&[])), more_headers().repeat(40)].concat();
    for (flood, name) in
        [(endless, "too_many_continuations"), ([greeting(), resets(1_000)].concat(), "too_many_resets")]
    {
        let mut connection = master.network.connect().await;
        // What is left when it is cut off does not matter.
        _ = timeout(MOST_SILENCE, connection.write_all(&flood)).await;
        let answer = timeout(LONG, all_of(connection)).await.expect("the master hangs up").unwrap();
        assert_eq!(farewell(&answer), Some((11, name.into())));
    }
    assert!(!master.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_floods_and_reads_nothing_is_closed_within_twelve_seconds() {
    let master = Master::start(config(1, plan(10, 10.0, 5)));
    let mut connection = master.network.connect().await;
    let began = Instant::now();
    connection.write_all(&greeting()).await.unwrap();
    let pings = frame(PING, 0, 0, &[7; 8]).repeat(1_000);
    let deaf = async { while connection.write_all(&pings).await.is_ok() {} };
    timeout(LONG, deaf).await.expect("the master hangs up");
    assert!(began.elapsed() <= Duration::from_secs(12), "after {:?}", began.elapsed());
}
