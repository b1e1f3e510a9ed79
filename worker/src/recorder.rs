//! What one robot thread measures: samples come in, the deltas of an interval go out.
//! Owned by its thread: no lock, no channel and, once a series was seen, no allocation per sample.

use std::collections::hash_map::Entry;
use std::fmt::Display;
use std::time::Duration;
use tokio::time::Instant;

use proto::histogram::Histogram;
use proto::report::{LONGEST_EXAMPLE, MessageDelta};
use proto::series::{FailureClass, Kind, LONGEST_NAME, Series};
use rustc_hash::FxHashMap;

use crate::protocol::{MessageId, Protocol};

/// The most series that a thread tells apart; names beyond it fold into [`OTHER`].
const MOST_SERIES: usize = 1000;

/// The name of the series that takes what goes beyond the bounds.
const OTHER: &str = "other";

/// What was added to one series in an interval.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) series: Series,
    pub(crate) ok: Option<Histogram>,
    pub(crate) failed: Option<Histogram>,
    /// Response times, of samples that had a schedule.
    pub(crate) response: Option<Histogram>,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
}

/// Failures of one sort in an interval.
#[derive(Debug, Clone)]
pub(crate) struct Failures {
    pub(crate) series: Series,
    pub(crate) class: FailureClass,
    pub(crate) count: u64,
    pub(crate) first: Instant,
    pub(crate) last: Instant,
    pub(crate) example: String,
}

/// All that a thread measured in an interval.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) samples: Vec<Samples>,
    pub(crate) failures: Vec<Failures>,
    pub(crate) messages: Vec<MessageDelta>,
    pub(crate) kept: Vec<Kept>,
}

/// What a robot did and met before it failed.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) robot: u64,
    pub(crate) at: Instant,
    pub(crate) reason: String,
    pub(crate) lines: Vec<String>,
}

/// A series of one recorder: found once by name, then at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SeriesId(usize);

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Sent,
    Received,
}

/// The histograms of one thread.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// The series of each kind, by name.
    ids: [FxHashMap<Box<str>, SeriesId>; Kind::ALL.len()],
    /// The series of requests, by the message's place in the schema.
    requests: Vec<Option<SeriesId>>,
    samples: Vec<Samples>,
    failures: FxHashMap<(SeriesId, FailureClass), Failures>,
    /// What went of each message of the schema since the last harvest, by its place there.
    messages: Vec<MessageDelta>,
    /// Places of messages that are still to be told, sent or not.
    unknown: Vec<usize>,
    /// Empty histograms to go on with after a harvest.
    spares: Vec<Histogram>,
}

impl Recorder {
    /// A recorder of a schema with these names, each with whether it is told even if nobody ever sends it.
    pub(crate) fn new<'a>(names: impl Iterator<Item = (&'a str, bool)>) -> Self {
        let mut recorder = Self::default();
        for (place, (name, told)) in names.enumerate() {
            recorder.messages.push(MessageDelta { name: name.to_owned(), ..MessageDelta::default() });
            recorder.unknown.extend(told.then_some(place));
        }
        recorder
    }

    /// The series of a kind and name.
    pub(crate) fn series(&mut self, kind: Kind, name: &str) -> SeriesId {
        match self.ids[kind as usize].get(name) {
            Some(id) => *id,
            None => self.new_series(kind, name),
        }
    }

    /// The series of a request, found without a look at its name after the first time.
    pub(crate) fn request_series(&mut self, message: MessageId, protocol: &Protocol) -> SeriesId {
        let place = message.place();
        if let Some(Some(id)) = self.requests.get(place) {
            return *id;
        }
        let id = self.series(Kind::Request, &protocol.message(message).name);
        self.requests.resize(self.requests.len().max(place + 1), None);
        self.requests[place] = Some(id);
        id
    }

    /// Counts a success that took `latency`.
    pub(crate) fn ok(&mut self, series: SeriesId, latency: Duration) {
        let spares = &mut self.spares;
        self.samples[series.0].ok.get_or_insert_with(|| spares.pop().unwrap_or_default()).record(latency);
    }

    /// Counts how long a sample took from when its schedule meant it to begin.
    pub(crate) fn response(&mut self, series: SeriesId, latency: Duration) {
        let spares = &mut self.spares;
        let samples = &mut self.samples[series.0];
        samples.response.get_or_insert_with(|| spares.pop().unwrap_or_default()).record(latency);
    }

    /// Counts one message at `place` of the schema's messages.
    pub(crate) fn message(&mut self, place: usize, way: Way, bytes: usize) {
        let Some(message) = self.messages.get_mut(place) else { return };
        let (count, sum) = match way {
            Way::Sent => (&mut message.sent, &mut message.bytes_sent),
            Way::Received => (&mut message.received, &mut message.bytes_received),
        };
        *count += 1;
        *sum += bytes as u64;
    }

    /// Counts a failure, after `latency`. The first of its sort in an interval keeps its `reason`.
    pub(crate) fn failed(
        &mut self,
        series: SeriesId,
        class: FailureClass,
        latency: Duration,
        reason: &dyn Display,
    ) {
        let (spares, samples) = (&mut self.spares, &mut self.samples[series.0]);
        samples.failed.get_or_insert_with(|| spares.pop().unwrap_or_default()).record(latency);
        let now = Instant::now();
        match self.failures.entry((series, class)) {
            Entry::Occupied(mut known) => {
                known.get_mut().count += 1;
                known.get_mut().last = now;
            }
            Entry::Vacant(new) => {
                let example = shortened(reason.to_string(), LONGEST_EXAMPLE);
                let series = samples.series.clone();
                new.insert(Failures { series, class, count: 1, first: now, last: now, example });
            }
        }
    }

    /// Counts payload bytes of a message.
    pub(crate) fn bytes(&mut self, series: SeriesId, sent: usize, received: usize) {
        let samples = &mut self.samples[series.0];
        samples.bytes_sent += sent as u64;
        samples.bytes_received += received as u64;
    }

    /// Takes out what was measured since the last time.
    pub(crate) fn harvest(&mut self) -> Measured {
        let failures = self.failures.drain().map(|(_, failures)| failures).collect();
        let touched =
            |s: &&mut Samples| s.ok.is_some() || s.failed.is_some() || s.bytes_sent + s.bytes_received > 0;
        let take = |s: &mut Samples| Samples {
            series: s.series.clone(),
            ok: s.ok.take(),
            failed: s.failed.take(),
            response: s.response.take(),
            bytes_sent: std::mem::take(&mut s.bytes_sent),
            bytes_received: std::mem::take(&mut s.bytes_received),
        };
        let messages = self.harvest_messages();
        let samples = self.samples.iter_mut().filter(touched).map(take).collect();
        Measured { samples, failures, messages, kept: Vec::new() }
    }

    /// Messages that went; all of them the first time, so that those that never go are known too.
    fn harvest_messages(&mut self) -> Vec<MessageDelta> {
        let went = |message: &MessageDelta| message.sent + message.received > 0;
        let unknown = std::mem::take(&mut self.unknown);
        let silent = unknown.into_iter().filter_map(|place| self.messages.get(place));
        let mut told: Vec<_> = silent.filter(|message| !went(message)).cloned().collect();
        let take = |message: &mut MessageDelta| {
            let empty = MessageDelta { name: message.name.clone(), ..MessageDelta::default() };
            std::mem::replace(message, empty)
        };
        told.extend(self.messages.iter_mut().filter(|message| went(message)).map(take));
        told
    }

    /// Gives back an emptied histogram, so that the next interval allocates none.
    pub(crate) fn reuse(&mut self, spare: Histogram) {
        if self.spares.len() < 3 * self.samples.len() {
            self.spares.push(spare);
        }
    }

    #[cold]
    fn new_series(&mut self, kind: Kind, name: &str) -> SeriesId {
        if self.samples.len() >= MOST_SERIES && name != OTHER {
            return self.series(kind, OTHER);
        }
        let id = SeriesId(self.samples.len());
        let series = Series::new(kind, shortened(name.to_owned(), LONGEST_NAME));
        self.samples.push(Samples {
            series,
            ok: None,
            failed: None,
            response: None,
            bytes_sent: 0,
            bytes_received: 0,
        });
        self.ids[kind as usize].insert(name.into(), id);
        id
    }
}

