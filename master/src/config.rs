//! What was asked for, as meant. Settings as text come in; a plan, a bundle and opened outputs go out, or every fault
//! at once.

mod bundle;
mod classes;
pub(crate) mod duration;
mod export;
mod fault;
mod life;
mod parse;
mod plan;
mod secret;
mod settings;
mod stages;
mod tables;
mod toml;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use proto::message::Bundle;
use proto::plan::Plan;
use proto::profile::LONGEST_RUN;

pub(crate) use duration::{parse as duration, show};
pub use export::{Sources, export};
pub use fault::{Fault, Faults, Origin};
pub use life::Life;
pub(crate) use secret::open_address;
pub use settings::{Setting, Settings};

use crate::door::MOST_CONNECTIONS;
use crate::output::{Csv, Json, Output};
use crate::threshold::Threshold;

/// A master's work.
pub struct Config {
    /// Where workers dial in.
    pub bind: String,
    /// What is logged.
    pub log: String,
    /// The folder where the run is remembered.
    pub journal: Option<PathBuf>,
    /// How the run comes about.
    pub muster: Muster,
    /// Everything that the run is.
    pub plan: Plan,
    /// What its figures have to keep to.
    pub thresholds: Vec<Threshold>,
    /// The files that robots need.
    pub bundle: Arc<Bundle>,
    /// Where those files were.
    pub sources: Sources,
    /// Where the results go.
    pub outputs: Vec<Box<dyn Output + Send>>,
    /// What it does beside its run.
    pub life: Life,
}

/// Whom a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Muster {
    /// It begins when so many workers are ready.
    pub workers: usize,
    /// How long it waits for them; none waits for ever.
    pub patience: Option<Duration>,
}

impl Config {
    /// Checks all settings, and opens the outputs.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(settings: &Settings) -> Result<Self, Faults> {
        let mut reader = Reader { settings, faults: Vec::new() };
        let config = reader.config();
        match config {
            Some(config) if reader.faults.is_empty() => Ok(config),
            _ => Err(Faults(reader.faults)),
        }
    }
}

/// Reads settings one by one and keeps what is wrong with them.
struct Reader<'a> {
    settings: &'a Settings,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    /// Every part is read before one that is missing ends it, so that all faults are found.
    fn config(&mut self) -> Option<Config> {
        let bind = self.read("bind", parse::address);
        let log = self.read("log-level", parse::filter);
        let journal = self.optional("journal", |folder| Ok(PathBuf::from(folder)));
        let muster = self.muster();
        let life = self.life();
        let thresholds = self.optional("threshold", parse::thresholds);
        let shipped = self.shipped();
        let plan = self.plan(&shipped);
        if let (Some(plan), Some(muster)) = (&plan, muster) {
            self.check_rows(plan, &shipped);
            self.check_ports(plan, muster.workers as u64);
        }
        let json = self.optional("json", |path| Json::open(path).map_err(|e| e.to_string()));
        let csv = self.optional("csv", |prefix| Csv::open(prefix).map_err(|e| e.to_string()));
        let outputs: [Option<Box<dyn Output + Send>>; 2] =
            [json?.map(|json| Box::new(json) as _), csv?.map(|csv| Box::new(csv) as _)];
        let thresholds = thresholds?.unwrap_or_default();
        Some(Config {
            bind: bind?,
            log: log?,
            journal: journal?,
            muster: muster?,
            plan: plan?,
            sources: self.sources(&shipped, &thresholds),
            thresholds,
            bundle: Arc::new(shipped.files.into_bundle()),
            outputs: outputs.into_iter().flatten().collect(),
            life: life?,
        })
    }

    fn muster(&mut self) -> Option<Muster> {
        let workers = self.read("expect-workers", |text| parse::whole(text, 1, MOST_CONNECTIONS as u64));
        let patience =
            self.read("expect-workers-max-wait", |text| parse::time(text, Duration::ZERO, LONGEST_RUN));
        let patience = patience?;
        Some(Muster {
            workers: usize::try_from(workers?).ok()?,
            patience: Some(patience).filter(|t| !t.is_zero()),
        })
    }

    /// A setting that has a default, or none where it was not given.
    fn read<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = &self.settings.get(name)?.text;
        parse(text).map_err(|wrong| self.fault(name, wrong)).ok()
    }

    /// A setting that may be missing; the outer none is a fault.
    fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match self.settings.get(name) {
            None => Some(None),
            Some(_) => self.read(name, parse).map(Some),
        }
    }

    /// Whether a setting was made anywhere, and is not just what holds if nothing is said.
    fn is_given(&self, name: &str) -> bool {
        self.settings.get(name).is_some_and(|setting| setting.origin != Origin::Default)
    }

    fn fault(&mut self, name: &str, wrong: String) {
        let (text, origin) = match self.settings.get(name) {
            Some(setting) => (setting.text.as_str(), setting.origin.clone()),
            None => ("", Origin::Default),
        };
        self.faults.push(Fault::of(name, text, origin, wrong));
    }

    /// Something is wrong with what only the file says.
    fn fault_of_table(&mut self, wrong: String) {
        let origin = Origin::File(self.settings.tables().file.clone());
        self.faults.push(Fault::plain("config", origin, wrong));
    }
}

#[cfg(test)]
mod tests;
