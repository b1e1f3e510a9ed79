//! The command line as typed. Values stay text here: [`Config`](crate::config::Config) checks them together with
//! those of file and environment, so that all faults are told at once.

use std::path::PathBuf;

use clap::Parser;

/// Splits simulated players over workers, merges what they measure, and judges.
///
/// Every option can also stand in horde.toml (`spawn-rate = 10`) and in the environment (HORDE_SPAWN_RATE=10);
/// the command line wins over the environment, and that over the file. Only the file has the tables `class`, `data`,
/// `speech.replies` and `network.headers`; the README shows them.
///
/// Only the file has the tables `stage`, which say any other shape of the load instead of --users, --spawn-rate, --run-time
/// and --arrivals: spikes, stairs, ramps down. Each has `duration`, and `users` with `edge = "linear"` (evenly, the
/// default) or `"step"` (at once), or with a `spawn-rate` after which it holds; or `arrivals` instead of `users`. A stage with
/// `cut` is left on its way, after so long.
///
/// Without --headless the master waits for people: `master ctl start` begins a run, and `master ctl --help` lists what else
/// they can ask of it.
#[derive(Debug, Default, Parser)]
#[command(name = "master", version)]
pub struct Args {
    /// File with settings [default: horde.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where workers dial in; port 0 takes a free one [default: 127.0.0.1:5557]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub bind: Option<String>,
    /// Begin when so many workers are ready [default: 1]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub expect_workers: Option<String>,
    /// Give up when they are not there in time; 0 waits for ever [default: 0]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub expect_workers_max_wait: Option<String>,
    /// Robots at the peak [default: 1]
    #[arg(short, long, value_name = "N", allow_hyphen_values = true)]
    pub users: Option<String>,
    /// Robots born per second [default: 1]
    #[arg(short = 'r', long, value_name = "N", allow_hyphen_values = true)]
    pub spawn_rate: Option<String>,
    /// How long the run lasts, the ramp included: 20, 20s, 3m, 1h30m, 500ms, 20us [default: until Ctrl-C, at most 24h]
    #[arg(short = 't', long, value_name = "TIME", allow_hyphen_values = true)]
    pub run_time: Option<String>,
    /// The address that robots begin with, such as ws://127.0.0.1:8765
    #[arg(short = 'H', long, value_name = "URL")]
    pub host: Option<String>,
    /// Sessions that begin per second, instead of --users and --spawn-rate: each robot lives one session and is gone
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    pub arrivals: Option<String>,
    /// How arrivals are spaced: constant or poisson [default: constant]
    #[arg(long, value_name = "MODEL")]
    pub arrivals_model: Option<String>,
    /// Begin the run at once and end with it, and listen to nobody but signals, and to --web-port where it is given
    #[arg(long)]
    pub headless: bool,
    /// Where people reach the master: `master ctl` and the API below /api/v1; port 0 takes a free one [default: 8089]
    #[arg(long, value_name = "PORT", allow_hyphen_values = true)]
    pub web_port: Option<String>,
    /// The address of that port; whoever can reach it can change runs [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub web_bind: Option<String>,
    /// A name by which pages may ask for the master there, beside its addresses, as behind an ingress; can be given again
    #[arg(long, value_name = "NAME")]
    pub web_host: Vec<String>,
    /// Begin the first run at once, without `master ctl start`, and stay for others
    #[arg(long)]
    pub autostart: bool,
    /// With --autostart: end so long after a run if nobody starts another
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub autoquit: Option<String>,
    /// Time that robots have to log out when they stop [default: 5s]
    #[arg(short = 's', long, value_name = "TIME", allow_hyphen_values = true)]
    pub stop_timeout: Option<String>,
    /// Time to open a connection, its handshake included [default: 10s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub connect_timeout: Option<String>,
    /// Time to wait for a reply [default: 10s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub request_timeout: Option<String>,
    /// The number that all random choices come from; the same one repeats a run [default: 0]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub seed: Option<String>,
    /// What becomes of a lost worker's robots: rebalance, continue or fail [default: rebalance]
    #[arg(long, value_name = "POLICY")]
    pub on_worker_loss: Option<String>,
    /// How long robots play on when the master is gone and nobody is there to deal them again [default: 0]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub hold: Option<String>,
    /// Remember the run in this folder, so that a master that is killed and started again goes on with it
    #[arg(long, value_name = "DIR")]
    pub journal: Option<String>,
    /// What becomes of a robot that ends by itself: replace or leave [default: replace]
    #[arg(long, value_name = "POLICY")]
    pub on_robot_end: Option<String>,
    /// Whether a robot whose session broke tries again: off, backoff, or its pauses such as 500ms..30s [default: backoff]
    #[arg(long, value_name = "POLICY")]
    pub reconnect: Option<String>,
    /// Keep the last messages of so many failing robots [default: 0]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub keep_failures: Option<String>,
    /// What the figures of the run have to keep to, such as 'p99(EchoRequest) < 50ms after 30s'; can be given again
    #[arg(long, value_name = "THRESHOLD")]
    pub threshold: Vec<String>,
    /// Folder of .sproto files that workers use [default: their built-in role protocol]
    #[arg(long, value_name = "FOLDER")]
    pub schema: Option<String>,
    /// Folder of Lua mods, each NAME/NAME_mod.lua; shipped to the workers with the .sproto and data files beside them
    #[arg(long, value_name = "DIR")]
    pub mods: Option<String>,
    /// The mod that robots play where no class says so [default: the only one of --mods, or role]
    #[arg(long = "mod", value_name = "NAME")]
    pub mod_name: Option<String>,
    /// Rows that robots take, from a .csv with a header or a .jsonl; can be given again
    #[arg(long, value_name = "NAME=FILE")]
    pub data: Vec<String>,
    /// Run only tasks with one of these tags; separate them with commas or spaces
    #[arg(short = 'T', long, value_name = "TAG", num_args = 1..)]
    pub tags: Vec<String>,
    /// Run no task with one of these tags
    #[arg(short = 'E', long, value_name = "TAG", num_args = 1..)]
    pub exclude_tags: Vec<String>,
    /// How messages travel: msg (in an envelope) or rpc (sproto's own) [default: msg]
    #[arg(long, value_name = "DIALECT")]
    pub dialect: Option<String>,
    /// The envelope of msg: its type, and its fields for name and bytes [default: Msg.Name.Bin]
    #[arg(long, value_name = "TYPE.NAME.BODY")]
    pub envelope: Option<String>,
    /// The type of rpc's header [default: package]
    #[arg(long, value_name = "TYPE")]
    pub package: Option<String>,
    /// Whether rpc is 0-packed: on or off [default: on]
    #[arg(long, value_name = "ON|OFF")]
    pub packing: Option<String>,
    /// Local addresses that robots connect from, in turn; separate them with commas or spaces
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    pub source_ip: Vec<String>,
    /// Trust the certificates of this PEM file too; in horde.toml its text can stand instead
    #[arg(long, value_name = "FILE")]
    pub ca: Option<String>,
    /// Do not look at certificates at all
    #[arg(long)]
    pub insecure: bool,
    /// The WebSocket subprotocol to ask for
    #[arg(long, value_name = "NAME")]
    pub subprotocol: Option<String>,
    /// Write the summary to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<String>,
    /// Write PREFIX_stats.csv, _stats_history.csv, _failures.csv and _exceptions.csv
    #[arg(long, value_name = "PREFIX")]
    pub csv: Option<String>,
    /// What to log: error, warn, info, debug, or a filter such as info,master=debug; also HORDE_LOG [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log_level: Option<String>,
}

