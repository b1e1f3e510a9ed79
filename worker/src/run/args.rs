//! What `worker run` is started with, as typed and as meant.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use proto::class::{Class, Classes, Share};
use proto::data::{DataPolicy, DataSet};
use proto::folder::{Files, read_up_to};
use proto::message::Bundle;
use proto::network::LARGEST_CA;
use proto::plan::Plan;
use proto::profile::{LONGEST_RUN, Profile};
use proto::speech::{Dialect, Speech};

use crate::address::Address;
use crate::kit::Loaded;
use crate::mods::Registry;

/// Runs robots without a master, to write and try mods: prints what they do, or only what was measured.
#[derive(Debug, Parser)]
pub(crate) struct RunArgs {
    /// Address that robots begin with, such as ws://127.0.0.1:8765 or tcp://127.0.0.1:8888
    #[arg(short = 'H', long, value_name = "URL")]
    host: String,
    #[command(flatten)]
    folders: Folders,
    /// Mods that the robots play [default: all in --mods, or `role`]
    #[arg(long = "mod", value_name = "NAME")]
    named: Vec<String>,
    /// Rows for robots, as NAME=FILE (.csv or .jsonl)
    #[arg(long, value_name = "NAME=FILE")]
    data: Vec<String>,
    /// Robots at the peak
    #[arg(short = 'u', long, visible_alias = "users", value_name = "N", default_value_t = 1)]
    robots: u64,
    /// Robots born per second [default: all at once]
    #[arg(short = 'r', long, value_name = "N")]
    spawn_rate: Option<f64>,
    /// How long to run [default: until Ctrl-C]
    #[arg(short = 't', long, value_name = "TIME", value_parser = humantime::parse_duration)]
    run_time: Option<Duration>,
    /// Print each connect, message, state, task and wait
    #[arg(long)]
    trace: bool,
    /// Run only tasks with one of these tags
    #[arg(short = 'T', long, value_name = "TAG", num_args = 1.., value_delimiter = ',')]
    tags: Vec<String>,
    /// Run no tasks with one of these tags
    #[arg(short = 'E', long, value_name = "TAG", num_args = 1.., value_delimiter = ',')]
    exclude_tags: Vec<String>,
    /// How messages travel where the mod says nothing else: msg or rpc
    #[arg(long, value_name = "DIALECT", default_value = "msg", value_parser = dialect)]
    dialect: Dialect,
    /// A reply that breaks the rule XRequest -> XResponse, as REQUEST=REPLY
    #[arg(long, value_name = "REQUEST=REPLY")]
    reply: Vec<String>,
    /// Local addresses to connect from, in turn
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    source_ip: Vec<IpAddr>,
    /// Certificates to trust beside the public ones (PEM)
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// Trust any certificate
    #[arg(long)]
    insecure: bool,
    /// Time to wait for a reply
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    request_timeout: Duration,
    /// The number that all random choices come from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Threads that run robots [default: one per core, one for a single robot]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

fn dialect(text: &str) -> Result<Dialect, String> {
    match text {
        "msg" => Ok(Dialect::Msg),
        "rpc" => Ok(Dialect::Rpc),
        _ => Err("write msg or rpc".to_owned()),
    }
}

/// What is to be run.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) bundle: Bundle,
    pub(crate) threads: usize,
}

impl Job {
    /// Whether its files are good, and all that its plan names is there.
    ///
    /// # Errors
    /// What is wrong; one sentence each.
    pub(crate) fn loads(&self, registry: &Registry) -> Result<(), Vec<String>> {
        Loaded::new(Arc::new(self.bundle.clone()))?.kit(&self.plan, registry).map(drop)
    }
}

/// Writes what an editor needs to complete messages and calls of mods in Lua: LuaLS annotations, on standard output.
#[derive(Debug, Parser)]
pub(crate) struct AnnotateArgs {
    #[command(flatten)]
    folders: Folders,
}

impl AnnotateArgs {
    /// The files that are named.
    ///
    /// # Errors
    /// What is wrong with them; one sentence each.
    pub(crate) fn bundle(&self) -> Result<Bundle, Vec<String>> {
        let (mut files, mut faults) = (Files::default(), Vec::new());
        self.folders.take(&mut files, &mut faults);
        if faults.is_empty() { Ok(files.into_bundle()) } else { Err(faults) }
    }
}

/// The folders that a bundle is filled from.
#[derive(Debug, clap::Args)]
struct Folders {
    /// Folder of mods: each NAME/NAME_mod.lua, with what belongs to it
    #[arg(long, value_name = "FOLDER")]
    mods: Option<String>,
    /// Folder of .sproto files [default: those in --mods, or the built-in role protocol]
    #[arg(long, value_name = "FOLDER")]
    schema: Option<String>,
}

