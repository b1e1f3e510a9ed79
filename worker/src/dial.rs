//! Opening a WebSocket: an address goes in, a connected stream comes out.

use std::net::SocketAddr;

use tokio::net::{TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

/// A connected WebSocket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// The largest message that is taken from a game server.
const LARGEST_MESSAGE: usize = 16 << 20;

/// The most that waits to be written to a server that does not read.
const LARGEST_BACKLOG: usize = 1 << 20;

/// How connections buffer. The read buffer is allocated, zeroed and kept per connection: 4 KiB holds the messages of
/// games and is the cheapest per message too; the library's 128 KiB would be most of a robot. Writing goes through at once.
fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_write_buffer_size(LARGEST_BACKLOG)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE))
}

/// Connects to a `ws://` address. The error is what a person needs to know.
pub(crate) async fn dial(address: &str) -> Result<Socket, String> {
    let url = Url::parse(address).map_err(|e| format!("not an address: {e}"))?;
    if url.scheme() != "ws" {
        return Err(format!("`{}` is not a scheme that robots speak; use ws://", url.scheme()));
    }
    let stream = TcpStream::connect(resolve(&url).await?).await.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let request = url.as_str().into_client_request().map_err(|e| e.to_string())?;
    let handshake = client_async_with_config(request, stream, Some(websocket_config()));
    let (socket, _response) = handshake.await.map_err(|e| format!("no WebSocket there: {e}"))?;
    Ok(socket)
}

/// The first address of the host. Literal addresses, the usual case, take no look-up and no other thread.
async fn resolve(url: &Url) -> Result<SocketAddr, String> {
    let port = url.port_or_known_default().unwrap_or(80);
    match url.host() {
        Some(url::Host::Ipv4(ip)) => Ok((ip, port).into()),
        Some(url::Host::Ipv6(ip)) => Ok((ip, port).into()),
        Some(url::Host::Domain(name)) => {
            let mut found = lookup_host((name, port)).await.map_err(|e| e.to_string())?;
            found.next().ok_or_else(|| format!("`{name}` has no address"))
        }
        None => Err("the address has no host".to_owned()),
    }
}
