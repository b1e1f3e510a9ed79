//! What was measured in each second of the run. Reports come in by the second that they end; a second is closed when
//! all have told theirs, and never changes then, so that what was written of it stays true.

use std::collections::BTreeMap;

use proto::histogram::Histogram;
use proto::packed;
use proto::report::{Report, alive};
use proto::series::RobotState;

use super::counts::Counts;
use super::latency::Latency;
use crate::fleet::WorkerId;

/// The most bytes of figures of single series that are kept, over all seconds: some four each. The sums of each second are kept
/// always.
const MOST_POINTS: usize = 4 << 20;

/// Robots by state, in the order of [`RobotState::ALL`].
pub type Users = [u64; RobotState::ALL.len()];

/// What one series did in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its place in [`Totals::series`](super::Totals::series).
    pub series: u32,
    /// What succeeded.
    pub ok: u32,
    /// What failed.
    pub failed: u32,
}

/// Counts and latencies of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    /// How many failed.
    pub failed: u64,
    /// Payload bytes received.
    pub received: u64,
    /// Of all, the failed included.
    pub latency: Latency,
}

/// A second of the run that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Second {
    /// It ends so many seconds after the start.
    pub second: u64,
    /// The robots at its end.
    pub users: Users,
    /// Its requests.
    pub requests: Requests,
    /// The requests since the start.
    pub total: Requests,
    /// What each series did, those that did anything; empty from where [`Timeline::is_coarse`].
    pub points: Points,
}

/// What series did in a second, packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Points(Box<[u8]>);

impl Points {
    /// Packs points in the order of their series.
    pub fn new(points: impl IntoIterator<Item = Point>) -> Self {
        let mut last = 0;
        let numbers = points.into_iter().flat_map(|Point { series, ok, failed }| {
            let delta = series.saturating_sub(last);
            last = series;
            [delta, ok, failed].map(u64::from)
        });
        Self(packed::pack(numbers).into())
    }

    /// The points, in the order of their series.
    pub fn iter(&self) -> impl Iterator<Item = Point> + '_ {
        let mut numbers = packed::unpack(&self.0).map(narrow);
        let mut series = 0u32;
        std::iter::from_fn(move || {
            let (delta, ok, failed) = (numbers.next()?, numbers.next()?, numbers.next()?);
            series = series.saturating_add(delta);
            Some(Point { series, ok, failed })
        })
    }
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Second {
    /// Robots that the plan counts as alive.
    pub fn alive(&self) -> u64 {
        alive(&self.users)
    }
}

/// The seconds of a run, from the first on.
#[derive(Debug, Default)]
pub struct Timeline {
    closed: Vec<Second>,
    open: BTreeMap<u64, Open>,
    /// Each worker's robots when it last told.
    census: BTreeMap<WorkerId, Users>,
    total: Sum,
    points: usize,
    scratch: Histogram,
}

#[derive(Debug, Default)]
struct Open {
    census: BTreeMap<WorkerId, Users>,
    sum: Sum,
    points: BTreeMap<u32, (u64, u64)>,
}

#[derive(Debug, Default)]
struct Sum {
    latencies: Counts,
    failed: u64,
    received: u64,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.latencies.add_counts(&other.latencies);
        self.failed = self.failed.saturating_add(other.failed);
        self.received = self.received.saturating_add(other.received);
    }

    fn requests(&self, scratch: &mut Histogram) -> Requests {
        let latency = Latency::of(&self.latencies, scratch);
        Requests { failed: self.failed, received: self.received, latency }
    }
}

impl Timeline {
    /// Puts a report into its second. One that comes after its second was closed counts in the first open one.
    /// `places` names the series of each of its deltas.
    pub(super) fn place(&mut self, worker: WorkerId, second: u64, report: &Report, places: &[u32]) {
        let open = self.open.entry(second.max(self.next())).or_default();
        open.census.insert(worker, users(report));
        for (delta, place) in report.series.iter().zip(places) {
            let point = open.points.entry(*place).or_default();
            point.0 = point.0.saturating_add(delta.ok.count());
            point.1 = point.1.saturating_add(delta.failed.count());
            if super::is_request(&delta.series) {
                open.sum.latencies.add(&delta.ok);
                open.sum.latencies.add(&delta.failed);
                open.sum.failed = open.sum.failed.saturating_add(delta.failed.count());
                open.sum.received = open.sum.received.saturating_add(delta.bytes_received);
            }
        }
    }

    /// The robots of a worker that is gone are no more.
    pub(crate) fn forget(&mut self, worker: WorkerId) {
        self.census.remove(&worker);
        for open in self.open.values_mut() {
            open.census.remove(&worker);
        }
    }

    /// Robots of a worker that are alive, as it last told.
    pub(crate) fn alive_of(&self, worker: WorkerId) -> u64 {
        let newest = self.open.values().rev().find_map(|open| open.census.get(&worker));
        newest.or_else(|| self.census.get(&worker)).map_or(0, alive)
    }

    /// Closes the next second.
    pub(crate) fn close(&mut self) -> &Second {
        let second = self.next();
        let open = self.open.remove(&second).unwrap_or_default();
        self.census.extend(open.census);
        let total = self.total_with(&open.sum);
        let mut points = Points::default();
        if self.points < MOST_POINTS {
            let point = |(series, (ok, failed))| Point { series, ok: narrow(ok), failed: narrow(failed) };
            points = Points::new(open.points.into_iter().map(point));
            self.points += points.0.len();
        }
        let second = Second {
            second,
            users: sum(&self.census),
            requests: open.sum.requests(&mut self.scratch),
            total,
            points,
        };
        self.closed.push(second);
        &self.closed[self.closed.len() - 1]
    }

    /// The requests since the start, those of a further second included. A second without any changes nothing, and
    /// costs nothing.
    fn total_with(&mut self, sum: &Sum) -> Requests {
        if sum.latencies.count() == 0 {
            return self.closed.last().map(|second| second.total).unwrap_or_default();
        }
        self.total.add(sum);
        self.total.requests(&mut self.scratch)
    }

    /// The second that is closed next; the first is 1.
    pub(crate) fn next(&self) -> u64 {
        self.closed.len() as u64 + 1
    }

    /// The last second that anything was told of; 0 if none.
    pub(crate) fn newest(&self) -> u64 {
        self.open.keys().next_back().copied().unwrap_or(0).max(self.closed.len() as u64)
    }

    /// The seconds that are over.
    pub fn seconds(&self) -> &[Second] {
        &self.closed
    }

    /// Whether the figures of single series became too many and are left out of the later seconds.
    pub fn is_coarse(&self) -> bool {
        self.points >= MOST_POINTS
    }
}

/// All classes together.
fn users(report: &Report) -> Users {
    let sum = |state| report.robots.iter().fold(0u64, |sum, census| sum.saturating_add(census.get(state)));
    RobotState::ALL.map(sum)
}

fn sum(census: &BTreeMap<WorkerId, Users>) -> Users {
    census.values().fold(Users::default(), |mut sum, users| {
        sum.iter_mut().zip(users).for_each(|(sum, n)| *sum = sum.saturating_add(*n));
        sum
    })
}
