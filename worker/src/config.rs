//! What a worker is started with: command line and environment, as typed, become a checked [`Config`].

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Parser, Subcommand};
use proto::message::is_worker_name;
use uuid::Uuid;

use crate::run::{AnnotateArgs, RunArgs};

/// Runs robots for a horde master.
#[derive(Debug, Parser)]
#[command(name = "worker", version, disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Address of the master, host:port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5557", env = "HORDE_MASTER")]
    master: String,

    /// Name that the master shows: letters, digits, `.`, `_`, `-` [default: the host's name and four random digits]
    #[arg(long, value_name = "NAME", env = "HORDE_NAME")]
    name: Option<String>,

    /// Threads that run robots [default: one per core]
    #[arg(long, value_name = "N", env = "HORDE_THREADS", allow_negative_numbers = true)]
    threads: Option<NonZeroUsize>,

    /// How long an absent master is dialled before the worker gives up
    #[arg(long, value_name = "TIME", default_value = "60s", env = "HORDE_MASTER_MAX_WAIT", value_parser = humantime::parse_duration)]
    master_max_wait: Duration,

    /// How long a worker that is told to stop may take until its robots have logged out and its last report is merged
    #[arg(long, value_name = "TIME", default_value = "15s", env = "HORDE_STOP_TIMEOUT", value_parser = humantime::parse_duration)]
    stop_timeout: Duration,

    /// What is logged to stderr: error, warn, info, debug, trace
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info", env = "HORDE_LOG")]
    pub log: tracing::Level,
}

/// What else a worker binary can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run robots without a master, to write and try mods
    Run(Box<RunArgs>),
    /// Write annotations of messages and calls for editors (LuaLS)
    Annotate(AnnotateArgs),
}

/// What a worker is to be.
#[derive(Debug, Clone)]
pub struct Config {
    /// The master's address, host:port.
    pub master: String,
    /// The name that the master shows.
    pub name: String,
    /// Threads that run robots.
    pub threads: usize,
    /// How long an absent master is dialled before the worker gives up.
    pub master_max_wait: Duration,
    /// How long a worker that is told to stop may take until its robots have left and its last report is merged.
    pub stop_timeout: Duration,
}

impl Args {
    /// Checks what was typed.
    ///
    /// # Errors
    /// What is wrong, and what to write instead; one sentence each.
    pub fn check(mut self) -> Result<Config, Vec<String>> {
        let mut faults = Vec::new();
        let (host, port) = self.master.rsplit_once(':').unwrap_or((&self.master, ""));
        if host.is_empty() || host.contains('/') || !port.parse::<u16>().is_ok_and(|port| port > 0) {
            faults.push(format!(
                "--master `{}` is not an address; write host:port, such as 10.0.0.7:5557",
                self.master
            ));
        }
        let name = self.name.take().unwrap_or_else(default_name);
        if !is_worker_name(&name) {
            let wanted = "write 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with a dot";
            faults.push(format!("--name `{}` can't be shown everywhere; {wanted}", name.escape_debug()));
        }
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = self.threads.map_or_else(cores, NonZeroUsize::get);
        if threads > 1024 {
            faults.push(format!("--threads {threads} is more than any machine has; write at most 1024"));
        }
        let Self { master, master_max_wait, stop_timeout, .. } = self;
        let config = Config { master, name, threads, master_max_wait, stop_timeout };
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }
}

/// The host's name, as far as it can be shown, and four digits that tell workers of one host apart.
fn default_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let good = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let host: String = host.trim().trim_start_matches('.').chars().filter(good).take(50).collect();
    let host = if host.is_empty() { "worker".to_owned() } else { host };
    format!("{host}-{:04x}", Uuid::new_v4().as_u128() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(args: &[&str]) -> Vec<String> {
        Args::try_parse_from(["worker"].iter().chain(args)).unwrap().check().map(|_| ()).unwrap_err()
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let told = faults(&["--master", "http://x", "--name", "a\n", "--threads", "5000"]);
        assert_eq!(told.len(), 3);
        assert_eq!(told[0], "--master `http://x` is not an address; write host:port, such as 10.0.0.7:5557");
        let name = "--name `a\\n` can't be shown everywhere; write 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with a dot";
        assert_eq!(told[1], name);
        assert_eq!(told[2], "--threads 5000 is more than any machine has; write at most 1024");
    }

    #[test]
    fn an_address_needs_a_host_and_a_port() {
        for master in ["localhost", ":5557", "localhost:", "localhost:0", "localhost:70000", "a/b:1"] {
            assert_eq!(faults(&["--master", master]).len(), 1, "{master}");
        }
    }

    #[test]
    fn the_default_name_is_a_name() {
        assert!(is_worker_name(&default_name()));
    }
}
