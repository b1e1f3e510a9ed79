//! What robots need beside their plan: messages, data and scripts. A bundle comes in and is checked; with a plan it becomes
//! what every robot thread shares.

use std::collections::BTreeSet;
use std::sync::Arc;

use proto::message::Bundle;
use proto::plan::Plan;

use crate::data::Data;
use crate::lua::Scripts;
use crate::mods::Registry;
use crate::protocol::{Protocol, Schemas, mod_of};

/// A bundle that was found good.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    bundle: Arc<Bundle>,
    scripts: Scripts,
}

/// What every robot of a run shares.
#[derive(Debug)]
pub(crate) struct Kit {
    pub(crate) protocol: Arc<Protocol>,
    pub(crate) data: Data,
    /// The mods in Lua.
    pub(crate) scripts: Scripts,
    /// The commands that its mods have handlers for.
    pub(crate) commands: BTreeSet<String>,
}

impl Loaded {
    /// Checks a bundle.
    ///
    /// # Errors
    /// What is wrong in its files; one sentence each.
    pub(crate) fn new(bundle: Arc<Bundle>) -> Result<Self, Vec<String>> {
        let mut faults = schema_faults(&bundle);
        match Scripts::load(&bundle) {
            Ok(scripts) if faults.is_empty() => return Ok(Self { bundle, scripts }),
            Ok(_) => {}
            Err(more) => faults.extend(more),
        }
        Err(faults)
    }

    /// The kit of a plan.
    ///
    /// # Errors
    /// What the plan wants and this bundle and these mods don't have; one sentence each.
    pub(crate) fn kit(&self, plan: &Plan, registry: &Registry) -> Result<Kit, Vec<String>> {
        if plan.network.insecure {
            tracing::warn!("insecure: no certificate is looked at, so anybody can pretend to be the target");
        }
        let mut faults = missing_mods(plan, registry, &self.scripts);
        faults.extend(crate::tls::connector(&plan.network).err());
        let played = |name: &str| mods_of(plan).any(|played| played == name);
        let schemas = Schemas::played(&self.bundle, played).map_err(|more| [&faults[..], &more].concat())?;
        let protocol = Arc::new(schemas.spoken(&plan.speech));
        for name in mods_of(plan).collect::<BTreeSet<_>>() {
            faults.extend(self.scripts.unknown_messages(name, &protocol));
        }
        let commands = commands(plan, registry, &self.scripts);
        let data = Data::load(&self.bundle, &plan.data).map_err(|more| faults.extend(more));
        match data {
            Ok(data) if faults.is_empty() => {
                Ok(Kit { protocol, data, scripts: self.scripts.clone(), commands })
            }
            _ => Err(faults),
        }
    }
}

/// The mods that a plan's robots play.
fn mods_of(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.classes.list().iter().flat_map(|class| &class.mods).map(String::as_str)
}

/// The commands that a plan's mods have handlers for.
fn commands(plan: &Plan, registry: &Registry, scripts: &Scripts) -> BTreeSet<String> {
    let of = |name| scripts.command_names(name).or_else(|| registry.command_names(name));
    mods_of(plan).filter_map(of).flatten().cloned().collect()
}

/// What is wrong in the schemas, those that all robots have and those of each mod.
fn schema_faults(bundle: &Bundle) -> Vec<String> {
    let mods: BTreeSet<_> = bundle.files.iter().filter_map(|(path, _)| mod_of(path)).collect();
    let alone = mods.iter().map(|name| Schemas::played(bundle, |played| played == *name));
    let all = std::iter::once(Schemas::played(bundle, |_| false)).chain(alone);
    let faults: BTreeSet<_> = all.filter_map(Result::err).flatten().collect();
    faults.into_iter().collect()
}

/// Mods and tasks that a plan wants and nobody has. A mod of the bundle comes before one of the same name that is compiled in.
fn missing_mods(plan: &Plan, registry: &Registry, scripts: &Scripts) -> Vec<String> {
    let mut faults = Vec::new();
    for class in plan.classes.list() {
        let mut tasks = Vec::new();
        for name in &class.mods {
            match scripts.task_names(name).or_else(|| registry.task_names(name)) {
                Some(names) => tasks.extend(names.iter().map(String::as_str)),
                None => {
                    let has: BTreeSet<_> = scripts.names().chain(registry.names()).collect();
                    let has = has.into_iter().collect::<Vec<_>>().join(", ");
                    faults.push(format!("this worker has no mod `{name}`; it has: {has}"));
                }
            }
        }
        for choice in class.tasks.iter().filter(|choice| !tasks.contains(&choice.name.as_str())) {
            let (class, name, has) = (&class.name, &choice.name, tasks.join(", "));
            faults.push(format!("class `{class}` names a task `{name}`; its mods have: {has}"));
        }
    }
    faults
}
