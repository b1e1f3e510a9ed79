//! How long a worker may run robots without hearing of its master. Pure: what happened goes in with its moment, until when comes
//! out. The master deals a lost worker's slots later than that, so no robot is ever alive twice.

use std::time::Duration;

use proto::message::{BREAK_LEASE, LEASE};
use tokio::time::Instant;

/// A worker's lease on its robots.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    /// When that was said which the master has answered last.
    contact: Instant,
    /// How long robots play on while dials are refused.
    hold: Duration,
    line: Line,
}

/// What is known of the way to the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A stream is open, and the master has said that it is about the same run.
    Whole,
    /// It broke then. Perhaps a master is there and deals the robots anew.
    Broken(Instant),
    /// It broke then, and a dial since came to nothing without being refused.
    Doubtful(Instant),
    /// It broke, and each dial since was refused: no master is there that could deal anything.
    Refused,
    /// It broke, and dials were refused and then silent: a master may be there.
    Silent,
}

impl Lease {
    /// A lease from a master that answered what was said at `contact`.
    pub(crate) fn new(contact: Instant) -> Self {
        Self { contact, hold: Duration::ZERO, line: Line::Whole }
    }

    /// The plan says how long robots are held.
    pub(crate) fn hold(&mut self, hold: Duration) {
        self.hold = hold;
    }

    /// The master answered what was said at `sent`, on a stream of the same run.
    pub(crate) fn contact(&mut self, sent: Instant) {
        self.contact = self.contact.max(sent);
        self.line = Line::Whole;
    }

    /// The stream broke.
    pub(crate) fn broke(&mut self, now: Instant) {
        match self.line {
            Line::Whole => self.line = Line::Broken(now),
            _ => self.failed(),
        }
    }

    /// A dial was refused.
    pub(crate) fn refused(&mut self) {
        self.line = match self.line {
            Line::Broken(_) => Line::Refused,
            Line::Doubtful(_) => Line::Silent,
            line => line,
        };
    }

    /// A dial came to nothing in another way: it was silent, or somebody was there and is no use.
    pub(crate) fn failed(&mut self) {
        self.line = match self.line {
            Line::Broken(at) => Line::Doubtful(at),
            Line::Refused => Line::Silent,
            line => line,
        };
    }

    /// Until when robots may run.
    pub(crate) fn until(&self) -> Instant {
        let lease = self.contact + LEASE;
        match self.line {
            Line::Whole | Line::Silent => lease,
            Line::Broken(at) | Line::Doubtful(at) => lease.min(at + BREAK_LEASE),
            Line::Refused => lease.max(self.contact + self.hold),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Milliseconds after the last contact.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Contact(u64),
        Broke(u64),
        Refused,
        Failed,
    }
    use Event::{Broke, Contact, Failed, Refused};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn lease(start: Instant, hold: u64, events: &[Event]) -> Lease {
        let mut lease = Lease::new(start);
        lease.hold(ms(hold));
        for event in events {
            match event {
                Contact(at) => lease.contact(start + ms(*at)),
                Broke(at) => lease.broke(start + ms(*at)),
                Refused => lease.refused(),
                Failed => lease.failed(),
            }
        }
        lease
    }

    #[test]
    fn robots_may_run_as_long_as_no_master_can_have_dealt_them_anew() {
        let start = Instant::now();
        let table: [(&[Event], u64, u64); 14] = [
            // events, until without hold, until with a hold of 30 s
            (&[], 2_500, 2_500),
            (&[Contact(400), Contact(900)], 3_400, 3_400),
            (&[Contact(900), Contact(400)], 3_400, 3_400), // an older answer takes nothing back
            (&[Broke(300)], 800, 800),
            (&[Broke(2_300)], 2_500, 2_500), // the lease counts on
            (&[Broke(300), Refused], 2_500, 30_000),
            (&[Broke(300), Refused, Refused], 2_500, 30_000),
            (&[Broke(300), Failed], 800, 800), // unreachable at once is not refused
            (&[Broke(300), Failed, Refused], 2_500, 2_500), // not each dial was refused
            (&[Broke(300), Refused, Failed], 2_500, 2_500),
            (&[Broke(300), Refused, Failed, Refused], 2_500, 2_500),
            (&[Broke(300), Refused, Broke(500)], 2_500, 2_500), // a stream without a welcome
            (&[Broke(300), Refused, Contact(9_000)], 11_500, 11_500),
            (&[Broke(300), Refused, Contact(9_000), Broke(9_100)], 9_600, 9_600),
        ];
        for (events, plain, held) in table {
            assert_eq!(lease(start, 0, events).until(), start + ms(plain), "{events:?}");
            assert_eq!(lease(start, 30_000, events).until(), start + ms(held), "{events:?} with a hold");
        }
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let at = 0..20_000u64;
        let event =
            prop_oneof![at.clone().prop_map(Contact), at.prop_map(Broke), Just(Refused), Just(Failed)];
        prop::collection::vec(event, 0..20)
    }

    proptest! {
        #[test]
        fn no_lease_goes_beyond_the_last_contact_but_for_a_hold_that_was_refused(events in events(), hold in 0..60_000u64) {
            let start = Instant::now();
            let contacts = events.iter().filter_map(|event| if let Contact(at) = event { Some(*at) } else { None });
            let contact = start + ms(contacts.max().unwrap_or(0));
            let until = lease(start, hold, &events).until();
            prop_assert!(until <= contact + LEASE.max(ms(hold)));
            if !events.iter().any(|event| matches!(event, Refused)) {
                prop_assert!(until <= contact + LEASE);
            }
        }
    }
}
