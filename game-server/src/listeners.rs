//! The listening sockets of both services. Options come in; bound sockets and the address to give out go out.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use crate::error::Error;
use crate::options::Options;
use crate::service::Service;

/// Connections that may wait to be accepted; a ramp opens thousands a second. The kernel caps it at somaxconn.
const BACKLOG: u32 = 4096;

/// Both services' sockets, listening.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) lobby: Listener,
    pub(crate) game: Listener,
}

/// One socket, and where it listens.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listeners {
    /// Listens on the ports of both services. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// A port that is in use or that the system refuses.
    pub fn bind(options: &Options) -> Result<Self, Error> {
        let listen = |service: Service, port| {
            let address = SocketAddr::new(options.bind, port);
            listen(address).map_err(|source| explain(address, service.option(), source))
        };
        Ok(Self {
            lobby: listen(Service::Lobby, options.lobby_port)?,
            game: listen(Service::Game, options.game_port)?,
        })
    }

    /// Where the lobby listens.
    pub fn lobby_address(&self) -> SocketAddr {
        self.lobby.address
    }

    /// Where the game listens.
    pub fn game_address(&self) -> SocketAddr {
        self.game.address
    }
}

fn listen(address: SocketAddr) -> io::Result<Listener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let socket = socket.listen(BACKLOG)?;
    let address = socket.local_addr()?;
    Ok(Listener { socket, address })
}

fn explain(address: SocketAddr, option: &'static str, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::AddrInUse {
        Error::PortInUse { address, option }
    } else {
        Error::Listen { address, option, source }
    }
}
