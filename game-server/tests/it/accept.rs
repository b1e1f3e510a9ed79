//! The accept loop outlives what the system refuses it.

use std::process::Command;

use tokio::net::TcpStream;

use crate::client::Client;
use crate::process::Process;

#[tokio::test]
async fn out_of_descriptors_it_waits_and_goes_on() {
    let mut shell = Command::new("sh");
    let limited = "ulimit -n 32; exec \"$0\" --lobby-port 0 --game-port 0";
    shell.args(["-c", limited, env!("CARGO_BIN_EXE_game-server")]);
    let mut process = Process::start(shell);
    let mut healthy = Client::login(process.game).await;
    let mut crowd = Vec::new();
    for _ in 0..40 {
        crowd.push(TcpStream::connect(process.game).await.unwrap());
    }
    process.wait_for("game: can't accept connections: Too many open files");
    assert_eq!(healthy.echo("still").await, "still from server");
    drop(crowd);
    let mut late = Client::login(process.game).await;
    assert_eq!(late.echo("at last").await, "at last from server");
    let (code, printed) = process.end("TERM");
    assert_eq!(code, Some(0));
    assert!(printed.contains("\"logins\":2"), "{printed}");
}
