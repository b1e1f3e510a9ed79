//! A signal that ends this process early leaves nothing behind that it started.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::namespace;

/// Processes that were started and not waited for.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Starts a process, and knows it before any signal is heard.
pub(crate) fn start(command: &mut Command) -> Child {
    let mut running = RUNNING.lock().unwrap();
    let child = command.spawn().unwrap();
    running.insert(child.id());
    child
}

/// It is about to be waited for, after which its number may be another's.
pub(crate) fn ended(id: u32) {
    RUNNING.lock().unwrap().remove(&id);
}

/// From here on a signal that ends this process ends all that it started first.
pub(crate) fn clear_when_told() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(told()).unwrap();
        let running = RUNNING.lock().unwrap();
        for id in running.iter().filter_map(|id| Pid::from_raw(i32::try_from(*id).ok()?)) {
            _ = kill_process(id, Signal::KILL);
        }
        namespace::sweep(true);
        std::process::exit(1);
    });
}

async fn told() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
