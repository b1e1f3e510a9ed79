//! 20,000 players who are in and do nothing must fit in 200 MB.
#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

const PLAYERS: u64 = 20_000;
/// 200 MB shared by 20,000.
const BYTES_EACH: u64 = 10_000;
/// Descriptors that a process needs for itself.
const SPARE: u64 = 100;

const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// LoginReuest in its envelope, in a masked binary frame.
const LOGIN: &[u8] = b"\x82\x9b\0\0\0\0\x02\0\0\0\0\0\x0b\0\0\0LoginReuest\x02\0\0\0\0\0";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    fn start() -> (Self, u16) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_game-server"));
        command.args([
            "--bind",
            "0.0.0.0",
            "--advertise",
            "ws://localhost:1",
            "--lobby-port",
            "0",
            "--game-port",
            "0",
        ]);
        let mut server = Self(command.stderr(Stdio::piped()).spawn().unwrap());
        let lines = BufReader::new(server.0.stderr.take().unwrap()).lines().map(|line| line.unwrap());
        let line = lines.into_iter().find(|line| line.contains("game listening on ")).unwrap();
        let port = line.rsplit(':').next().unwrap().parse().unwrap();
        (server, port)
    }

    /// Resident memory in bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

/// Connects and logs in.
fn login(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(HANDSHAKE).unwrap();
    let mut answer = [0; 1024];
    assert!(stream.read(&mut answer).unwrap() > 12 && answer.starts_with(b"HTTP/1.1 101"));
    stream.write_all(LOGIN).unwrap();
    assert!(stream.read(&mut answer).unwrap() > 2 && answer[0] == 0x82);
    stream
}

/// As many players as the system lets this process and its child have descriptors for.
fn possible_players() -> u64 {
    let wanted = PLAYERS + SPARE;
    // Only root may raise the hard limit.
    let _ = rlimit::setrlimit(rlimit::Resource::NOFILE, wanted, wanted);
    rlimit::increase_nofile_limit(wanted).unwrap().saturating_sub(SPARE).min(PLAYERS)
}

#[test]
fn twenty_thousand_idle_players_fit_in_200_mb() {
    let players = possible_players();
    let (server, port) = Server::start();
    // Four addresses of the loopback net, so that no pair of them runs out of ports.
    let address = |i: u64| SocketAddr::from(([127, 0, 0, 1 + (i % 4) as u8], port));
    let streams: Vec<_> = (0..players).map(|i| login(address(i))).collect();
    let memory = server.memory();
    println!(
        "{} idle players take {} MB, {} bytes each",
        streams.len(),
        memory / 1_000_000,
        memory / players
    );
    assert!(memory < players * BYTES_EACH, "{memory} bytes for {players} players");
}
