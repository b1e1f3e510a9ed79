//! What the machine does to a master: few descriptors, signals, and nobody who reads what it prints.

use std::io::{Read, Write};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::LONG;
use crate::common::fake::Worker;
use crate::common::process::{Running, end, requests};

const SHORT: [&str; 9] =
    ["--headless", "--users", "20", "--spawn-rate", "100", "--run-time", "3s", "--json", "run.json"];

#[tokio::test]
async fn with_64_descriptors_strangers_wait_and_the_run_passes() {
    let folder = tempfile::tempdir().unwrap();
    let args = [&SHORT[..], &["--csv", "run", "--journal", "journal"]].concat();
    let mut master = Running::with_files(64, &args, folder.path());
    let ann = Worker::dial(master.port, "ann").await;
    let log = master.drain_log();
    let mut idle = Vec::new();
    for _ in 0..200 {
        let connecting = TcpStream::connect(("127.0.0.1", master.port));
        idle.push(timeout(Duration::from_secs(2), connecting).await.expect("room in the queue").unwrap());
    }
    let (code, text) = end(master).await;
    let log = log.join().unwrap();
    assert_eq!(code, Some(0), "{text}\n{log}");
    assert_eq!(requests(folder.path()), ann.ended().await.samples.len() as u64);
    assert_eq!(log.matches("a connection could not be accepted").count(), 1, "{log}");
}

#[tokio::test]
async fn a_closed_terminal_ends_the_run_cleanly_with_all_files_written() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--headless", "--users", "20", "--spawn-rate", "100", "--json", "run.json"];
    let mut master = Running::start(&args, folder.path());
    let ann = Worker::dial(master.port, "ann").await;
    let hung_up = tokio::task::spawn_blocking(move || {
        master.wait_for("the run begins");
        master.wait_for_table();
        // Nobody reads either of its streams from here on.
        master.child.stdout = None;
        master.close_log();
        master.signal("-HUP");
        master
    });
    let (code, _) = end(timeout(LONG, hung_up).await.expect("a run of two seconds").unwrap()).await;
    assert_eq!(code, Some(0));
    assert_eq!(requests(folder.path()), ann.ended().await.samples.len() as u64);
}

#[tokio::test]
async fn a_run_whose_output_nobody_reads_passes_and_sigpipe_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut master = Running::start(&SHORT, folder.path());
    master.child.stdout = None;
    master.close_log();
    master.signal("-PIPE");
    let ann = Worker::dial(master.port, "ann").await;
    let (code, _) = end(master).await;
    assert_eq!(code, Some(0));
    assert_eq!(requests(folder.path()), ann.ended().await.samples.len() as u64);
}

#[tokio::test]
async fn an_output_that_is_closed_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut master = Running::start(&SHORT, folder.path());
    master.child.stdout = None;
    let log = master.drain_log();
    let ann = Worker::dial(master.port, "ann").await;
    assert_eq!(end(master).await.0, Some(0));
    drop(ann);
    let log = log.join().unwrap();
    assert_eq!(log.matches("the terminal can't be written any more").count(), 1, "{log}");
}

#[tokio::test]
async fn a_run_whose_output_stands_still_goes_on_and_its_summary_is_read_later() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[b'x'; 64 << 10]).unwrap(); // a pipe takes no more
    let master = Running::showing(writer.into(), &SHORT, folder.path());
    let ann = Worker::dial(master.port, "ann").await;
    let samples = ann.ended().await.samples.len() as u64;
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    assert_eq!(end(master).await.0, Some(0));
    assert_eq!(requests(folder.path()), samples);
    let text = timeout(LONG, read).await.expect("the output ends").unwrap();
    assert!(text.contains("Verdict: passed"), "{}", text.trim_start_matches('x'));
}
