//! Whether the robots that the plan wants did come to life.

use std::time::Duration;

use proto::profile::Profile;

/// How long after its end a ramp may lag behind.
const SLACK: Duration = Duration::from_secs(2);

/// How late a second can be known.
const UNSEEN: Duration = Duration::from_secs(3);

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
    /// What was wrong with the ramp before a change.
    missed: Option<String>,
}

impl Ramp {
    pub(super) fn of(profile: &Profile) -> Self {
        let full = profile.peak().checked_sub(1).and_then(|last| profile.next_birth(last, Duration::ZERO));
        Self::to(profile, full.unwrap_or_default(), profile.peak())
    }

    /// The plan is another from `at` on, on its way to so many robots. That is judged now; what was due before stays so.
    pub(super) fn follow(&mut self, profile: &Profile, at: Duration, robots: u64) {
        let is_more = robots > profile.alive(at);
        let full = match robots.checked_sub(1).filter(|_| is_more) {
            Some(last) => profile.next_birth(last, at).unwrap_or(profile.end()),
            None => profile.next_retirement(robots, at),
        };
        let missed = self.shortfall(at.saturating_sub(UNSEEN));
        *self = Self { missed, reached: robots == 0, ..Self::to(profile, full, robots) };
    }

    fn to(profile: &Profile, full: Duration, robots: u64) -> Self {
        let (profile, due) = (profile.clone(), full + SLACK);
        Self { profile, full, due, reached: false, best: (0, robots), missed: None }
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
        let short =
            || format!("ramp not reached: at most {alive} of {wanted} robots were alive 2 s after its end");
        self.missed.clone().or_else(|| judged.then(short))
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

    #[test]
    fn after_a_change_the_new_goal_is_judged_and_what_was_missed_before_stays_missed() {
        let seconds = Duration::from_secs;
        // (alive from 8 s on, changed at 16 s to so many, short)
        let table = [
            ([vec![1000; 9], vec![1000, 1100, 1200]].concat(), 1200, false),
            ([vec![1000; 9], vec![1000, 1100, 1150, 1150, 1150]].concat(), 1200, true),
            ([vec![1000; 9], vec![900, 800, 800]].concat(), 800, false),
            ([vec![1000; 9], vec![900, 700, 700, 700]].concat(), 800, true),
            ([vec![1000; 9], vec![900, 800, 700, 600, 500, 400, 300, 200, 100, 0]].concat(), 0, false),
            ([vec![900; 9], vec![1000, 1100, 1200]].concat(), 1200, true),
        ];
        for (alive, goal, short) in table {
            let profile = Profile::ramp(1000, 100.0, seconds(40)).unwrap();
            let mut ramp = Ramp::of(&profile);
            for (alive, second) in alive.iter().zip(8..) {
                ramp.see(second, *alive);
                if second == 16 {
                    let profile = profile.changed(seconds(16), goal, 100.0).unwrap();
                    ramp.follow(&profile, seconds(16), goal);
                }
            }
            assert_eq!(ramp.shortfall(seconds(40)).is_some(), short, "{alive:?} {goal}");
        }
    }
}
