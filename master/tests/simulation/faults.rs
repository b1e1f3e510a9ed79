//! What goes wrong, and when: a list made from a seed before anything runs.

use std::time::Duration;

use fastrand::Rng;
use master::change::Wish;

/// When the first thing may go wrong.
const BEGIN: Duration = Duration::from_secs(2);

/// After this nobody asks for changes.
const LAST_WISH: Duration = Duration::from_secs(30);

/// So many robots are asked for at the most.
const MOST_ROBOTS: u64 = 32;

/// A seed has no fewer faults.
pub(crate) const FEWEST: u64 = 25;

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
    /// Its machine: nobody answers any more.
    CrashMaster,
    /// Its process: whoever dials is refused.
    KillMaster,
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

/// Acts and wishes in the order of their times.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) acts: Vec<(Duration, Act)>,
    /// What people ask of the run meanwhile.
    pub(crate) wishes: Vec<(Duration, Wish)>,
    /// How many of them make something worse.
    pub(crate) faults: u64,
    /// When the last of them was mended.
    pub(crate) healed: Duration,
}

impl Schedule {
    /// A schedule for so many workers, with faults until `end`. The first worker is cut off for short times only, so that a
    /// run is not over because nobody is left.
    pub(crate) fn new(rng: &mut Rng, workers: usize, end: Duration) -> Self {
        loop {
            let schedule = Self::draw(rng, workers, end);
            if schedule.faults >= FEWEST {
                return schedule;
            }
        }
    }

    fn draw(rng: &mut Rng, workers: usize, end: Duration) -> Self {
        let mut acts = Vec::new();
        let mut faults = 0;
        // Until when something is broken: each worker, and the master at the end.
        let mut busy = vec![Duration::ZERO; workers + 1];
        let mut now = BEGIN;
        while now < end {
            let whole: Vec<_> = (0..busy.len()).filter(|place| busy[*place] <= now).collect();
            if let Some(place) = rng.choice(whole) {
                let (begin, mend, lasts) = fault(rng, workers, place);
                let over = now + lasts;
                acts.push((now, begin));
                acts.push((over, mend));
                busy[place] = over + Duration::from_millis(rng.u64(50..500));
                faults += 1;
            }
            now += Duration::from_millis(rng.u64(50..2_000));
        }
        acts.sort();
        let healed = acts.last().map_or(Duration::ZERO, |(at, _)| *at);
        Self { acts, wishes: wishes(rng), faults, healed }
    }
}

/// Changes of a run in every other seed. What they lead to is there long before the last fault is mended.
fn wishes(rng: &mut Rng) -> Vec<(Duration, Wish)> {
    let mut wishes = Vec::new();
    let mut now = Duration::from_secs(if rng.bool() { 4 } else { 60 });
    while now < LAST_WISH {
        wishes.push((now, wish(rng)));
        now += Duration::from_millis(rng.u64(500..6_000));
    }
    wishes
}

fn wish(rng: &mut Rng) -> Wish {
    match rng.u32(0..5) {
        0 => Wish::Pause,
        1 => Wish::Resume,
        _ => Wish::Users { users: rng.u64(4..=MOST_ROBOTS), rate: Some(rng.u32(6..30).into()) },
    }
}

/// A fault at a place: what begins it, what mends it, and how long it lasts.
fn fault(rng: &mut Rng, workers: usize, place: usize) -> (Act, Act, Duration) {
    let ms = Duration::from_millis;
    let short = ms(rng.u64(50..1_800));
    let any = if rng.bool() { short } else { ms(rng.u64(1_800..7_000)) };
    if place == workers {
        let dies = if rng.bool() { Act::CrashMaster } else { Act::KillMaster };
        return (dies, Act::StartMaster, ms(rng.u64(20..4_000)));
    }
    if place == 0 {
        return (Act::Hold(0), Act::Release(0), short);
    }
    match rng.u32(0..6) {
        0 => (Act::CrashWorker(place), Act::StartWorker(place), any),
        1 => (Act::Cut(place), Act::Mend(place), any),
        2 => (Act::CutUp(place), Act::Mend(place), any),
        3 => (Act::CutDown(place), Act::Mend(place), any),
        4 => (Act::Hold(place), Act::Release(place), any),
        _ => (Act::Leave(place), Act::StartWorker(place), any + ms(1_000)),
    }
}
