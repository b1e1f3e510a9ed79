//! The role protocol: the sproto files of `proto/game`, one per topic, by file name.

/// File name and text of each file, in the order of the names.
pub const FILES: [(&str, &str); 3] = [
    ("echo.sproto", include_str!("../game/echo.sproto")),
    ("login.sproto", include_str!("../game/login.sproto")),
    ("msg.sproto", include_str!("../game/msg.sproto")),
];

/// The port on which the lobby listens where nothing else is said.
pub const LOBBY_PORT: u16 = 8765;

/// The port on which the game listens where nothing else is said.
pub const GAME_PORT: u16 = 8766;