/// Cuts a text to at most `most` bytes, at a character.
pub(crate) fn shortened(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_harvest_holds_what_came_since_the_last() {
        let mut recorder = Recorder::default();
        let [echo, task] = [Kind::Request, Kind::Task].map(|kind| recorder.series(kind, "Echo"));
        assert_eq!(recorder.series(Kind::Request, "Echo"), echo);
        recorder.ok(echo, MS);
        recorder.failed(echo, FailureClass::Timeout, 2 * MS, &"no reply");
        recorder.failed(echo, FailureClass::Timeout, 2 * MS, &"again");
        recorder.bytes(echo, 10, 20);
        recorder.ok(task, MS);
        let first = recorder.harvest();
        assert_eq!(first.samples.len(), 2);
        let echo = &first.samples[0];
        assert_eq!(echo.series, Series::new(Kind::Request, "Echo"));
        assert_eq!((echo.ok.as_ref().unwrap().count(), echo.failed.as_ref().unwrap().count()), (1, 2));
        assert_eq!((echo.bytes_sent, echo.bytes_received), (10, 20));
        assert_eq!((first.failures[0].count, first.failures[0].example.as_str()), (2, "no reply"));
        let nothing = recorder.harvest();
        assert!(nothing.samples.is_empty() && nothing.failures.is_empty());
        recorder.ok(task, MS);
        assert_eq!(recorder.harvest().samples[0].series.kind, Kind::Task);
    }

    #[test]
    fn names_beyond_the_bound_fold_into_other() {
        let mut recorder = Recorder::default();
        for i in 0..2 * MOST_SERIES {
            let series = recorder.series(Kind::Push, &format!("name {i}"));
            recorder.ok(series, MS);
        }
        let samples = recorder.harvest().samples;
        assert_eq!(samples.len(), MOST_SERIES + 1);
        let other = samples.iter().find(|s| s.series.name == OTHER).unwrap();
        assert_eq!(other.ok.as_ref().unwrap().count(), MOST_SERIES as u64);
    }

    #[test]
    fn messages_are_all_told_once_and_then_only_those_that_went() {
        let mut recorder = Recorder::new([("A", true), ("B", true), ("C", false)].into_iter());
        recorder.message(1, Way::Sent, 10);
        recorder.message(1, Way::Received, 30);
        recorder.message(9, Way::Sent, 1); // no such message
        let told = |recorder: &mut Recorder| {
            let messages = recorder.harvest().messages.into_iter();
            messages.map(|m| (m.name, m.sent, m.bytes_sent, m.received, m.bytes_received)).collect::<Vec<_>>()
        };
        assert_eq!(told(&mut recorder), [("A".into(), 0, 0, 0, 0), ("B".into(), 1, 10, 1, 30)]);
        recorder.message(0, Way::Sent, 5);
        assert_eq!(told(&mut recorder), [("A".into(), 1, 5, 0, 0)]);
        assert!(told(&mut recorder).is_empty());
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(shortened("aäb".into(), 2), "a");
        assert_eq!(shortened("aäb".into(), 3), "aä");
    }
}