impl Folders {
    /// Takes their files; the names of the mods in them.
    fn take(&self, files: &mut Files, faults: &mut Vec<String>) -> Vec<String> {
        if let Some(folder) = &self.schema
            && let Err(wrong) = files.take_schema(folder)
        {
            faults.push(format!("--schema {folder}: {wrong}"));
        }
        let Some(folder) = &self.mods else { return Vec::new() };
        files.take_mods(folder).unwrap_or_else(|wrong| {
            faults.push(format!("--mods {folder}: {wrong}"));
            Vec::new()
        })
    }
}

impl RunArgs {
    pub(crate) fn trace(&self) -> bool {
        self.trace
    }

    pub(crate) fn has_mods(&self) -> bool {
        self.folders.mods.is_some()
    }

    /// Checks what was typed, and reads the files.
    ///
    /// # Errors
    /// What is wrong, and what to write instead; one sentence each.
    pub(crate) fn check(&self) -> Result<Job, Vec<String>> {
        let mut faults = Vec::new();
        if let Err(wrong) = Address::parse(&self.host) {
            faults.push(format!("--host {}: {wrong}", self.host));
        }
        let mut files = Files::default();
        let mods = self.folders.take(&mut files, &mut faults);
        let data = self.data(&mut files, &mut faults);
        let (speech, ca) = (self.speech(&mut faults), self.ca(&mut faults));
        let profile = self.profile().map_err(|wrong| faults.push(wrong)).ok();
        let classes = self.classes(mods).map_err(|wrong| faults.push(wrong)).ok();
        let plan = profile.zip(classes).and_then(|(profile, classes)| {
            let plan = self.plan(Plan::new(profile, classes, &*self.host), data, speech, ca);
            plan.check().map_err(|wrong| faults.push(wrong.to_string())).ok().map(|()| plan)
        });
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads =
            self.threads.map_or_else(|| if self.robots == 1 { 1 } else { cores() }, NonZeroUsize::get);
        match plan {
            Some(plan) if faults.is_empty() => Ok(Job { plan, bundle: files.into_bundle(), threads }),
            _ => Err(faults),
        }
    }

    fn data(&self, files: &mut Files, faults: &mut Vec<String>) -> Vec<DataSet> {
        let mut sets = Vec::new();
        for text in &self.data {
            let taken =
                text.split_once('=').ok_or_else(|| "write NAME=FILE".to_owned()).and_then(|(name, file)| {
                    let base = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file);
                    let path = format!("data/{base}");
                    files.take(Path::new(file), path.clone())?;
                    Ok(DataSet { name: name.to_owned(), path, policy: DataPolicy::Cycle })
                });
            match taken {
                Ok(set) => sets.push(set),
                Err(wrong) => faults.push(format!("--data {text}: {wrong}")),
            }
        }
        sets
    }

    fn profile(&self) -> Result<Profile, String> {
        let robots = self.robots.max(1);
        // All at once is within the first millisecond.
        let rate = self.spawn_rate.unwrap_or(robots as f64 * 1000.0);
        let run_time = self.run_time.unwrap_or(LONGEST_RUN);
        Profile::ramp(robots, rate, run_time).map_err(|e| e.to_string())
    }

    fn classes(&self, shipped: Vec<String>) -> Result<Classes, String> {
        let mods = match (self.named.as_slice(), shipped.is_empty()) {
            ([], false) => shipped,
            ([], true) => vec!["role".to_owned()],
            (named, _) => named.to_vec(),
        };
        let class = Class::new("default", Share::Weight(NonZeroU32::MIN), mods);
        Classes::new(vec![class]).map_err(|e| e.to_string())
    }

    fn plan(&self, mut plan: Plan, data: Vec<DataSet>, speech: Speech, ca: Option<String>) -> Plan {
        plan.seed = self.seed;
        plan.data = data;
        plan.timeouts.request = self.request_timeout;
        plan.tags.only.clone_from(&self.tags);
        plan.tags.without.clone_from(&self.exclude_tags);
        plan.speech = speech;
        plan.network.source_ips.clone_from(&self.source_ip);
        plan.network.insecure = self.insecure;
        plan.network.ca = ca;
        plan
    }

    fn speech(&self, faults: &mut Vec<String>) -> Speech {
        let mut speech = Speech { dialect: self.dialect, ..Speech::default() };
        for text in &self.reply {
            match text.split_once('=') {
                Some((request, reply)) => drop(speech.replies.insert(request.into(), reply.into())),
                None => {
                    let example = "write REQUEST=REPLY, such as LoginReuest=LoginRespone";
                    faults.push(format!("--reply {text}: {example}"));
                }
            }
        }
        speech
    }

    fn ca(&self, faults: &mut Vec<String>) -> Option<String> {
        let file = self.ca.as_ref()?;
        let wrong = match read_up_to(Path::new(file), LARGEST_CA as u64) {
            Ok(Some(content)) => return Some(String::from_utf8_lossy(&content).into_owned()),
            Ok(None) => format!("larger than {LARGEST_CA} bytes"),
            Err(e) => format!("can't be read ({e})"),
        };
        faults.push(format!("--ca {file}: {wrong}"));
        None
    }
}
