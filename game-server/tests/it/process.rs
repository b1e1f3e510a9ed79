//! The binary as users start it, ended with the test.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};

pub(crate) struct Process {
    child: Child,
    log: BufReader<ChildStderr>,
    pub(crate) game: SocketAddr,
}

/// The binary with these arguments.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_game-server"));
    command.args(args);
    command
}

impl Process {
    /// Starts a command that runs the binary, and waits until it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        address(&find(&mut log, "lobby listening on "));
        let game = address(&find(&mut log, "game listening on "));
        Self { child, log, game }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads the log up to a line that holds `text`.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        find(&mut self.log, text)
    }

    /// Sends a signal and waits for the end: the exit code and what was printed.
    pub(crate) fn end(self, signal: &str) -> (Option<i32>, String) {
        let kill = Command::new("kill").args(["-s", signal, &self.id().to_string()]).status();
        assert!(kill.unwrap().success());
        self.wait()
    }

    /// Waits for the end: the exit code and what was printed.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        (self.child.wait().unwrap().code(), printed)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(log: &mut impl BufRead, text: &str) -> String {
    let mut lines = log.lines().map(|line| line.unwrap());
    lines.find(|line| line.contains(text)).unwrap_or_else(|| panic!("`{text}` in the log"))
}

fn address(line: &str) -> SocketAddr {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}
