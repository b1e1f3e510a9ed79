//! A process of the project: started, listened to, signalled, and ended with its scenario. Each line that it writes has the
//! moment at which it came.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::leftovers;

/// Nothing that a scenario waits for takes longer, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What is started: a binary, its arguments, and the command that starts it in a place of its own.
pub(crate) struct Launch<'a> {
    pub(crate) binaries: &'a Path,
    pub(crate) binary: &'a str,
    /// Ends in `exec`, so that the process is the one that was started.
    pub(crate) within: &'a [String],
    pub(crate) args: Vec<String>,
}

/// A running process.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: Arc<Lines>,
    out: Arc<Lines>,
}

/// What a process has written to one of its outputs so far.
#[derive(Default)]
pub(crate) struct Lines {
    text: Mutex<Written>,
    grown: Condvar,
}

#[derive(Default)]
struct Written {
    lines: Vec<Line>,
    has_ended: bool,
}

/// A line, and when it came.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) text: String,
}

impl Lines {
    /// Takes lines from `source` until it ends, on a thread of its own.
    fn read(source: impl Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let grows = lines.clone();
        std::thread::spawn(move || {
            for text in BufReader::new(source).lines().map_while(Result::ok) {
                grows.text.lock().unwrap().lines.push(Line { at: Instant::now(), text });
                grows.grown.notify_all();
            }
            grows.text.lock().unwrap().has_ended = true;
            grows.grown.notify_all();
        });
        lines
    }

    /// Waits until `found` finds something in the lines, of which there may be no more.
    pub(crate) fn wait<T>(&self, what: &str, found: impl Fn(&[Line], bool) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut text = self.text.lock().unwrap();
        loop {
            if let Some(found) = found(&text.lines, text.has_ended) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || text.has_ended {
                let last: Vec<_> = text.lines.iter().rev().take(5).rev().map(|line| &*line.text).collect();
                let last = last.join("\n");
                drop(text);
                panic!("{what} did not come:\n{last}");
            }
            text = self.grown.wait_timeout(text, left).unwrap().0;
        }
    }

    pub(crate) fn last(&self) -> Option<Line> {
        self.text.lock().unwrap().lines.last().cloned()
    }

    /// The lines from a place on.
    pub(crate) fn from(&self, place: usize) -> Vec<Line> {
        self.text.lock().unwrap().lines.get(place..).unwrap_or_default().to_vec()
    }
}

impl Process {
    pub(crate) fn start(launch: Launch<'_>) -> Self {
        let path = launch.binaries.join(launch.binary);
        assert!(path.exists(), "{} is not built; run `cargo test` for the whole workspace", path.display());
        let mut words = launch.within.iter().map(Into::into).chain([path.into_os_string()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(&launch.args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = leftovers::start(&mut command);
        let log = Lines::read(child.stderr.take().unwrap());
        let out = Lines::read(child.stdout.take().unwrap());
        Self { name: format!("{} {}", launch.binary, launch.args.join(" ")), child, log, out }
    }

    /// Waits for the first line of its log with `mark` that came since a moment: when it did, and what stands behind it.
    pub(crate) fn logs_since(&self, since: Instant, mark: &str) -> (Instant, String) {
        self.log.wait(&format!("`{mark}` in the log of {}", self.name), |lines, _| {
            let mut news = lines.iter().filter(|line| line.at >= since);
            news.find_map(|line| Some((line.at, line.text.split_once(mark)?.1.trim().to_owned())))
        })
    }

    /// Waits for the first line of its log with `mark`; gives what stands behind it.
    pub(crate) fn logs(&self, mark: &str) -> String {
        let what = format!("`{mark}` in the log of {}", self.name);
        self.log.wait(&what, |lines, _| {
            lines.iter().find_map(|line| Some(line.text.split_once(mark)?.1.trim().to_owned()))
        })
    }

    /// All of its log so far.
    pub(crate) fn log(&self) -> String {
        self.log.from(0).into_iter().map(|line| line.text + "\n").collect()
    }

    pub(crate) fn out(&self) -> &Arc<Lines> {
        &self.out
    }

    /// Sends a signal; when it was sent.
    pub(crate) fn signal(&self, signal: Signal) -> Instant {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        let now = Instant::now();
        kill_process(id, signal).unwrap();
        now
    }

    /// Waits for its end, and for all that it wrote; its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let what = format!("the end of {}", self.name);
        for lines in [&self.out, &self.log] {
            lines.wait(&what, |_, has_ended| has_ended.then_some(()));
        }
        leftovers::ended(self.child.id());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        leftovers::ended(self.child.id());
        let _gone = self.child.wait();
    }
}

/// Where the binaries are that `cargo test` of the whole workspace has made.
pub(crate) fn beside() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_master")).parent().unwrap().to_owned()
}
