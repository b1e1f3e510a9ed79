//! What goes wrong, and when: a list made from a seed before anything runs.

use std::time::Duration;

use fastrand::Rng;

/// When the first thing may go wrong.
const BEGIN: Duration = Duration::from_secs(2);

/// Whether all is mended in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Faults keep coming, also while the run ends.
    Safety,
    /// Faults stop, and then all must settle.
    Liveness,
}

/// Something that is done to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Act {
    CrashWorker(usize),
    StartWorker(usize),
    CrashMaster,
    StartMaster,
    /// Nothing gets through any more, either way.
    Cut(usize),
    /// Nothing gets from the worker to the master.
    CutUp(usize),
    /// Nothing gets from the master to the worker.
    CutDown(usize),
    Mend(usize),
    /// What is sent waits.
    Hold(usize),
    Release(usize),
    /// The worker is told to stop, and another process takes its place later.
    Leave(usize),
}

/// Acts in the order of their times.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) acts: Vec<(Duration, Act)>,
    /// How many of them make something worse.
    pub(crate) faults: u64,
    /// When the last of them was mended.
    pub(crate) healed: Duration,
}

impl Schedule {
    /// A schedule for so many workers, with faults until `end`. The first worker is cut off for short times only, so that a
    /// run is not over because nobody is left.
    pub(crate) fn new(rng: &mut Rng, workers: usize, end: Duration) -> Self {
        let mut acts = Vec::new();
        let mut faults = 0;
        // Until when something is broken: each worker, and the master at the end.
        let mut busy = vec![Duration::ZERO; workers + 1];
        let mut now = BEGIN;
        while now < end {
            if let Some((place, begin, mend, lasts)) = fault(rng, workers, &busy, now) {
                let over = now + lasts;
                acts.push((now, begin));
                acts.push((over, mend));
                busy[place] = over + Duration::from_millis(rng.u64(50..500));
                faults += 1;
            }
            now += Duration::from_millis(rng.u64(100..2_400));
        }
        acts.sort();
        let healed = acts.last().map_or(Duration::ZERO, |(at, _)| *at);
        Self { acts, faults, healed }
    }
}

/// A fault at a place where nothing is broken: the place, what begins it, what mends it, and how long it lasts.
fn fault(
    rng: &mut Rng,
    workers: usize,
    busy: &[Duration],
    now: Duration,
) -> Option<(usize, Act, Act, Duration)> {
    let place = rng.usize(0..workers + 1);
    if busy[place] > now {
        return None;
    }
    let ms = Duration::from_millis;
    let short = ms(rng.u64(50..1_800));
    let any = if rng.bool() { short } else { ms(rng.u64(1_800..7_000)) };
    if place == workers {
        return Some((place, Act::CrashMaster, Act::StartMaster, ms(rng.u64(20..4_000))));
    }
    if place == 0 {
        return Some((0, Act::Hold(0), Act::Release(0), short));
    }
    Some(match rng.u32(0..6) {
        0 => (place, Act::CrashWorker(place), Act::StartWorker(place), any),
        1 => (place, Act::Cut(place), Act::Mend(place), any),
        2 => (place, Act::CutUp(place), Act::Mend(place), any),
        3 => (place, Act::CutDown(place), Act::Mend(place), any),
        4 => (place, Act::Hold(place), Act::Release(place), any),
        _ => (place, Act::Leave(place), Act::StartWorker(place), any + ms(1_000)),
    })
}
