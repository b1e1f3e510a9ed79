//! The processes that a command starts: each with a log of its own, and all ended when the command ends.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::screen::complain;

/// How often a log is looked at for a line that is waited for.
const GLANCE: Duration = Duration::from_millis(20);

/// Processes in the order of their start.
#[derive(Debug)]
pub(crate) struct Crew {
    members: Vec<Member>,
    /// How long each may take to end after SIGTERM.
    grace: Duration,
}

/// One process.
#[derive(Debug)]
pub(crate) struct Member {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Crew {
    pub(crate) fn new(grace: Duration) -> Self {
        Self { members: Vec::new(), grace }
    }

    /// Starts a process in a group of its own, so that a Ctrl-C in the terminal reaches this command alone, which then
    /// ends the others in order. Its stderr goes to `log`.
    pub(crate) fn start(&mut self, name: &str, mut command: Command, log: &Path) -> Result<&mut Member> {
        let file = File::create(log).with_context(|| format!("can't write {}", log.display()))?;
        command.stdin(Stdio::null()).stderr(file).process_group(0).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("can't start {name}"))?;
        self.members.push(Member { name: name.to_owned(), log: log.to_owned(), child });
        self.members.last_mut().context("a process was started")
    }

    /// Ends all that still run, the last one first.
    pub(crate) async fn end(&mut self) {
        while let Some(mut member) = self.members.pop() {
            if let Err(error) = member.end(self.grace).await {
                complain(&format!("{} did not end: {error}", member.name));
            }
        }
    }

    /// Ends those whose name begins so; says how each ended.
    pub(crate) async fn dismiss(&mut self, name: &str) -> Result<()> {
        for member in self.members.iter_mut().filter(|member| member.name.starts_with(name)) {
            let status =
                member.end(self.grace).await.with_context(|| format!("{} did not end", member.name))?;
            if !status.success() {
                bail!("{} ended with {status}; its log is {}", member.name, member.log.display());
            }
        }
        Ok(())
    }
}

impl Member {
    /// Waits until the log has a line with `text`.
    pub(crate) async fn says(&mut self, text: &str, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            // Looked at before the log, so that a last word before the end is not missed.
            let ended = self.child.try_wait()?;
            let log = std::fs::read_to_string(&self.log)?;
            if log.contains(text) {
                return Ok(());
            }
            if let Some(status) = ended {
                bail!("{} ended with {status}: {}", self.name, log.trim_end());
            }
            if Instant::now() > deadline {
                bail!(
                    "{} did not say `{text}` within {limit:?}; its log is {}",
                    self.name,
                    self.log.display()
                );
            }
            sleep(GLANCE).await;
        }
    }

    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Sends a signal, unless the process has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may end just now; then there is nothing to do.
        let _ = id(&self.child).map(|id| kill_process(id, signal));
    }

    /// SIGTERM, a bounded wait, SIGKILL.
    async fn end(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        if let Ok(ended) = timeout(grace, self.child.wait()).await {
            return ended;
        }
        self.child.kill().await?;
        self.child.wait().await
    }
}

/// Sends a signal to a process that leads a group, and to all in it.
pub(crate) fn signal_group(leader: &Child, signal: Signal) {
    let _ = id(leader).map(|id| kill_process_group(id, signal));
}

/// None once the process has been waited for, so that the number can't be another one's by now.
fn id(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn who_obeys_and_who_ignores_sigterm_are_both_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut crew = Crew::new(Duration::from_millis(100));
        for (name, script) in [
            ("obeys", "trap 'exit 0' TERM; echo ready >&2; while :; do sleep 0.01; done"),
            ("ignores", "trap '' TERM; echo ready >&2; while :; do sleep 0.01; done"),
        ] {
            crew.start(name, shell(script), &folder.path().join(name))
                .unwrap()
                .says("ready", LIMIT)
                .await
                .unwrap();
        }
        crew.dismiss("obeys").await.unwrap();
        let said = crew.dismiss("ignores").await.unwrap_err().to_string();
        assert!(said.starts_with("ignores ended with signal: 9 (SIGKILL)"), "{said}");
    }

    #[tokio::test]
    async fn an_early_end_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut crew = Crew::new(LIMIT);
        let member =
            crew.start("hasty", shell("echo no luck >&2; exit 3"), &folder.path().join("log")).unwrap();
        let said = member.says("listening on", LIMIT).await.unwrap_err().to_string();
        assert_eq!(said, "hasty ended with exit status: 3: no luck");
    }

    #[tokio::test]
    async fn nothing_is_left_when_a_crew_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let mut crew = Crew::new(LIMIT);
        let member = crew.start("idle", shell("exec sleep 1000"), &folder.path().join("log")).unwrap();
        let id = member.child.id().unwrap();
        drop(crew);
        let status = format!("/proc/{id}/stat");
        let left = || std::fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z "));
        let deadline = Instant::now() + LIMIT;
        while left() {
            assert!(Instant::now() < deadline, "{id} still runs");
            tokio::task::yield_now().await;
        }
    }
}
