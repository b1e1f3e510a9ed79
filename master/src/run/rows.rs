//! Whether each robot of a plan finds a row of its own where it must have one. Files are read once: they may be large, and
//! whoever asks for a change waits on the run's own thread.

use std::collections::BTreeMap;

use proto::data::{DataPolicy, DataSet};
use proto::message::Bundle;
use proto::plan::Plan;

/// How many rows the files have of which no two robots may have the same, by path.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<String, u64>);

impl Rows {
    /// Knows the files of that plan too; one that can't be read is another's fault.
    pub(super) fn with(mut self, plan: &Plan, bundle: &Bundle) -> Self {
        for set in unique(plan).filter(|set| !self.0.contains_key(&set.path)).collect::<Vec<_>>() {
            let file = bundle.files.iter().find(|(path, _)| *path == set.path);
            let rows = file.and_then(|(path, content)| proto::rows::read(path, content).ok());
            self.0.extend(rows.map(|rows| (set.path.clone(), rows.len() as u64)));
        }
        self
    }

    /// What is wrong with the rows.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), String> {
        let robots = plan.profile.peak();
        let few = |set: &&DataSet| self.0.get(&set.path).is_some_and(|rows| *rows < robots);
        let Some(set) = unique(plan).find(few) else { return Ok(()) };
        let (name, rows) = (&set.name, self.0.get(&set.path).copied().unwrap_or_default());
        Err(format!("data set `{name}` is unique, but has {rows} rows for {robots} robots"))
    }
}

fn unique(plan: &Plan) -> impl Iterator<Item = &DataSet> {
    plan.data.iter().filter(|set| set.policy == DataPolicy::Unique)
}
