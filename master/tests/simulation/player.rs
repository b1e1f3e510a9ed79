//! What robots play here: nothing but being there, and a sample now and then, both under the eyes of the oracle.

use std::cell::Cell;
use std::time::Duration;

use worker::{Mod, Registry, Robot, Tasks, Wait};

use crate::oracle::{Oracle, Process, name};

/// So many robots meet.
const PARTY: u32 = 3;

/// One robot's life.
pub(crate) struct Player {
    oracle: Oracle,
    process: Process,
    robot: Cell<Option<u64>>,
}

impl Player {
    /// The mods of a worker process.
    pub(crate) fn registry(oracle: Oracle, process: Process) -> Registry {
        let make = move || Self { oracle: oracle.clone(), process, robot: Cell::new(None) };
        Registry::default().with("player", make)
    }
}

impl Mod for Player {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        if self.robot.replace(Some(robot.number())).is_none() {
            self.oracle.born(now(), self.process, robot.number());
        }
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        let wait = Wait::Between(Duration::from_millis(200), Duration::from_millis(900));
        let tasks = Tasks::new(wait).task("play", 5, async |player: &Self, robot| {
            player.oracle.sample(player.process);
            robot.count(&name(player.process));
            Ok(())
        });
        tasks.task("meet", 1, async |player: &Self, robot| {
            // Whom it waits for may have been lost.
            let Ok(party) = robot.gather("party", PARTY, Duration::from_secs(2)).await else { return Ok(()) };
            player.oracle.met(now(), robot.number(), PARTY as usize, party.members());
            Ok(())
        })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        if let Some(robot) = self.robot.get() {
            self.oracle.died(now(), self.process, robot);
        }
    }
}

/// The time of the whole simulation; after its end it stands still.
pub(crate) fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}
