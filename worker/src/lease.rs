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
    /// It broke then. Perhaps a master is there, has seen that, and deals the robots anew.
    Broken(Instant),
    /// It broke, and a dial since then was refused: when that began no master was there.
    Refused(Instant),
    /// As before, but the next dial came to something else. Perhaps a master is there that took it for us, and saw it end then.
    Doubtful { refused: Instant, failed: Instant },
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
            _ => self.failed(now),
        }
    }

    /// A dial that began at `dialled` was refused: whatever master there was is gone, and had dealt nothing yet. If it began too
    /// late that is not so, and robots may live elsewhere.
    pub(crate) fn refused(&mut self, dialled: Instant) {
        if self.line != Line::Whole && dialled < self.until() {
            self.line = Line::Refused(dialled);
        }
    }

    /// A dial came to nothing in another way: it was silent, or somebody was there and is no use.
    pub(crate) fn failed(&mut self, now: Instant) {
        if let Line::Refused(refused) = self.line {
            self.line = Line::Doubtful { refused, failed: now };
        }
    }

    /// Until when robots may run.
    pub(crate) fn until(&self) -> Instant {
        let lease = self.contact + LEASE;
        // A master that came right after a refusal waits as long as for any lease. A worker that was asleep meanwhile may not
        // believe that nobody came.
        let held = |refused| lease.max((self.contact + self.hold).min(refused + LEASE));
        match self.line {
            Line::Whole => lease,
            Line::Broken(at) => lease.min(at + BREAK_LEASE),
            Line::Refused(at) => held(at),
            Line::Doubtful { refused, failed } => held(refused).min(failed + BREAK_LEASE),
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
        Refused(u64),
        Failed(u64),
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
                Refused(at) => lease.refused(start + ms(*at)),
                Failed(at) => lease.failed(start + ms(*at)),
            }
        }
        lease
    }

    #[test]
    fn robots_may_run_as_long_as_no_master_can_have_dealt_them_anew() {
        let start = Instant::now();
        let table: [(&[Event], u64, u64); 18] = [
            // events, until without hold, until with a hold of 30 s
            (&[], 2_750, 2_750),
            (&[Contact(400), Contact(900)], 3_650, 3_650),
            (&[Contact(900), Contact(400)], 3_650, 3_650), // an older answer takes nothing back
            (&[Broke(300)], 800, 800),
            (&[Broke(2_600)], 2_750, 2_750), // the lease counts on
            (&[Broke(300), Refused(400)], 2_750, 3_150),
            (&[Broke(300), Refused(400), Refused(2_000), Refused(4_000)], 2_750, 6_750),
            (&[Broke(300), Refused(900)], 800, 800), // dealt anew, perhaps, by a master that died since
            (&[Broke(300), Refused(400), Refused(3_200)], 2_750, 3_150),
            (&[Broke(300), Failed(400)], 800, 800), // unreachable at once is not refused
            (&[Broke(300), Failed(350), Refused(400)], 2_750, 3_150),
            (&[Broke(300), Refused(400), Failed(1_400)], 1_900, 1_900),
            (&[Broke(300), Refused(400), Failed(1_400), Refused(1_500)], 2_750, 4_250),
            (&[Broke(300), Refused(400), Failed(1_400), Refused(1_950)], 1_900, 1_900),
            (&[Broke(300), Refused(400), Failed(1_400), Failed(1_700)], 1_900, 1_900),
            (&[Broke(300), Refused(400), Broke(500)], 1_000, 1_000), // a stream without a welcome
            (&[Broke(300), Refused(400), Contact(3_000)], 5_750, 5_750),
            (&[Broke(300), Refused(400), Contact(3_000), Broke(3_100)], 3_600, 3_600),
        ];
        for (events, plain, held) in table {
            assert_eq!(lease(start, 0, events).until(), start + ms(plain), "{events:?}");
            assert_eq!(lease(start, 30_000, events).until(), start + ms(held), "{events:?} with a hold");
        }
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let at = 0..20_000u64;
        let event = prop_oneof![
            at.clone().prop_map(Contact),
            at.clone().prop_map(Broke),
            at.clone().prop_map(Refused),
            at.prop_map(Failed)
        ];
        prop::collection::vec(event, 0..20)
    }

    proptest! {
        #[test]
        fn no_lease_goes_beyond_the_last_contact_but_for_a_hold_that_was_refused(events in events(), hold in 0..60_000u64) {
            let start = Instant::now();
            let contacts = events.iter().filter_map(|event| if let Contact(at) = event { Some(*at) } else { None });
            let contact = start + ms(contacts.max().unwrap_or(0));
            let until = lease(start, hold, &events).until();
            let refusals = events.iter().filter_map(|event| if let Refused(at) = event { Some(start + ms(*at)) } else { None });
            let known = refusals.max().map_or(contact, |refused| refused.max(contact));
            prop_assert!(until <= known + LEASE);
            prop_assert!(until <= contact + LEASE.max(ms(hold)));
        }
    }
}
