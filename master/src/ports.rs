//! Whether the robots of a plan find ports enough. A plan and a number of workers come in; what is lacking goes out.

use std::collections::BTreeMap;

use proto::plan::Plan;
use proto::ports::{EPHEMERAL_PORTS, Ports, TooFewPorts};

use crate::config::open_address;

/// Each target to which more robots would connect than so many workers have ports. How many robots of an open profile are
/// there at a time, nobody knows.
pub(crate) fn lacking(plan: &Plan, workers: u64) -> Vec<TooFewPorts> {
    if plan.profile.is_open() {
        return Vec::new();
    }
    let addresses = plan.network.source_ips.len().max(1) as u64;
    let ports = Ports { workers, addresses, per_address: EPHEMERAL_PORTS };
    let mut by_target = BTreeMap::new();
    for (class, count) in plan.classes.list().iter().zip(plan.classes.counts(plan.profile.peak())) {
        *by_target.entry(class.host.as_ref().unwrap_or(&plan.host)).or_insert(0u64) += count;
    }
    let check = |(target, robots): (&String, u64)| ports.check(robots, &open_address(target)).err();
    by_target.into_iter().filter_map(check).collect()
}
