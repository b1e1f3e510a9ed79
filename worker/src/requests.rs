//! Which reply belongs to which request: by session, or in order per reply name. Pure: times come in, nothing waits.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

use bytes::Bytes;

use crate::protocol::MessageId;

/// A request that was sent, until its outcome was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its reply's body, and the time from written to read.
    Reply(Bytes, Duration),
    /// None came in time.
    TimedOut,
    /// The connection ended first.
    Closed,
}

/// What an incoming message was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The reply that a request waits for.
    Reply,
    /// The reply to a request that has given up.
    Late,
    /// Nobody asked: a push, with its body.
    Unasked(Bytes),
}

#[derive(Debug)]
enum State {
    Waiting,
    /// Has an outcome that the robot will fetch.
    Settled(Outcome),
    /// Timed out or dropped, and its reply may still come: without this place it would be taken for the next one's.
    GivenUp,
    /// Nothing more to come or to fetch.
    Done,
}

/// What a reply is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Its name, in dialect `msg`.
    Name(MessageId),
    /// Its session, in dialect `rpc`.
    Session(i64),
}

#[derive(Debug)]
struct Entry {
    reply: Key,
    sent: Instant,
    deadline: Instant,
    state: State,
}

/// The requests of one connection, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// The ticket of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
}

impl Requests {
    /// Notes a request that awaits the message known by `reply`.
    pub(crate) fn open(&mut self, reply: Key, sent: Instant, timeout: Duration) -> Ticket {
        self.entries.push_back(Entry { reply, sent, deadline: sent + timeout, state: State::Waiting });
        Ticket(self.first + self.entries.len() as u64 - 1)
    }

    /// Gives a message to the oldest request that awaits it.
    pub(crate) fn arrive(&mut self, reply: Key, body: Bytes, now: Instant) -> Arrival {
        let open = |entry: &&mut Entry| {
            matches!(entry.state, State::Waiting | State::GivenUp) && entry.reply == reply
        };
        let Some(entry) = self.entries.iter_mut().find(open) else {
            return Arrival::Unasked(body);
        };
        if matches!(entry.state, State::GivenUp) {
            entry.state = State::Done;
            self.forget_done();
            return Arrival::Late;
        }
        entry.state = State::Settled(Outcome::Reply(body, now - entry.sent));
        Arrival::Reply
    }

    /// The outcome of a request, once; none while it waits.
    pub(crate) fn fetch(&mut self, ticket: Ticket) -> Option<Outcome> {
        let entry = self.entry(ticket)?;
        let after = match &entry.state {
            State::Settled(Outcome::TimedOut) => State::GivenUp,
            State::Settled(_) => State::Done,
            _ => return None,
        };
        let State::Settled(outcome) = std::mem::replace(&mut entry.state, after) else { return None };
        self.forget_done();
        Some(outcome)
    }

    /// Forgets a request whose outcome nobody wants any more.
    /// Returns how long it has waited, if it was still waiting.
    pub(crate) fn abandon(&mut self, ticket: Ticket, now: Instant) -> Option<Duration> {
        let entry = self.entry(ticket)?;
        let waited = matches!(entry.state, State::Waiting).then(|| now - entry.sent);
        entry.state = if waited.is_some() { State::GivenUp } else { State::Done };
        self.forget_done();
        waited
    }

    /// Settles the requests whose time is over. Places that wait for a late reply are kept as long again: then the reply is
    /// taken for lost, so that a server that leaves one out does not shift all the later ones.
    pub(crate) fn expire(&mut self, now: Instant) {
        for entry in &mut self.entries {
            match entry.state {
                State::Waiting if entry.deadline <= now => entry.state = State::Settled(Outcome::TimedOut),
                State::GivenUp if entry.deadline + (entry.deadline - entry.sent) <= now => {
                    entry.state = State::Done
                }
                _ => {}
            }
        }
        self.forget_done();
    }

    /// Whether a reply of this session may still come.
    pub(crate) fn knows(&self, session: i64) -> bool {
        let waits = |state: &State| matches!(state, State::Waiting | State::GivenUp);
        self.entries.iter().any(|entry| entry.reply == Key::Session(session) && waits(&entry.state))
    }

