//! Opening a connection: an address goes in, a socket that carries frames comes out, and how long each part took.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::Instant;

use proto::network::Network;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, header::SEC_WEBSOCKET_PROTOCOL};
use tokio_util::either::Either;
use url::Host;

use crate::address::{Address, Transport};
use crate::socket::{Socket, Stream, handshake_fault, websocket_config};
use crate::text::TextFrames;
use crate::tls;

/// Opens the connections of a thread's robots.
pub(crate) struct Dialer {
    tls: TlsConnector,
    sources: Vec<IpAddr>,
    next_source: Cell<usize>,
}

/// What one connection wants beside its address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handshake {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) subprotocol: Option<String>,
    /// Whether text frames hold messages, of any bytes.
    pub(crate) text: bool,
}

/// A connection that is open.
pub(crate) struct Dialed {
    pub(crate) socket: Socket,
    /// How long the TLS handshake took, if there was one.
    pub(crate) tls: Option<Duration>,
}

impl Dialer {
    /// # Errors
    /// Certificates that can't be used.
    pub(crate) fn new(network: &Network) -> Result<Self, String> {
        Ok(Self {
            tls: tls::connector(network)?,
            sources: network.source_ips.clone(),
            next_source: Cell::new(0),
        })
    }

    /// Connects. The error is what a person needs to know.
    pub(crate) async fn dial(&self, address: &Address, handshake: &Handshake) -> Result<Dialed, String> {
        let stream = self.connect(address).await?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        let (stream, tls) = self.secure(address, stream).await?;
        let socket = match address.transport {
            Transport::Tcp => Socket::tcp(stream),
            Transport::WebSocket => upgrade(address, handshake, stream).await?,
        };
        Ok(Dialed { socket, tls })
    }

    /// To the first address that takes the connection.
    async fn connect(&self, address: &Address) -> Result<TcpStream, String> {
        let mut last = format!("`{}` has no address", address.server_name());
        for target in resolve(address).await? {
            match self.connect_to(target).await {
                Ok(stream) => return Ok(stream),
                Err(reason) => last = reason,
            }
        }
        Err(last)
    }

    async fn connect_to(&self, target: SocketAddr) -> Result<TcpStream, String> {
        let Some(source) = self.source(target) else {
            return TcpStream::connect(target).await.map_err(|e| e.to_string());
        };
        let socket = if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let bound = socket.and_then(|socket| bind_late(socket, source));
        let socket = bound.map_err(|e| format!("can't connect from {source}: {e}"))?;
        socket.connect(target).await.map_err(|e| format!("from {source}: {e}"))
    }

    /// The addresses to connect from, in turn, of the target's family.
    fn source(&self, target: SocketAddr) -> Option<IpAddr> {
        let next = self.next_source.get();
        self.next_source.set(next.wrapping_add(1));
        let ours = self.sources.iter().filter(|ip| ip.is_ipv4() == target.is_ipv4());
        let count = ours.clone().count();
        ours.cycle().nth(next % count.max(1)).copied()
    }

    async fn secure(
        &self,
        address: &Address,
        stream: TcpStream,
    ) -> Result<(Stream, Option<Duration>), String> {
        if !address.secure {
            return Ok((Either::Left(stream), None));
        }
        let name = address.server_name();
        let name = ServerName::try_from(name).map_err(|e| format!("no name for a certificate: {e}"))?;
        let began = Instant::now();
        let stream = self.tls.connect(name, stream).await.map_err(|e| format!("no TLS there: {e}"))?;
        Ok((Either::Right(Box::pin(stream) as _), Some(began.elapsed())))
    }
}

/// Binds the address only, so that the port is chosen when the target is known: each target has ports of its own then, and the
/// kernel need not search for one that is free for all.
#[cfg(target_os = "linux")]
fn bind_late(socket: TcpSocket, source: IpAddr) -> std::io::Result<TcpSocket> {
    nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::IpBindAddressNoPort, &true)?;
    socket.bind((source, 0).into())?;
    Ok(socket)
}

#[cfg(not(target_os = "linux"))]
fn bind_late(socket: TcpSocket, source: IpAddr) -> std::io::Result<TcpSocket> {
    socket.bind((source, 0).into())?;
    Ok(socket)
}

async fn upgrade(address: &Address, handshake: &Handshake, stream: Stream) -> Result<Socket, String> {
    let request = request(address, handshake)?;
    let stream = if handshake.text { Either::Right(Box::pin(TextFrames::new(stream)) as _) } else { stream };
    let opened = client_async_with_config(request, stream, Some(websocket_config())).await;
    let (socket, _response) = opened.map_err(|e| handshake_fault(&e))?;
    Ok(Socket::WebSocket(socket))
}

fn request(address: &Address, handshake: &Handshake) -> Result<Request, String> {
    let mut request = address.url.as_str().into_client_request().map_err(|e| e.to_string())?;
    let headers = request.headers_mut();
    for (name, value) in &handshake.headers {
        let name = HeaderName::try_from(name).map_err(|_| format!("`{name}` is not the name of a header"))?;
        let value = HeaderValue::try_from(value);
        let value = value.map_err(|_| format!("the header `{name}` has a value that can't be sent"))?;
        headers.insert(name, value);
    }
    if let Some(subprotocol) = &handshake.subprotocol {
        let value = HeaderValue::try_from(subprotocol);
        let value = value.map_err(|_| format!("`{subprotocol}` is not a subprotocol"))?;
        headers.insert(SEC_WEBSOCKET_PROTOCOL, value);
    }
    Ok(request)
}

/// The addresses of the host. Literal ones, the usual case, take no look-up and no other thread.
async fn resolve(address: &Address) -> Result<Vec<SocketAddr>, String> {
    match &address.host {
        Host::Ipv4(ip) => Ok(vec![(*ip, address.port).into()]),
        Host::Ipv6(ip) => Ok(vec![(*ip, address.port).into()]),
        Host::Domain(name) => {
            let found = lookup_host((name.as_str(), address.port)).await.map_err(|e| e.to_string())?;
            Ok(found.collect())
        }
    }
}