impl Args {
    /// What was given, by name; `--config` is no setting but says where settings are.
    pub(crate) fn given(self) -> Vec<(&'static str, String)> {
        let on = |switch: bool| switch.then(|| "true".to_owned());
        let list = |items: Vec<String>| (!items.is_empty()).then(|| items.join(","));
        let all = [
            ("bind", self.bind),
            ("expect-workers", self.expect_workers),
            ("expect-workers-max-wait", self.expect_workers_max_wait),
            ("users", self.users),
            ("spawn-rate", self.spawn_rate),
            ("run-time", self.run_time),
            ("host", self.host),
            ("arrivals", self.arrivals),
            ("arrivals-model", self.arrivals_model),
            ("headless", on(self.headless)),
            ("web-port", self.web_port),
            ("web-bind", self.web_bind),
            ("web-host", list(self.web_host)),
            ("autostart", on(self.autostart)),
            ("autoquit", self.autoquit),
            ("stop-timeout", self.stop_timeout),
            ("connect-timeout", self.connect_timeout),
            ("request-timeout", self.request_timeout),
            ("seed", self.seed),
            ("on-worker-loss", self.on_worker_loss),
            ("hold", self.hold),
            ("journal", self.journal),
            ("on-robot-end", self.on_robot_end),
            ("reconnect", self.reconnect),
            ("keep-failures", self.keep_failures),
            ("threshold", (!self.threshold.is_empty()).then(|| self.threshold.join(";"))),
            ("schema", self.schema),
            ("mods", self.mods),
            ("mod", self.mod_name),
            ("data", list(self.data)),
            ("tags", list(self.tags)),
            ("exclude-tags", list(self.exclude_tags)),
            ("dialect", self.dialect),
            ("envelope", self.envelope),
            ("package", self.package),
            ("packing", self.packing),
            ("source-ip", list(self.source_ip)),
            ("ca", self.ca),
            ("insecure", on(self.insecure)),
            ("subprotocol", self.subprotocol),
            ("json", self.json),
            ("csv", self.csv),
            ("log-level", self.log_level),
        ];
        all.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
    }