    /// When [`Requests::expire`] has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let deadline = |entry: &Entry| match entry.state {
            State::Waiting => Some(entry.deadline),
            State::GivenUp => Some(entry.deadline + (entry.deadline - entry.sent)),
            State::Settled(_) | State::Done => None,
        };
        self.entries.iter().filter_map(deadline).min()
    }

    /// Settles all that wait: the connection has ended.
    pub(crate) fn close(&mut self) {
        for entry in &mut self.entries {
            match entry.state {
                State::Waiting => entry.state = State::Settled(Outcome::Closed),
                State::GivenUp => entry.state = State::Done,
                _ => {}
            }
        }
        self.forget_done();
    }

    fn entry(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        let place = ticket.0.checked_sub(self.first)?;
        self.entries.get_mut(usize::try_from(place).ok()?)
    }

    fn forget_done(&mut self) {
        while self.entries.front().is_some_and(|entry| matches!(entry.state, State::Done)) {
            self.entries.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    const A: Key = Key::Session(1);
    const B: Key = Key::Session(2);

    fn body(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn replies_go_to_requests_in_order_per_name() {
        let (mut requests, t) = (Requests::default(), Instant::now());
        let [a1, b, a2] = [A, B, A].map(|reply| requests.open(reply, t, 10 * S));
        assert_eq!(requests.arrive(B, body("b"), t + S), Arrival::Reply);
        assert_eq!(requests.arrive(A, body("1"), t + 2 * S), Arrival::Reply);
        assert_eq!(requests.arrive(A, body("2"), t + 3 * S), Arrival::Reply);
        assert_eq!(requests.arrive(A, body("3"), t + 3 * S), Arrival::Unasked(body("3")));
        assert_eq!(requests.fetch(a2), Some(Outcome::Reply(body("2"), 3 * S)));
        assert_eq!(requests.fetch(a1), Some(Outcome::Reply(body("1"), 2 * S)));
        assert_eq!(requests.fetch(a1), None); // only once
        assert_eq!(requests.fetch(b), Some(Outcome::Reply(body("b"), S)));
        assert!(requests.entries.is_empty());
    }

    #[test]
    fn a_late_reply_is_not_taken_for_the_next_ones() {
        let (mut requests, t) = (Requests::default(), Instant::now());
        let late = requests.open(A, t, 10 * S);
        requests.expire(t + 10 * S);
        assert_eq!(requests.fetch(late), Some(Outcome::TimedOut));
        let next = requests.open(A, t + 10 * S, 10 * S);
        assert_eq!(requests.arrive(A, body("late"), t + 11 * S), Arrival::Late);
        assert_eq!(requests.arrive(A, body("next"), t + 12 * S), Arrival::Reply);
        assert_eq!(requests.fetch(next), Some(Outcome::Reply(body("next"), 2 * S)));
    }

    #[test]
    fn a_reply_that_never_comes_shifts_the_later_ones_only_for_a_while() {
        let (mut requests, t) = (Requests::default(), Instant::now());
        let lost = requests.open(A, t, 10 * S);
        requests.expire(t + 10 * S);
        assert_eq!(requests.fetch(lost), Some(Outcome::TimedOut));
        assert_eq!(requests.next_deadline(), Some(t + 20 * S));
        requests.expire(t + 20 * S);
        let next = requests.open(A, t + 20 * S, 10 * S);
        assert_eq!(requests.arrive(A, body("next"), t + 21 * S), Arrival::Reply);
        assert_eq!(requests.fetch(next), Some(Outcome::Reply(body("next"), S)));
    }

    #[test]
    fn an_abandoned_request_keeps_its_place_until_its_reply() {
        let (mut requests, t) = (Requests::default(), Instant::now());
        let [gone, kept] = [A, A].map(|reply| requests.open(reply, t, 10 * S));
        assert_eq!(requests.abandon(gone, t + S), Some(S));
        assert_eq!(requests.arrive(A, body("1"), t + S), Arrival::Late);
        assert_eq!(requests.arrive(A, body("2"), t + S), Arrival::Reply);
        assert_eq!(requests.abandon(kept, t + S), None); // it had its reply
        assert!(requests.entries.is_empty());
    }

    #[test]
    fn the_end_of_the_connection_settles_all_that_wait() {
        let (mut requests, t) = (Requests::default(), Instant::now());
        let ticket = requests.open(A, t, S);
        requests.close();
        assert_eq!(requests.fetch(ticket), Some(Outcome::Closed));
        assert_eq!(requests.next_deadline(), None);
    }
}
