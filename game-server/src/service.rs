//! The two services of a game-server, each with a port of its own.

use std::fmt;

/// What a connection came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Says where the game is.
    Lobby,
    /// Lets players in, and echoes.
    Game,
}

impl Service {
    pub(crate) const ALL: [Self; 2] = [Self::Lobby, Self::Game];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
            Self::Game => "game",
        }
    }

    /// The option that names its port.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Lobby => "--lobby-port",
            Self::Game => "--game-port",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
