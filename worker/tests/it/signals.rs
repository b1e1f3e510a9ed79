//! The binary `worker` when it is told to end: once, twice, and while nobody takes its reports.

use std::process::{Child, Command, Stdio};

use proto::Down;
use proto::slots::SlotSet;

use crate::common::{Server, plan, seconds};
use crate::control::{Joined, master};

/// A worker binary that plays ten robots, and its master.
async fn playing(server: &Server, stop_timeout: &str) -> (Child, Joined) {
    let (address, mut joins, _) = master().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.args(["--master", &address.to_string(), "--name", "told", "--threads", "2", "--log", "error"]);
    let worker = command.args(["--stop-timeout", stop_timeout]).stderr(Stdio::piped()).spawn().unwrap();
    let joined = tokio::time::timeout(seconds(10.0), joins.recv()).await;
    let mut master = joined.expect("it joins").unwrap();
    master.ready().await;
    master.assign(1, 1, &plan(&server.host, "role", 10, 1000.0, 60.0), SlotSet::all()).await;
    master.report().await;
    (worker, master)
}

fn terminate(worker: &Child) {
    assert!(Command::new("kill").arg(worker.id().to_string()).status().unwrap().success());
}

/// Exit code and what was said.
async fn ended(worker: Child) -> (Option<i32>, String) {
    let wait = tokio::task::spawn_blocking(move || worker.wait_with_output().unwrap());
    let output = tokio::time::timeout(seconds(20.0), wait).await.expect("it ends").unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_end_delivers_its_last_report_and_ends_well() {
    let server = Server::start();
    let (worker, mut master) = playing(&server, "15s").await;
    terminate(&worker);
    loop {
        let report = master.report().await;
        master.send(Down::Ack(report.sequence)).await;
        if report.last {
            break;
        }
    }
    assert_eq!(ended(worker).await, (Some(0), String::new()));
    assert_eq!(server.totals().await.live_sessions, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_reports_nobody_takes_ends_in_its_time_and_says_so() {
    let server = Server::start();
    let (worker, _master) = playing(&server, "1s").await;
    terminate(&worker);
    let (code, told) = ended(worker).await;
    assert_eq!(code, Some(1));
    let faults = "Error: stopped before all was done: after 1s 0 robots had not left and ";
    assert!(told.starts_with(faults), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_worker_at_once() {
    let server = Server::start();
    let (worker, mut master) = playing(&server, "60s").await;
    terminate(&worker);
    // Its beat says that it has heard the first.
    master.next("beat", |up| matches!(up, proto::Up::Beat(beat) if beat.leaving).then_some(())).await;
    terminate(&worker);
    let told = "Error: stopped before all was done: told twice to stop\n";
    assert_eq!(ended(worker).await, (Some(1), told.to_owned()));
}
