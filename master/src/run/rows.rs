//! Whether each robot of a plan finds a row of its own where it must have one.

use proto::data::DataPolicy;
use proto::message::Bundle;
use proto::plan::Plan;

/// What is wrong with the rows; a file that can't be read is another's fault.
pub(super) fn check(plan: &Plan, bundle: &Bundle) -> Result<(), String> {
    let robots = plan.profile.peak();
    for set in plan.data.iter().filter(|set| set.policy == DataPolicy::Unique) {
        let file = bundle.files.iter().find(|(path, _)| *path == set.path);
        let rows = file.and_then(|(path, content)| proto::rows::read(path, content).ok());
        match rows.map(|rows| rows.len() as u64) {
            Some(rows) if rows < robots => {
                return Err(format!(
                    "data set `{}` is unique, but has {rows} rows for {robots} robots",
                    set.name
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
