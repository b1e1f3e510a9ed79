//! The master as a process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::time::timeout;

use super::LONG;

pub(crate) const HOST: [&str; 2] = ["--host", "ws://127.0.0.1:8765"];

/// A master without what the tester's own environment says.
pub(crate) fn master(args: &[&str], folder: &Path) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_master")), args, folder)
}

fn clean(mut command: Command, args: &[&str], folder: &Path) -> Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HORDE_")) {
        command.env_remove(name);
    }
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

/// What the first live table begins with.
const TABLE: &str = "2 s (until Ctrl-C)";

/// What a master prints, read elsewhere.
pub(crate) struct Output {
    /// Hears of the first live table.
    pub(crate) table: mpsc::Receiver<()>,
    /// All of it, once the master is gone.
    pub(crate) text: JoinHandle<String>,
}

/// A master at work; killed if the test ends before it.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) port: u16,
    log: Option<BufReader<ChildStderr>>,
}

impl Running {
    pub(crate) fn start(args: &[&str], folder: &Path) -> Self {
        Self::showing(Stdio::piped(), args, folder)
    }

    /// One whose output goes there.
    pub(crate) fn showing(out: Stdio, args: &[&str], folder: &Path) -> Self {
        Self::of(master(&[&HOST[..], &["--bind", "127.0.0.1:0"], args].concat(), folder), out)
    }

    /// One that may open only so many files.
    pub(crate) fn with_files(files: u32, args: &[&str], folder: &Path) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_master")]);
        Self::of(
            clean(shell, &[&HOST[..], &["--bind", "127.0.0.1:0"], args].concat(), folder),
            Stdio::piped(),
        )
    }

    fn of(mut command: Command, out: Stdio) -> Self {
        let mut child = command.stdout(out).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        log.read_line(&mut first).unwrap();
        let mut master = Self { child, port: 0, log: Some(log) };
        let (_, address) =
            first.split_once("listening on 127.0.0.1:").expect("the first line of the log has the port");
        master.port = address.trim().parse().unwrap();
        master
    }

    /// Reads the log until a line has that part.
    pub(crate) fn wait_for(&mut self, part: &str) {
        let log = self.log.as_mut().expect("the log is still read here");
        let mut line = String::new();
        while !line.contains(part) {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the log ends without {part}");
        }
    }

    /// Reads the rest of the log elsewhere, so that it never waits for a reader.
    pub(crate) fn drain_log(&mut self) -> JoinHandle<String> {
        let mut log = self.log.take().expect("the log is still read here");
        std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).unwrap();
            text
        })
    }

    /// Nobody reads its log any more.
    pub(crate) fn close_log(&mut self) {
        self.log = None;
    }

    /// Reads the output to the first live table, which stands for two seconds of a run without an end.
    pub(crate) fn wait_for_table(&mut self) {
        let mut out = BufReader::new(self.child.stdout.as_mut().unwrap());
        let mut line = String::new();
        while !line.contains(TABLE) {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "the output ends without a table");
        }
    }

    /// Reads all of the output elsewhere, so that it never waits for a reader; tells of the first live table.
    pub(crate) fn drain_output(&mut self) -> Output {
        let mut out = BufReader::new(self.child.stdout.take().expect("the output is still read here"));
        let (seen, table) = mpsc::channel();
        let text = std::thread::spawn(move || {
            let mut text = String::new();
            let mut begin = 0;
            while out.read_line(&mut text).unwrap() > 0 {
                if text[begin..].contains(TABLE) {
                    _ = seen.send(()); // nobody waits for it a second time
                }
                begin = text.len();
            }
            text
        });
        Output { table, text }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// A line of its status that counts KiB, such as `VmRSS`; in bytes.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect(name);
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// Its exit code and what it printed.
    fn end(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        if let Some(mut out) = self.child.stdout.take() {
            out.read_to_string(&mut text).unwrap();
        }
        (self.child.wait().unwrap().code(), text)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
    }
}

pub(crate) async fn end(master: Running) -> (Option<i32>, String) {
    let id = master.child.id().to_string();
    let end = tokio::task::spawn_blocking(|| master.end());
    let Ok(ended) = timeout(LONG, end).await else {
        // The thread that waits for it would keep this test from its end.
        _ = Command::new("kill").args(["-KILL", &id]).status();
        panic!("the master does not end");
    };
    ended.unwrap()
}

/// How many requests it told in its `run.json`.
pub(crate) fn requests(folder: &Path) -> u64 {
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("run.json")).unwrap()).unwrap();
    json["aggregated"]["count"].as_u64().unwrap()
}
