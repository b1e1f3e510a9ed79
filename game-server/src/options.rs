//! What a server is told: where to listen, what to give out, how much to put up with.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::error::Error;

/// Where and how a game-server runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The address that both services listen on.
    pub bind: IpAddr,
    /// The lobby's port; 0 takes a free one.
    pub lobby_port: u16,
    /// The game's port; 0 takes a free one.
    pub game_port: u16,
    /// The game's address as the lobby gives it out, `ws://host:port`; none stands for where the game listens.
    pub advertise: Option<String>,
    /// From this the numbers that logins get are drawn, in the order of the logins.
    pub seed: u64,
    /// The most bytes that a message from a peer may have, and each of its frames.
    pub max_frame: usize,
    /// How long a peer may take for its WebSocket handshake.
    pub handshake_timeout: Duration,
    /// How long a peer may leave an answer unread before it is let go.
    pub write_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            lobby_port: proto::game::LOBBY_PORT,
            game_port: proto::game::GAME_PORT,
            advertise: None,
            seed: 0,
            max_frame: 64 * 1024,
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
        }
    }
}

impl Options {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// All faults in one, each with what to do about it.
    pub fn check(&self) -> Result<(), Error> {
        let faults: Vec<_> = [self.check_advertise(), self.check_ports()].into_iter().flatten().collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::Options(faults.join("; "))) }
    }

    fn check_advertise(&self) -> Option<String> {
        let Some(address) = &self.advertise else {
            return self.bind.is_unspecified().then(|| {
                format!(
                    "--bind {} listens everywhere, but robots need one address: add --advertise ws://HOST:PORT",
                    self.bind
                )
            });
        };
        let url = url::Url::parse(address).ok();
        let good = url.is_some_and(|url| matches!(url.scheme(), "ws" | "wss") && url.has_host());
        (!good).then(|| format!("--advertise `{address}` is no WebSocket address: write ws://HOST:PORT"))
    }

    fn check_ports(&self) -> Option<String> {
        let same = self.lobby_port == self.game_port && self.game_port != 0;
        same.then(|| format!("--lobby-port and --game-port are both {}: give each its own", self.game_port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_fine() {
        assert!(Options::default().check().is_ok());
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let options = Options {
            lobby_port: 7,
            game_port: 7,
            advertise: Some("http://game:8766".into()),
            ..Options::default()
        };
        assert_eq!(
            options.check().unwrap_err().to_string(),
            "--advertise `http://game:8766` is no WebSocket address: write ws://HOST:PORT; \
             --lobby-port and --game-port are both 7: give each its own"
        );
    }

    #[test]
    fn listening_everywhere_wants_an_address_to_give_out() {
        let options = Options { bind: Ipv4Addr::UNSPECIFIED.into(), ..Options::default() };
        assert_eq!(
            options.check().unwrap_err().to_string(),
            "--bind 0.0.0.0 listens everywhere, but robots need one address: add --advertise ws://HOST:PORT"
        );
        let told = Options { advertise: Some("ws://game:8766".into()), ..options };
        assert!(told.check().is_ok());
    }
}
