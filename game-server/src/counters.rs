//! What is counted while a server runs. Connections add from any thread; [`Counters::totals`] reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::fault::FaultKind;
use crate::message::Ask;
use crate::service::Service;
use crate::totals::Totals;

/// All counts of one server. Relaxed is enough: each stands alone, and totals are read after the tasks have ended.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    connections: [AtomicU64; Service::ALL.len()],
    live: Gauge,
    sessions: Gauge,
    dropped: AtomicU64,
    accept_errors: AtomicU64,
    read: [AtomicU64; Ask::ALL.len()],
    answered: [AtomicU64; Ask::ALL.len()],
    unanswered: [AtomicU64; Ask::ALL.len()],
    faults: [AtomicU64; FaultKind::ALL.len()],
}

/// How many there are now, how many there were at most, and the fewest and most since somebody looked.
#[derive(Debug, Default)]
struct Gauge {
    now: AtomicU64,
    peak: AtomicU64,
    lowest: AtomicU64,
    highest: AtomicU64,
}

impl Gauge {
    fn up(&self) {
        let now = self.now.fetch_add(1, Relaxed) + 1;
        self.peak.fetch_max(now, Relaxed);
        self.highest.fetch_max(now, Relaxed);
    }

    fn down(&self) {
        let now = self.now.fetch_sub(1, Relaxed).saturating_sub(1);
        self.lowest.fetch_min(now, Relaxed);
    }

    /// Now, and the fewest and most since the last look. There is one who looks.
    fn look(&self) -> (u64, u64, u64) {
        let now = self.now.load(Relaxed);
        let (lowest, highest) = (self.lowest.swap(now, Relaxed), self.highest.swap(now, Relaxed));
        (now, lowest.min(now), highest.max(now))
    }
}

/// An open connection; it ends with this value.
#[derive(Debug)]
pub(crate) struct Open(Arc<Counters>);

/// A player who is in; the session ends with this value.
#[derive(Debug)]
pub(crate) struct Playing(Arc<Counters>);

/// A request that was read and waits for its answer. It counts as unanswered unless [`Owed::paid`] says otherwise.
#[derive(Debug)]
pub(crate) struct Owed {
    counters: Arc<Counters>,
    ask: Ask,
    paid: bool,
}

impl Counters {
    pub(crate) fn open(self: &Arc<Self>, service: Service) -> Open {
        self.connections[service as usize].fetch_add(1, Relaxed);
        self.live.up();
        Open(self.clone())
    }

    pub(crate) fn play(self: &Arc<Self>) -> Playing {
        self.sessions.up();
        Playing(self.clone())
    }

    pub(crate) fn owe(self: &Arc<Self>, ask: Ask) -> Owed {
        Owed { counters: self.clone(), ask, paid: false }
    }

    pub(crate) fn read(&self, ask: Ask) {
        self.read[ask as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn fault(&self, kind: FaultKind) {
        self.faults[kind as usize].fetch_add(1, Relaxed);
    }

    /// A peer that went without a word.
    pub(crate) fn dropped(&self) {
        self.dropped.fetch_add(1, Relaxed);
    }

    pub(crate) fn accept_error(&self) {
        self.accept_errors.fetch_add(1, Relaxed);
    }

    pub(crate) fn live(&self) -> u64 {
        self.live.now.load(Relaxed)
    }

    /// Players who are in now, and the fewest and most since the last look.
    pub(crate) fn look(&self) -> (u64, u64, u64) {
        self.sessions.look()
    }

    pub(crate) fn logins(&self) -> u64 {
        self.answered[Ask::Login as usize].load(Relaxed)
    }

    /// Messages read.
    pub(crate) fn messages(&self) -> u64 {
        self.read.iter().map(|count| count.load(Relaxed)).sum()
    }

    pub(crate) fn totals(&self) -> Totals {
        let by_ask = |counts: &[AtomicU64], name: fn(Ask) -> &'static str| {
            Ask::ALL.into_iter().map(|ask| (name(ask), counts[ask as usize].load(Relaxed))).collect()
        };
        Totals {
            connections: Service::ALL
                .into_iter()
                .map(|service| (service.as_str(), self.connections[service as usize].load(Relaxed)))
                .collect(),
            live_connections: self.live.now.load(Relaxed),
            peak_connections: self.live.peak.load(Relaxed),
            dropped_connections: self.dropped.load(Relaxed),
            accept_errors: self.accept_errors.load(Relaxed),
            logins: self.logins(),
            live_sessions: self.sessions.now.load(Relaxed),
            peak_sessions: self.sessions.peak.load(Relaxed),
            messages_in: by_ask(&self.read, Ask::name),
            messages_out: by_ask(&self.answered, Ask::reply_name),
            requests: by_ask(&self.answered, Ask::name),
            unanswered: by_ask(&self.unanswered, Ask::name),
            protocol_errors: FaultKind::ALL
                .into_iter()
                .map(|kind| (kind.as_str(), self.faults[kind as usize].load(Relaxed)))
                .collect(),
        }
    }
}

impl Owed {
    /// The answer is written.
    pub(crate) fn paid(mut self) {
        self.paid = true;
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let counts = if self.paid { &self.counters.answered } else { &self.counters.unanswered };
        counts[self.ask as usize].fetch_add(1, Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.live.down();
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.0.sessions.down();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_and_never_paid_is_unanswered() {
        let counters = Arc::new(Counters::default());
        counters.owe(Ask::Echo).paid();
        drop(counters.owe(Ask::Echo));
        let totals = counters.totals();
        assert_eq!((totals.requests["EchoRequest"], totals.unanswered["EchoRequest"]), (1, 1));
    }

    #[test]
    fn the_peak_stays_when_sessions_end() {
        let counters = Arc::new(Counters::default());
        let two = [counters.play(), counters.play()];
        drop(two);
        drop(counters.play());
        let totals = counters.totals();
        assert_eq!((totals.live_sessions, totals.peak_sessions), (0, 2));
    }
    #[test]
    fn a_look_tells_the_fewest_and_the_most_since_the_one_before() {
        let counters = Arc::new(Counters::default());
        let mut playing: Vec<_> = (0..5).map(|_| counters.play()).collect();
        assert_eq!(counters.look(), (5, 0, 5));
        assert_eq!(counters.look(), (5, 5, 5));
        playing.truncate(2);
        playing.push(counters.play());
        assert_eq!(counters.look(), (3, 2, 5));
    }
}
