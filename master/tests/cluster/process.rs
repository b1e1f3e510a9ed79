//! A process of the project: started, listened to, signalled, and ended with the test.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Nothing that a test waits for takes longer, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process. What it prints is kept.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: Arc<Stream>,
    out: Arc<Stream>,
}

/// What a process has written to one of its outputs so far.
#[derive(Default)]
struct Stream {
    text: Mutex<(String, bool)>,
    grown: Condvar,
}

impl Stream {
    /// Takes lines from `source` until it ends, on a thread of its own.
    fn read(source: impl Read + Send + 'static) -> Arc<Self> {
        let stream = Arc::new(Self::default());
        let grows = stream.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                grows.text.lock().unwrap().0.push_str(&(line + "\n"));
                grows.grown.notify_all();
            }
            grows.text.lock().unwrap().1 = true;
            grows.grown.notify_all();
        });
        stream
    }

    /// Waits until `found` finds something in (text, whether it has ended).
    fn wait<T>(&self, what: &str, found: impl Fn(&str, bool) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut text = self.text.lock().unwrap();
        loop {
            if let Some(found) = found(&text.0, text.1) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !text.1, "{what} did not come:\n{}", text.0);
            text = self.grown.wait_timeout(text, left).unwrap().0;
        }
    }

    /// Waits for a line with `mark`; gives what stands behind it.
    fn line(&self, what: &str, mark: &str) -> String {
        self.wait(what, |text, _| {
            let (_, rest) = text.split_once(mark)?;
            rest.split_once('\n').map(|(rest, _)| rest.trim().to_owned())
        })
    }
}

impl Process {
    /// Starts a binary of the workspace.
    pub(crate) fn start(binary: &str, args: &[&str]) -> Self {
        let mut command = Command::new(path(binary));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Stream::read(child.stderr.take().unwrap());
        let out = Stream::read(child.stdout.take().unwrap());
        Self { name: format!("{binary} {}", args.join(" ")), child, log, out }
    }

    /// Waits until its log has a line with `mark`, and gives what stands behind it.
    pub(crate) fn logs(&self, mark: &str) -> String {
        self.log.line(&format!("`{mark}` in the log of {}", self.name), mark)
    }

    /// Waits until its standard output has a line with `mark`, and gives what stands behind it.
    pub(crate) fn prints(&self, mark: &str) -> String {
        self.out.line(&format!("`{mark}` on the output of {}", self.name), mark)
    }

    /// Waits until something can be seen in its standard output.
    pub(crate) fn shows(&self, what: &str, seen: impl Fn(&str) -> bool) {
        self.out.wait(&format!("{what} on the output of {}", self.name), |text, _| seen(text).then_some(()));
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end: exit code and standard output.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let out =
            self.out.wait(&format!("the end of {}", self.name), |text, ended| ended.then(|| text.to_owned()));
        (self.child.wait().unwrap().code(), out)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A binary of the workspace. Cargo tells a test only its own package's; the others lie beside it, where `cargo test` of
/// the whole workspace has put them.
fn path(binary: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_master")).with_file_name(binary);
    assert!(path.exists(), "{} is not built; run `cargo test` for the whole workspace", path.display());
    path
}
