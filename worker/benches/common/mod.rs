//! What the benchmarks share: each side in a process of its own, the game-server's process, and what a process costs.
#![allow(dead_code, reason = "no benchmark takes all of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use proto::class::{Class, Classes, Share};
use proto::message::Bundle;
use proto::plan::Plan;
use proto::profile::Profile;
use worker::Robot;
use worker::game::{LoginReuest, ServerListRequest};

/// User and system time of this process.
pub(crate) fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Resident memory of this process in bytes.
pub(crate) fn resident() -> Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).context("statm has a second field")?.parse()?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// A plan of one class that plays one mod, at `rate` robots per second.
pub(crate) fn plan(host: &str, mod_name: &str, robots: u64, rate: f64, seconds: u64) -> Result<Plan> {
    let class = Class::new(mod_name, Share::Weight(NonZeroU32::MIN), vec![mod_name.into()]);
    let profile = Profile::ramp(robots, rate, Duration::from_secs(seconds))?;
    Ok(Plan { seed: 1, ..Plan::new(profile, Classes::new(vec![class])?, host) })
}

/// Through the lobby into the game, and the tasks may begin.
pub(crate) async fn log_in(robot: &Robot) -> Result<()> {
    let lobby = robot.connect("lobby", robot.host()).await?;
    let list = lobby.request(&ServerListRequest {}).await?.server_list.unwrap_or_default();
    lobby.close().await;
    let game = robot.connect("game", list.first().context("no game server")?).await?;
    game.request(&LoginReuest {}).await?;
    robot.run_tasks();
    Ok(())
}

/// The same in Lua, as mods of a bundle: `lua_echo` echoes as fast as it can, `lua_idle` logs in and stays.
pub(crate) fn lua_mods() -> Bundle {
    let idle = LUA_ECHO.replace("echo.tasks", "echo.wait = horde.constant(3600)\necho.tasks");
    let idle = idle.replace("EchoRequest", "Nothing").replace("return echo", "echo.tasks = nil\nreturn echo");
    let file = |name: &str, text: &str| (format!("mods/{name}/{name}_mod.lua"), text.as_bytes().to_vec());
    Bundle::new(vec![file("lua_echo", LUA_ECHO), file("lua_idle", &idle)])
}

const LUA_ECHO: &str = r#"
local echo = {}
function echo:start(robot)
  local list = robot:connect("lobby", robot.host):request("ServerListRequest")
  robot:close("lobby")
  robot:connect("game", list.ServerList[1]):request("LoginReuest", {}, { reply = "LoginRespone" })
  robot:run_tasks()
end
echo.tasks = { { name = "echo", weight = 1, run = function(_, robot)
  robot:connection("game"):request("EchoRequest", { Text = "hello" })
end } }
return echo"#;

/// This binary again, as another side.
pub(crate) fn own(side: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.arg(side);
    command
}

/// Runs a side in a process of its own; the numbers of the one line that it prints.
pub(crate) fn numbers(side: &str, args: &[&str]) -> Result<Vec<f64>> {
    let mut child = own(side).args(args).stdout(Stdio::piped()).spawn()?;
    let mut told = String::new();
    child.stdout.take().context("no output")?.read_to_string(&mut told)?;
    ensure!(child.wait()?.success(), "the side `{side}` failed");
    told.split_whitespace().map(|number| Ok(number.parse()?)).collect()
}

/// The game-server's process; ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) host: String,
}

impl Server {
    /// Starts this binary's side `server`.
    pub(crate) fn start() -> Result<Self> {
        let mut child = own("server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut host = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut host)?;
        Ok(Self { child, host: host.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // tells it to end
        let _ended = self.child.wait();
    }
}

/// Serves until standard input is closed. The first line says where.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = game_server::Options { lobby_port: 0, game_port: 0, ..Default::default() };
        let listeners = game_server::Listeners::bind(&options)?;
        let mut out = std::io::stdout();
        writeln!(out, "ws://{}", listeners.lobby_address())?;
        out.flush()?;
        game_server::run(listeners, options, until_told()).await;
        Ok(())
    })
}

/// Returns when standard input is closed.
pub(crate) async fn until_told() {
    let (gone, told) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _end = std::io::stdin().read_to_end(&mut Vec::new());
        drop(gone);
    });
    drop(told.await);
}
