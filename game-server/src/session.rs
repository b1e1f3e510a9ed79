//! What a player may ask when: the rules of the role protocol, without I/O.

use crate::fault::Fault;
use crate::message::{Reply, Request};
use crate::server::Shared;
use crate::service::Service;

/// Where one connection stands in the protocol.
#[derive(Debug)]
pub(crate) enum Session {
    /// Asks where the game is, as often as it likes.
    Lobby,
    /// Is at the game's door.
    Outside,
    /// Is in the game.
    Inside,
}

impl Session {
    pub(crate) fn new(service: Service) -> Self {
        match service {
            Service::Lobby => Self::Lobby,
            Service::Game => Self::Outside,
        }
    }

    /// The reply to a request, or why it is out of turn.
    pub(crate) fn answer<'a>(
        &mut self,
        request: Request<'a>,
        shared: &'a Shared,
    ) -> Result<Reply<'a>, Fault> {
        let ask = request.ask();
        let refuse = |why| Err(Fault::OutOfTurn { request: ask.name(), why });
        match (&*self, request) {
            (Self::Lobby, Request::ServerList) => Ok(Reply::ServerList { address: &shared.address }),
            (Self::Lobby, _) => refuse("to the lobby; the game answers it"),
            (_, Request::ServerList) => refuse("to the game; the lobby answers it"),
            (Self::Outside, Request::Login) => {
                *self = Self::Inside;
                Ok(Reply::Login { value: shared.draw() })
            }
            (Self::Inside, Request::Login) => refuse("a second time"),
            (Self::Outside, Request::Echo { .. }) => refuse("before its login"),
            (Self::Inside, Request::Echo { text }) => Ok(Reply::Echo { text }),
        }
    }
}
