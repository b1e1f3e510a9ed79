//! When a robot's next task begins: after a rest, or as a schedule has it, late or not. While the run is paused none does, and
//! that time counts in neither.

use std::time::Duration;
use tokio::time::Instant;

use crate::robot::{Robot, Waited};
use crate::wait::Wait;

/// When the tasks of one loop begin.
pub(crate) struct Schedule {
    wait: Wait,
    /// When the next task is meant to begin, and how far apart they are; only of waits that are a schedule.
    due: Option<(Instant, Duration)>,
    /// How long the pauses were that are taken out already; none of what goes on through them.
    paused: Option<Duration>,
}

impl Schedule {
    /// The first task is due at a random point of the first period, so that robots that begin together don't send together.
    pub(crate) fn new(wait: Wait, robot: &Robot) -> Self {
        let paused = Some(robot.context().pause.so_far());
        Self { paused, ..Self::through_pauses(wait, robot) }
    }

    /// As [`Schedule::new`], of what goes on while the run is paused.
    pub(crate) fn through_pauses(wait: Wait, robot: &Robot) -> Self {
        let due = wait.period().map(|period| {
            let phase = period.mul_f64(robot.rng(|rng| rng.f64()));
            (Instant::now() + phase, period)
        });
        Self { wait, due, paused: None }
    }

    /// Waits until the next task is due and may begin. By how much it begins late, if there is a schedule: it never begins early,
    /// and what is missed is not skipped but caught up with.
    pub(crate) async fn turn(&mut self, robot: &Robot) -> Option<Duration> {
        loop {
            let paused = self.pauses(robot).await;
            let (due, period) = self.due.as_mut()?;
            *due += paused;
            let (now, meant) = (Instant::now(), *due);
            if now >= meant || robot.is_retired() {
                *due += *period;
                return Some(now.saturating_duration_since(meant));
            }
            robot.sleep_until(meant).await;
        }
    }

    /// Takes what a task waited for others out of the schedule: what is due next is due so much later.
    pub(crate) fn excuse(&mut self, waited: Waited) {
        // Pauses are taken out by themselves.
        let paused = self.paused.map_or(Duration::ZERO, |_| waited.paused);
        if let Some((due, _)) = &mut self.due {
            *due += waited.all.saturating_sub(paused);
        }
    }

    /// Rests after a task, where there is no schedule. What a pause leaves of it comes after the pause.
    pub(crate) async fn rest(&mut self, robot: &Robot) {
        if self.due.is_some() {
            return;
        }
        let mut left = robot.rng(|rng| self.wait.draw(rng));
        let Some(mut due) = Instant::now().checked_add(left) else { return robot.sleep(left).await };
        // Those so far were the task's.
        self.paused = self.paused.map(|_| robot.context().pause.so_far());
        while !left.is_zero() && !robot.is_retired() {
            robot.sleep(left).await;
            due += self.pauses(robot).await;
            left = due.saturating_duration_since(Instant::now());
        }
    }

    /// Waits while the run is paused. How long the pauses were that are not taken out yet.
    async fn pauses(&mut self, robot: &Robot) -> Duration {
        let Some(before) = self.paused else { return Duration::ZERO };
        if robot.context().pause.lasts() {
            robot.resumption().await;
        }
        let so_far = robot.context().pause.so_far();
        self.paused = Some(so_far);
        so_far - before
    }
}

#[cfg(test)]
mod tests;
