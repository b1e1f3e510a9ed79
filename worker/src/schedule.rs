//! When a robot's next task begins: after a rest, or as a schedule has it, late or not.

use std::time::Duration;
use tokio::time::Instant;

use crate::robot::Robot;
use crate::wait::Wait;

/// When the tasks of one loop begin.
pub(crate) struct Schedule {
    wait: Wait,
    /// When the next task is meant to begin, and how far apart they are; only of waits that are a schedule.
    due: Option<(Instant, Duration)>,
}

impl Schedule {
    /// The first task is due at a random point of the first period, so that robots that begin together don't send together.
    pub(crate) fn new(wait: Wait, robot: &Robot) -> Self {
        let due = wait.period().map(|period| {
            let phase = period.mul_f64(robot.rng(|rng| rng.f64()));
            (Instant::now() + phase, period)
        });
        Self { wait, due }
    }

    /// Waits until the next task is due. By how much it begins late, if there is a schedule: it never begins early, and what is
    /// missed is not skipped but caught up with.
    pub(crate) async fn turn(&mut self, robot: &Robot) -> Option<Duration> {
        let (due, period) = self.due?;
        self.due = Some((due + period, period));
        let now = Instant::now();
        if now < due {
            robot.sleep_until(due).await;
        }
        Some(Instant::now().saturating_duration_since(due))
    }

    /// Takes a time out of the schedule: what is due next is due so much later.
    pub(crate) fn excuse(&mut self, time: Duration) {
        if let Some((due, _)) = &mut self.due {
            *due += time;
        }
    }

    /// Rests after a task, where there is no schedule.
    pub(crate) async fn rest(&self, robot: &Robot) {
        if self.due.is_none() {
            robot.sleep(robot.rng(|rng| self.wait.draw(rng))).await;
        }
    }
}
