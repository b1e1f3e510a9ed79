//! What `cargo demo -- ...` was told: a few options of its own, all others are the master's.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub(crate) const HELP: &str = "\
Plays 500 robots for 30 s against the game-server on this machine, and compares what both sides counted.

Usage: cargo demo -- [OPTIONS] [OPTIONS OF THE MASTER]

Options:
  --workers N         Workers to start [default: 2]
  --lobby-port PORT   Port of the game-server's lobby [default: 8765]
  --game-port PORT    Port of the game-server's game [default: 8766]
  --master-port PORT  Port that workers dial [default: 5557]

Options of the master that the demo sets where you don't:
  --users 500 --spawn-rate 100 (a fifth of the users where that is more) --run-time 30s --json target/demo/summary.json --csv target/demo/demo";

/// The words behind `demo`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Options of the demo (--help tells them), and of the master
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
    words: Vec<String>,
}

/// What the demo is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) workers: u32,
    pub(super) lobby_port: u16,
    pub(super) game_port: u16,
    pub(super) master_port: u16,
    /// Words for the master's command line, as they were given.
    rest: Vec<String>,
}

impl Options {
    /// What can be played: options that are understood, and ports that are free. None if only help was wanted.
    pub(super) fn from_args(args: Args) -> Result<Option<Self>> {
        let options = Self::parse(args)?;
        options.as_ref().map_or(Ok(()), Self::check_ports)?;
        Ok(options)
    }

    fn parse(args: Args) -> Result<Option<Self>> {
        let mut options =
            Self { workers: 2, lobby_port: 8765, game_port: 8766, master_port: 5557, rest: Vec::new() };
        let mut words = args.words.into_iter().skip_while(|word| word == "--");
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value =
                || value.clone().or_else(|| words.next()).with_context(|| format!("{name} wants a value"));
            match name {
                "--help" | "-h" => return Ok(None),
                "--workers" => options.workers = number(name, &value()?)?,
                "--lobby-port" => options.lobby_port = port(name, &value()?)?,
                "--game-port" => options.game_port = port(name, &value()?)?,
                "--master-port" => options.master_port = port(name, &value()?)?,
                "--bind" | "--host" | "--expect-workers" | "-H" => {
                    bail!("{name} is the demo's to say; see cargo demo -- --help for what can be chosen")
                }
                _ => options.rest.push(word),
            }
        }
        Ok(Some(options))
    }

    /// Tells every port that somebody else has, before anything is built or started.
    fn check_ports(&self) -> Result<()> {
        let ports = [
            (self.lobby_port, "the lobby", "--lobby-port"),
            (self.game_port, "the game", "--game-port"),
            (self.master_port, "the master", "--master-port"),
        ];
        let busy =
            ports.into_iter().filter(|(port, ..)| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err());
        let said: Vec<_> = busy
            .map(|(port, what, option)| {
                format!(
                    "port {port}, for {what}, is in use: stop what listens there, or choose another: cargo demo -- {option} PORT"
                )
            })
            .collect();
        if said.is_empty() { Ok(()) } else { bail!(said.join("; ")) }
    }

    /// The master's command line.
    pub(super) fn master_args(&self, files: &Path) -> Vec<String> {
        let mut args = vec![
            format!("--bind=127.0.0.1:{}", self.master_port),
            format!("--expect-workers={}", self.workers),
            format!("--host=ws://127.0.0.1:{}", self.lobby_port),
            "--headless".to_owned(),
        ];
        let csv = files.join("demo").display().to_string();
        let json = files.join("summary.json").display().to_string();
        let spawn_rate = self.spawn_rate().to_string();
        let defaults = [
            ("--users", Some("-u"), "500"),
            ("--spawn-rate", Some("-r"), &spawn_rate),
            ("--run-time", Some("-t"), "30s"),
            ("--expect-workers-max-wait", None, "30s"),
            ("--json", None, &json),
            ("--csv", None, &csv),
        ];
        let missing = defaults.into_iter().filter(|(long, short, _)| self.given(long, *short).is_none());
        args.extend(missing.map(|(long, _, value)| format!("{long}={value}")));
        args.extend(self.rest.iter().cloned());
        args
    }

    /// Where the master's summary will be.
    pub(super) fn summary(&self, files: &Path) -> PathBuf {
        self.given("--json", None).map_or_else(|| files.join("summary.json"), PathBuf::from)
    }

    /// All robots are there after five seconds, so that short demos of many robots show what they are for.
    fn spawn_rate(&self) -> u64 {
        let users = self.given("--users", Some("-u")).and_then(|users| users.parse().ok()).unwrap_or(500u64);
        (users / 5).max(100)
    }

    /// The value of a master's option that was given: `--users 50`, `--users=50`, `-u 50` or `-u50`.
    fn given(&self, long: &str, short: Option<&str>) -> Option<String> {
        self.rest.iter().enumerate().find_map(|(place, word)| {
            let behind = match (word.strip_prefix(long), short.and_then(|short| word.strip_prefix(short))) {
                (Some(rest), _) if rest.is_empty() || rest.starts_with('=') => rest.trim_start_matches('='),
                (_, Some(rest)) => rest,
                _ => return None,
            };
            let next = || self.rest.get(place + 1).cloned().unwrap_or_default();
            Some(if behind.is_empty() { next() } else { behind.to_owned() })
        })
    }
}

