//! A command to robots on its way from the master to those that it is for: which ones comes from the plan's seed alone.

use proto::command::{Command, WHOLE};
use serde_json::Value;
use uuid::Uuid;

use crate::kit::Kit;
use crate::robot::mix;

/// The most commands that may wait for a robot thread, and that may go on in a robot.
pub(crate) const MOST_ERRANDS: usize = 64;

/// A command as robots get it.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) run: Uuid,
    /// The epoch of the orders under which it came: it is for nobody who is there by others only.
    pub(crate) epoch: u64,
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) share_permille: u32,
    pub(crate) args: Value,
    /// Whether any mod of the plan has a handler for it.
    pub(crate) is_known: bool,
}

impl Errand {
    /// # Errors
    /// What goes with the command is no JSON.
    pub(crate) fn new(command: Command, run: Uuid, epoch: u64, kit: &Kit) -> Result<Self, serde_json::Error> {
        let Command { id, name, share_permille, args } = command;
        let (args, is_known) = (serde_json::from_str(&args)?, kit.commands.contains(&name));
        Ok(Self { run, epoch, id, name, share_permille, args, is_known })
    }

    /// The task that its runs are counted as.
    pub(crate) fn task(&self) -> String {
        format!("command {}", self.name)
    }

    /// Whether a robot is one of those that it is for.
    pub(crate) fn is_for(&self, robot: u64, seed: u64) -> bool {
        let share = u64::from(self.share_permille.min(WHOLE));
        // Where most are meant it draws who is not.
        if share * 2 > u64::from(WHOLE) {
            !self.draws(robot, seed, u64::from(WHOLE) - share)
        } else {
            self.draws(robot, seed, share)
        }
    }

    /// Draws one of each 1000 / share robots in a row, so that of all that are below a number the share is right to within one
    /// robot. Which of them is chance, or else every other robot would be those of one worker, thread or class.
    fn draws(&self, robot: u64, seed: u64, share: u64) -> bool {
        if share == 0 {
            return false;
        }
        let (robot, share, whole) = (u128::from(robot), u128::from(share), u128::from(WHOLE));
        let row = robot * share / whole;
        let (first, next) = ((row * whole).div_ceil(share), ((row + 1) * whole).div_ceil(share));
        let chance = mix(seed ^ mix(self.id ^ mix(row as u64)));
        robot == first + u128::from(chance) % (next - first)
    }
}

#[cfg(test)]
mod tests {
    use proto::slots::{Deal, Share};

    use super::*;

    fn errand(id: u64, share_permille: u32) -> Errand {
        let (run, name, args) = (Uuid::nil(), "storm".into(), Value::Null);
        Errand { run, epoch: 1, id, name, share_permille, args, is_known: true }
    }

    fn chosen(errand: &Errand, robots: impl IntoIterator<Item = u64>) -> usize {
        robots.into_iter().filter(|robot| errand.is_for(*robot, 7)).count()
    }

    #[test]
    fn of_all_robots_below_a_number_the_share_is_right_to_within_one() {
        for share in [1, 7, 300, 333, 500, 501, 667, 990, 999, 1000] {
            let errand = errand(3, share);
            let mut so_far = 0;
            for robot in 0..20_000 {
                so_far += i64::from(errand.is_for(robot, 7));
                let meant = (robot + 1) as f64 * f64::from(share) / 1000.0;
                assert!((so_far as f64 - meant).abs() < 1.0, "{so_far} of {robot} at {share}");
            }
        }
        assert_eq!(chosen(&errand(3, 1000), 0..500), 500);
        let last = errand(3, 300).is_for(u64::MAX, 7);
        assert_eq!(last, errand(3, 300).is_for(u64::MAX, 7), "the largest number is one as any other");
    }

    #[test]
    fn no_worker_and_no_class_has_them_all() {
        let deal = Deal::stripes(0..4);
        for share in [100, 250, 500, 750] {
            let counts: Vec<_> = (0..4)
                .map(|worker| {
                    let part = Share::of(&deal.slots_of(worker));
                    chosen(&errand(1, share), (0..2_500).filter_map(|place| part.robot(place)))
                })
                .collect();
            assert_eq!(counts.iter().sum::<usize>(), share as usize * 10);
            let even = share as usize * 10 / 4;
            assert!(counts.iter().all(|count| count.abs_diff(even) < even / 5), "{counts:?}");
        }
    }

    #[test]
    fn each_command_is_for_others() {
        let of = |id| (0..1_000).filter(move |robot| errand(id, 300).is_for(*robot, 7));
        let both = of(1).filter(|robot| errand(2, 300).is_for(*robot, 7)).count();
        assert!((50..130).contains(&both), "{both} of 300 robots are in both");
        assert!(of(1).eq(of(1)));
    }
}
