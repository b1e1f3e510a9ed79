//! The command line as typed, and what it means.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Parser;
use game_server::Options;

/// A game for robots to play: a lobby that names the game, and a game that lets players in and echoes.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    bind: IpAddr,
    /// Port of the lobby; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = proto::game::LOBBY_PORT)]
    lobby_port: u16,
    /// Port of the game; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = proto::game::GAME_PORT)]
    game_port: u16,
    /// The game's address as the lobby gives it out [default: where the game listens]
    #[arg(long, value_name = "ws://HOST:PORT")]
    advertise: Option<String>,
    /// Check that the .sproto files of this directory hold the role protocol as it is spoken here
    #[arg(long, value_name = "DIR")]
    pub(crate) schema: Option<PathBuf>,
    /// Seed of the numbers that logins get [default: another each time]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The most bytes that a message may have
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().max_frame, value_parser = max_frame)]
    max_frame: usize,
    /// Write the totals to this file too, when the server ends
    #[arg(long, value_name = "FILE")]
    pub(crate) totals: Option<PathBuf>,
    /// Write a line of JSON to this file each 20 ms, for 24 h at most: players, logins and messages so far
    #[arg(long, value_name = "FILE")]
    pub(crate) watch: Option<PathBuf>,
}

impl Args {
    /// What the server is told. `seed` stands in for a seed that was not given.
    pub(crate) fn options(&self, seed: u64) -> Options {
        Options {
            bind: self.bind,
            lobby_port: self.lobby_port,
            game_port: self.game_port,
            advertise: self.advertise.clone(),
            seed: self.seed.unwrap_or(seed),
            max_frame: self.max_frame,
            handshake_timeout: Options::default().handshake_timeout,
            write_timeout: Options::default().write_timeout,
        }
    }
}

/// From the smallest message of the protocol to what still fits into memory with many connections.
fn max_frame(text: &str) -> Result<usize, String> {
    let bytes = text.parse().map_err(|_| "it is no number of bytes".to_owned())?;
    if (64..=64 * 1024 * 1024).contains(&bytes) { Ok(bytes) } else { Err("give 64 to 67108864 bytes".into()) }
}

/// Clap's many lines about a wrong command line, as one that names fault and remedy.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut parts = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let fault = parts.next().unwrap_or_default();
    let tips: Vec<_> = parts.filter_map(|part| Some(part.strip_prefix("tip: ")?.to_owned())).collect();
    let remedy =
        if tips.is_empty() { "`game-server --help` lists the options".into() } else { tips.join("; ") };
    format!("{}; {remedy}", fault.trim_start_matches("error: "))
}