fn number<N: std::str::FromStr>(name: &str, text: &str) -> Result<N> {
    text.parse().ok().with_context(|| format!("{name} wants a number, not `{text}`"))
}

/// Not 0: the demo must know where the others listen.
fn port(name: &str, text: &str) -> Result<u16> {
    number::<std::num::NonZeroU16>(name, text).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Result<Option<Options>> {
        Options::parse(Args { words: words.iter().map(|word| (*word).to_owned()).collect() })
    }

    #[test]
    fn own_options_are_kept_and_all_others_are_the_masters() {
        let options =
            options(&["--", "--users", "50", "--workers", "3", "--lobby-port=1", "-t5s"]).unwrap().unwrap();
        assert_eq!((options.workers, options.lobby_port, options.game_port), (3, 1, 8766));
        let args = options.master_args(Path::new("D")).join(" ");
        assert_eq!(
            args,
            "--bind=127.0.0.1:5557 --expect-workers=3 --host=ws://127.0.0.1:1 --headless --spawn-rate=100 \
             --expect-workers-max-wait=30s --json=D/summary.json --csv=D/demo --users 50 -t5s"
        );
    }

    #[test]
    fn all_robots_are_there_after_five_seconds() {
        for (words, rate) in
            [(&[][..], 100), (&["--users", "2000"], 400), (&["-u5000"], 1000), (&["--users=5"], 100)]
        {
            assert_eq!(options(words).unwrap().unwrap().spawn_rate(), rate, "{words:?}");
        }
    }

    #[test]
    fn the_summary_is_where_the_master_was_told_to_write_it() {
        for words in [&["--json", "x"][..], &["--json=x"]] {
            assert_eq!(options(words).unwrap().unwrap().summary(Path::new("D")), Path::new("x"));
        }
        assert_eq!(options(&[]).unwrap().unwrap().summary(Path::new("D")), Path::new("D/summary.json"));
    }

    #[test]
    fn what_cannot_be_is_told() {
        let table = [
            (&["--workers"][..], "--workers wants a value"),
            (&["--workers", "many"], "--workers wants a number, not `many`"),
            (
                &["--host=ws://x"],
                "--host is the demo's to say; see cargo demo -- --help for what can be chosen",
            ),
        ];
        for (words, sentence) in table {
            assert_eq!(options(words).unwrap_err().to_string(), sentence);
        }
        assert_eq!(options(&["--help"]).unwrap(), None);
    }

    #[test]
    fn a_busy_port_names_itself_and_the_option_to_choose_another() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let options = Options { workers: 1, lobby_port: 0, game_port: 0, master_port: port, rest: vec![] };
        let said = options.check_ports().unwrap_err().to_string();
        assert_eq!(
            said,
            format!(
                "port {port}, for the master, is in use: stop what listens there, \
                 or choose another: cargo demo -- --master-port PORT"
            )
        );
    }
}
