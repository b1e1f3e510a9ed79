//! Whether the robots that the plan wants did come to life.

use std::time::Duration;

use proto::profile::Profile;

/// How long after its end a ramp may lag behind.
const SLACK: Duration = Duration::from_secs(2);

/// Watches one second after the other until the plan's peak is there.
#[derive(Debug)]
pub(super) struct Ramp {
    profile: Profile,
    /// When the plan is at its peak first.
    full: Duration,
    /// When the judgement is due.
    due: Duration,
    reached: bool,
    /// The best second: robots alive, robots wanted.
    best: (u64, u64),
}

impl Ramp {
    pub(super) fn of(profile: &Profile) -> Self {
        let full = profile.peak().checked_sub(1).and_then(|last| profile.next_birth(last, Duration::ZERO));
        let full = full.unwrap_or_default();
        Self { profile: profile.clone(), full, due: full + SLACK, reached: false, best: (0, profile.peak()) }
    }

    /// A worker was lost: its robots need time to come back.
    pub(super) fn disturb(&mut self, at: Duration) {
        self.due = self.due.max(at + SLACK);
    }

    /// So many robots were alive at the end of a second.
    pub(super) fn see(&mut self, second: u64, alive: u64) {
        let at = Duration::from_secs(second);
        let wanted = self.profile.alive(at);
        if at < self.full || at > self.due || wanted == 0 {
            return;
        }
        let missing = |(alive, wanted): (u64, u64)| wanted.saturating_sub(alive);
        if missing((alive, wanted)) < missing(self.best) {
            self.best = (alive, wanted);
        }
        self.reached |= missing((alive, wanted)) <= (wanted / 100).max(1);
    }

    /// What is wrong with the ramp of a run that lasted so long.
    pub(super) fn shortfall(&self, ran: Duration) -> Option<String> {
        let (alive, wanted) = self.best;
        let judged = !self.reached && ran > self.due;
        judged.then(|| {
            format!("ramp not reached: at most {alive} of {wanted} robots were alive 2 s after its end")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortfall(alive: &[u64], ran: u64, lost_at: Option<u64>) -> bool {
        let seconds = Duration::from_secs;
        // 1000 robots by 10 s, held until 30 s: judged at 12 s.
        let mut ramp = Ramp::of(&Profile::ramp(1000, 100.0, seconds(30)).unwrap());
        lost_at.into_iter().for_each(|at| ramp.disturb(seconds(at)));
        alive.iter().zip(8..).for_each(|(alive, second)| ramp.see(second, *alive));
        ramp.shortfall(seconds(ran)).is_some()
    }

    #[test]
    fn a_ramp_is_reached_within_two_seconds_and_one_percent_or_not_at_all() {
        // (alive from 8 s on, ran, a loss at, short)
        let table = [
            (vec![800, 900, 1000], 30, None, false),
            (vec![800, 900, 950, 980, 990], 30, None, false),
            (vec![800, 900, 950, 980, 989], 30, None, true),
            (vec![800, 900, 950, 980, 989, 1000], 30, None, true), // too late
            (vec![800, 900, 950, 980, 989, 1000], 30, Some(11), false), // a loss gives time
            (vec![800, 900], 12, None, false),                     // too short to tell
            (vec![], 30, None, true),
        ];
        for (alive, ran, lost_at, short) in table {
            assert_eq!(shortfall(&alive, ran, lost_at), short, "{alive:?} {ran} {lost_at:?}");
        }
    }
}