    /// Every name that a setting can have, as file and command line write it.
    pub(crate) fn names() -> Vec<String> {
        let command = <Self as clap::CommandFactory>::command();
        let longs = command.get_arguments().filter_map(|arg| arg.get_long());
        longs.filter(|name| *name != "config").map(str::to_owned).collect()
    }

    /// Clap's many lines about a wrong command line, as one that names fault and remedy.
    pub fn fault(error: &clap::Error) -> String {
        Self::fault_of("master", error)
    }

    /// The same of another program.
    pub fn fault_of(program: &str, error: &clap::Error) -> String {
        let text = error.to_string();
        let mut parts = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
        let fault = parts.next().unwrap_or_default();
        let fault = fault.strip_prefix("error: ").unwrap_or(&fault).to_owned();
        let tips: Vec<_> = parts.filter_map(|part| Some(part.strip_prefix("tip: ")?.to_owned())).collect();
        let remedy =
            if tips.is_empty() { format!("`{program} --help` lists the options") } else { tips.join("; ") };
        format!("{fault}; {remedy}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(args: &[&str]) -> String {
        Args::fault(&Args::try_parse_from([&["master"], args].concat()).unwrap_err())
    }

    #[test]
    fn a_wrong_command_line_is_one_line_with_fault_and_remedy() {
        let table = [
            (
                vec!["--usres", "5"],
                "unexpected argument '--usres' found; a similar argument exists: '--users'",
            ),
            (vec!["--xyzzy"], "unexpected argument '--xyzzy' found; `master --help` lists the options"),
            (
                vec!["--host"],
                "a value is required for '--host <URL>' but none was supplied; `master --help` lists the options",
            ),
            (vec!["go"], "unexpected argument 'go' found; `master --help` lists the options"),
        ];
        for (args, sentence) in table {
            assert_eq!(fault(&args), sentence);
        }
    }

    #[test]
    fn every_option_but_config_is_a_setting() {
        let args = Args::try_parse_from(["master", "--users", "-1", "--headless", "-r", "nan"]).unwrap();
        assert_eq!(
            args.given(),
            [("users", "-1".into()), ("spawn-rate", "nan".into()), ("headless", "true".into())]
        );
        assert_eq!(Args::names().len(), 43);
    }
}
