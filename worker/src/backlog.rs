//! Reports that the master has not merged yet, numbered without a gap. What was sent once is sent again as it was. What never was is
//! joined when too much waits, so that a master that is away costs bounded memory and no sample; and what is then too large for
//! one message is divided when it is sent.

mod packed;

use std::collections::VecDeque;

use proto::report::Report;

use packed::Packed;

/// How many bytes of reports that were never sent may wait before they are joined.
const MOST_WAITING: usize = 6 << 20;

/// As many of them may wait, however small: then two and two become one.
const MOST_REPORTS: usize = 64;

/// How many bytes and reports may be on the way without being merged: they can't be joined any more.
const MOST_ON_THE_WAY: usize = 3 << 20;
const REPORTS_ON_THE_WAY: usize = 8;

/// Reports in the order of their numbers, from the first that is not merged.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    reports: VecDeque<Packed>,
    /// How many of them were ever sent, and how many in this session.
    fixed: usize,
    sent: usize,
    last: u64,
}

impl Backlog {
    /// Takes a report in and numbers it.
    pub(crate) fn push(&mut self, report: Report) {
        self.last += 1;
        self.reports.push_back(Packed::new(Report { sequence: self.last, ..report }));
        while self.is_too_much() {
            self.join_pairs();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.reports.len()
    }

    /// The next report that was not sent in this session, unless too much is on the way; it stays until it is merged.
    pub(crate) fn next_to_send(&mut self) -> Option<Report> {
        if self.sent == self.fixed {
            self.divide_next();
        }
        let next = self.reports.get(self.sent)?;
        let on_the_way: usize = self.reports.iter().take(self.sent).map(Packed::sent_bytes).sum();
        let has_room = self.sent < REPORTS_ON_THE_WAY && on_the_way + next.sent_bytes() <= MOST_ON_THE_WAY;
        if self.sent > 0 && !has_room {
            return None;
        }
        self.sent += 1;
        self.fixed = self.fixed.max(self.sent);
        Some(next.unpacked())
    }

    /// A new session: whatever is not merged is to be sent again.
    pub(crate) fn resend(&mut self) {
        self.sent = 0;
    }

    /// The master has merged all up to and with `sequence`.
    pub(crate) fn ack(&mut self, sequence: u64) {
        // What was never sent can't have been merged.
        while self.fixed > 0 && self.reports.front().is_some_and(|report| report.sequence() <= sequence) {
            self.reports.pop_front();
            self.fixed -= 1;
            self.sent = self.sent.saturating_sub(1);
        }
    }

    fn is_too_much(&self) -> bool {
        let waiting = self.reports.iter().skip(self.fixed);
        let bytes = || waiting.clone().map(Packed::bytes).sum::<usize>();
        waiting.len() > 1 && (waiting.len() > MOST_REPORTS || bytes() > MOST_WAITING)
    }

    /// Halves the first that was never sent until one message can carry it. The rest stays as large as it is: it may yet be
    /// joined again.
    fn divide_next(&mut self) {
        if !self.reports.get(self.fixed).is_some_and(Packed::is_too_large) {
            return;
        }
        let mut rest = self.take_waiting();
        if let Some(mut next) = rest.pop_front() {
            while next.is_too_large()
                && let Some(second) = next.split_off()
            {
                rest.push_front(second);
            }
            rest.push_front(next);
        }
        self.put_waiting(rest.into_iter());
    }

    /// Joins two and two of those that were never sent: the time line stays as even as it can.
    fn join_pairs(&mut self) {
        let mut waiting = self.take_waiting().into_iter();
        self.put_waiting(std::iter::from_fn(|| {
            let report = waiting.next()?;
            Some(match waiting.next() {
                Some(later) => report.joined(later),
                None => report,
            })
        }));
    }

    /// Takes out those that were never sent.
    fn take_waiting(&mut self) -> VecDeque<Packed> {
        let waiting = self.reports.split_off(self.fixed.min(self.reports.len()));
        self.last = self.last.saturating_sub(waiting.len() as u64);
        waiting
    }

    /// Puts them back, numbered without a gap.
    fn put_waiting(&mut self, waiting: impl Iterator<Item = Packed>) {
        for mut report in waiting {
            self.last += 1;
            report.number(self.last);
            self.reports.push_back(report);
        }
    }
}

#[cfg(test)]
mod tests;
