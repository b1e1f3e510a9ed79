//! A worker with a mod of one's own: all that it takes. Run it as the shipped one:
//! `cargo run --example chat_worker -- run --host ws://127.0.0.1:8765 --mod chat --trace`.

use std::process::ExitCode;

use anyhow::Context as _;
use worker::game::{EchoRequest, LoginReuest, ServerListRequest};
use worker::{Mod, Registry, Robot, Tasks, Wait};

#[derive(Default)]
struct Chat;

impl Mod for Chat {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        let lobby = robot.connect("lobby", robot.host()).await?;
        let list = lobby.request(&ServerListRequest {}).await?.server_list.unwrap_or_default();
        let game = robot.connect("game", list.first().context("no game server")?).await?;
        game.request(&LoginReuest {}).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::between_seconds(1, 2)).task("say", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest::default().with_text("hi")).await?;
            Ok(())
        })
    }
}

fn main() -> ExitCode {
    worker::cli::main(Registry::shipped().with("chat", Chat::default))
}
