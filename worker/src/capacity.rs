//! What this machine can hold: descriptors and ports. Found before any robot starts, with the arithmetic, and not by the
//! connects that fail.

use proto::plan::Plan;
use proto::ports::{EPHEMERAL_PORTS, Ports};

/// Descriptors that a worker needs for itself.
const SPARE: u64 = 32;

/// What this machine can hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    /// How many descriptors this process may open.
    open_files: u64,
    /// Ports for outgoing connections, of each source address.
    ports: u64,
}

impl Capacity {
    /// That of this process, on this machine.
    pub(crate) fn here() -> Self {
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
        Self {
            open_files: rlimit::Resource::NOFILE.get_soft().unwrap_or(u64::MAX),
            ports: ports_in(&range).unwrap_or(EPHEMERAL_PORTS),
        }
    }

    /// Whether so many robots of a plan fit, with one connection each.
    ///
    /// # Errors
    /// What is too little, and what to do; one sentence each.
    pub(crate) fn check(&self, plan: &Plan, robots: u64) -> Result<(), Vec<String>> {
        let mut faults = Vec::new();
        let room = self.open_files.saturating_sub(SPARE);
        if robots > room {
            faults.push(format!(
                "{robots} robots with one connection each need as many descriptors, but this worker may open {} files \
                 and needs {SPARE} itself; raise the limit (ulimit -n) or take more workers",
                self.open_files
            ));
        }
        let addresses = plan.network.source_ips.len().max(1) as u64;
        let ports = Ports { workers: 1, addresses, per_address: self.ports };
        faults.extend(ports.check(robots, &plan.host).err().map(|e| e.to_string()));
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// How many ports a range such as `32768 60999` has.
fn ports_in(range: &str) -> Option<u64> {
    let (first, last) = range.trim().split_once(char::is_whitespace)?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.trim().parse().ok()?);
    last.checked_sub(first).map(|span| span + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::class::{Class, Classes, Share};
    use proto::profile::Profile;
    use std::num::NonZeroU32;
    use std::time::Duration;

    #[test]
    fn what_does_not_fit_is_told_with_the_arithmetic() {
        let class = Class::new("all", Share::Weight(NonZeroU32::MIN), vec!["role".into()]);
        let profile = Profile::ramp(100, 100.0, Duration::from_secs(10)).unwrap();
        let mut plan = Plan::new(profile, Classes::new(vec![class]).unwrap(), "ws://127.0.0.1:8765");
        let small = Capacity { open_files: 64, ports: 50 };
        assert_eq!(small.check(&plan, 32), Ok(()));
        let faults = small.check(&plan, 100).unwrap_err();
        assert_eq!(
            faults[0],
            "100 robots with one connection each need as many descriptors, but this worker may open 64 files \
             and needs 32 itself; raise the limit (ulimit -n) or take more workers"
        );
        assert!(faults[1].contains("1 x 1 x 50"), "{}", faults[1]);
        plan.network.source_ips = ["127.0.0.1", "127.0.0.2"].map(|ip| ip.parse().unwrap()).into();
        assert_eq!(small.check(&plan, 100).unwrap_err().len(), 1);
        assert_eq!((ports_in("32768\t60999\n"), ports_in("x")), (Some(EPHEMERAL_PORTS), None));
    }
}
