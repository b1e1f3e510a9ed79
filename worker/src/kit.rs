//! What robots need beside their plan: messages, data and scripts. A bundle comes in and is checked; with a plan it becomes
//! what every robot thread shares.

use std::sync::Arc;

use proto::message::Bundle;
use proto::plan::Plan;

use crate::data::Data;
use crate::mods::Registry;
use crate::protocol::{Protocol, Schemas};

/// A bundle that was found good.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    bundle: Arc<Bundle>,
    schemas: Schemas,
}

/// What every robot of a run shares.
#[derive(Debug)]
pub(crate) struct Kit {
    pub(crate) protocol: Arc<Protocol>,
    pub(crate) data: Data,
}

impl Loaded {
    /// Checks a bundle.
    ///
    /// # Errors
    /// What is wrong in its files; one sentence each.
    pub(crate) fn new(bundle: Arc<Bundle>) -> Result<Self, Vec<String>> {
        let schemas = Schemas::from_bundle(&bundle)?;
        Ok(Self { bundle, schemas })
    }

    /// The kit of a plan.
    ///
    /// # Errors
    /// What the plan wants and this bundle and these mods don't have; one sentence each.
    pub(crate) fn kit(&self, plan: &Plan, registry: &Registry) -> Result<Kit, Vec<String>> {
        let mut faults = missing_mods(plan, registry);
        faults.extend(crate::tls::connector(&plan.network).err());
        let protocol = Arc::new(self.schemas.clone().spoken(&plan.speech));
        let data = Data::load(&self.bundle, &plan.data).map_err(|more| faults.extend(more));
        match data {
            Ok(data) if faults.is_empty() => Ok(Kit { protocol, data }),
            _ => Err(faults),
        }
    }
}

/// Mods and tasks that a plan wants and nobody has.
fn missing_mods(plan: &Plan, registry: &Registry) -> Vec<String> {
    let mut faults = Vec::new();
    for class in plan.classes.list() {
        let mut tasks = Vec::new();
        for name in &class.mods {
            match registry.task_names(name) {
                Some(names) => tasks.extend(names.iter().map(String::as_str)),
                None => {
                    let has = registry.names().collect::<Vec<_>>().join(", ");
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
