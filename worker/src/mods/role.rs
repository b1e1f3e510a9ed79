//! The role mod: through the lobby into the game, then talk.

use std::cell::Cell;

use anyhow::{Context as _, Result};

use crate::game::{EchoRequest, LoginReuest, ServerListRequest};
use crate::mods::Mod;
use crate::robot::Robot;
use crate::tasks::{Tasks, step};
use crate::wait::Wait;

/// A player of the role protocol.
#[derive(Debug, Default)]
pub struct Role {
    /// What the server drew for this player at login.
    my_value: Cell<i64>,
}

impl Mod for Role {
    async fn start(&self, robot: &Robot) -> Result<()> {
        let lobby = robot.connect("lobby", robot.host()).await?;
        let list = lobby.request(&ServerListRequest {}).await?.server_list.unwrap_or_default();
        lobby.close().await;
        let game = robot.connect("game", list.first().context("the lobby knows no game server")?).await?;
        self.my_value.set(game.request(&LoginReuest {}).await?.my_value.unwrap_or_default());
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        let walk = [
            step("walk there", async |_: &Self, robot| say(robot, "there").await),
            step("walk back", async |_: &Self, robot| say(robot, "back").await),
        ];
        Tasks::new(Wait::between_seconds(1, 5)).sequence(1, walk).task("echo", 1, Self::echo)
    }
}

impl Role {
    async fn echo(&self, robot: &Robot) -> Result<()> {
        if self.my_value.get() > robot.random(1..=50) { say(robot, "hello").await } else { Ok(()) }
    }
}

async fn say(robot: &Robot, text: &str) -> Result<()> {
    robot.connection("game")?.request(&EchoRequest { text: Some(text.into()) }).await?;
    Ok(())
}
