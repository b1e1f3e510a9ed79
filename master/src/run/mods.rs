//! Whether a worker can play what the plan wants: each mod is in the bundle, or compiled into the worker.

use std::collections::BTreeSet;

use proto::message::{Bundle, Hello};
use proto::plan::Plan;

/// Mods that neither the bundle nor the worker has; one sentence each. A worker that does not say what it has is believed.
pub(super) fn faults(plan: &Plan, bundle: &Bundle, hello: &Hello) -> Vec<String> {
    if hello.mods.is_empty() {
        return Vec::new();
    }
    let wanted: BTreeSet<_> = plan.classes.list().iter().flat_map(|class| &class.mods).collect();
    let missing = wanted.into_iter().filter(|name| !hello.mods.contains(name) && !ships(bundle, name));
    let has = crate::text::fit(&hello.mods.join(", "), 300);
    missing
        .map(|name| {
            let worker = &hello.name;
            format!(
                "worker {worker} can't play mod `{name}`: the bundle has no mods/{name}/{name}_mod.lua, and the worker \
                 has only {has}; ship it with --mods DIR, or start a worker that has it"
            )
        })
        .collect()
}

/// Whether the bundle has the Lua mod of that name.
fn ships(bundle: &Bundle, name: &str) -> bool {
    let file = format!("mods/{name}/{name}_mod.lua");
    bundle.files.iter().any(|(path, _)| *path == file)
}
