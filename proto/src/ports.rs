//! Whether there are local ports enough: a connection takes one of its source address for each target. Pure arithmetic,
//! with the assumption that each robot has one connection to a target, and each worker addresses of its own.

/// The ports that Linux gives to outgoing connections by default: 32768 to 60999.
pub const EPHEMERAL_PORTS: u64 = 60_999 - 32_768 + 1;

/// What connections can go out from.
///
/// ```
/// use proto::ports::{EPHEMERAL_PORTS, Ports};
///
/// let ports = Ports { workers: 2, addresses: 1, per_address: EPHEMERAL_PORTS };
/// assert_eq!(ports.room(), 56_464);
/// assert!(ports.check(50_000, "ws://127.0.0.1:8765").is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Workers, each with source addresses of its own.
    pub workers: u64,
    /// Source addresses of each worker.
    pub addresses: u64,
    /// Ports of each address.
    pub per_address: u64,
}

/// More robots than ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{robots} robots with one connection each to {target} need as many ports, but {workers} x {addresses} x {per_address} \
     (workers x source addresses x ports) are {room}; give {enough} source addresses to each worker, or {more} workers",
    workers = .ports.workers, addresses = .ports.addresses, per_address = .ports.per_address, room = .ports.room(),
    enough = .ports.addresses_for(*.robots), more = .ports.workers_for(*.robots)
)]
pub struct TooFewPorts {
    robots: u64,
    target: String,
    ports: Ports,
}

impl Ports {
    /// Connections to one target that can be open at a time.
    pub fn room(&self) -> u64 {
        self.workers.saturating_mul(self.addresses).saturating_mul(self.per_address)
    }

    /// Checks that so many robots can be connected to one target at a time.
    ///
    /// # Errors
    /// When there are fewer ports than robots.
    pub fn check(self, robots: u64, target: &str) -> Result<(), TooFewPorts> {
        if robots <= self.room() {
            return Ok(());
        }
        Err(TooFewPorts { robots, target: target.to_owned(), ports: self })
    }

    /// Source addresses that each worker needs for so many robots.
    pub fn addresses_for(&self, robots: u64) -> u64 {
        robots.div_ceil(self.workers.saturating_mul(self.per_address).max(1))
    }

    /// Workers that are needed for so many robots.
    pub fn workers_for(&self, robots: u64) -> u64 {
        robots.div_ceil(self.addresses.saturating_mul(self.per_address).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn too_many_robots_are_refused_with_the_arithmetic() {
        let ports = Ports { workers: 2, addresses: 1, per_address: EPHEMERAL_PORTS };
        assert_eq!(ports.check(56_464, "ws://a:1"), Ok(()));
        assert_eq!(
            ports.check(60_000, "ws://a:1").unwrap_err().to_string(),
            "60000 robots with one connection each to ws://a:1 need as many ports, but 2 x 1 x 28232 \
             (workers x source addresses x ports) are 56464; give 2 source addresses to each worker, or 3 workers"
        );
    }

    proptest! {
        #[test]
        fn the_remedy_is_enough_and_one_less_is_not(workers in 1..50u64, addresses in 1..50u64, robots in 1..1_000_000_000u64) {
            let ports = Ports { workers, addresses, per_address: EPHEMERAL_PORTS };
            for (ports, needed) in [
                (Ports { addresses: ports.addresses_for(robots), ..ports }, ports.addresses_for(robots)),
                (Ports { workers: ports.workers_for(robots), ..ports }, ports.workers_for(robots)),
            ] {
                prop_assert!(needed > 0 && ports.check(robots, "x").is_ok());
            }
            let fewer = Ports { addresses: ports.addresses_for(robots) - 1, ..ports };
            prop_assert!(fewer.check(robots, "x").is_err());
        }
    }
}
