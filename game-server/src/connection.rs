//! The life of one connection: handshake, then request by request until the peer, a fault or the server ends it.
//! Nothing that happens here reaches another connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error as WsError, Message};
use tokio_util::sync::CancellationToken;

use crate::counters::{Owed, Playing};
use crate::fault::Fault;
use crate::message::{Ask, Request};
use crate::options::Options;
use crate::server::Shared;
use crate::service::Service;
use crate::session::Session;

/// Messages are small and connections many; tungstenite keeps this much for each.
const READ_BUFFER: usize = 2 * 1024;

/// How long, and for how many bytes, a connection that we close is listened to.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 256 * 1024;

struct Connection {
    socket: WebSocketStream<TcpStream>,
    service: Service,
    session: Session,
    owed: Option<Owed>,
    playing: Option<Playing>,
    shared: Arc<Shared>,
}

/// How a connection ends.
enum End {
    /// The peer said goodbye.
    Closed,
    /// The peer is gone without a word.
    Dropped,
    /// The server stops.
    Stopped,
    /// The peer did something wrong.
    Fault(Fault),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Serves one connection to its end.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    service: Service,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let _open = shared.counters.open(service);
    // Boxed, so that the thousands of connections that are past it don't keep room for it.
    let greeting = Box::pin(greet(stream, &shared.options));
    match stop.run_until_cancelled(greeting).await {
        Some(Ok(Some(socket))) => Connection::new(socket, service, shared).live(peer, stop).await,
        Some(Ok(None)) => shared.counters.dropped(),
        Some(Err(fault)) => shared.fault(service, peer, &fault),
        None => {}
    }
}

/// The WebSocket handshake; none if the peer left before it said anything, as probes do.
async fn greet(stream: TcpStream, options: &Options) -> Result<Option<WebSocketStream<TcpStream>>, Fault> {
    let limit = options.handshake_timeout;
    let hands = async {
        if !matches!(stream.peek(&mut [0]).await, Ok(1..)) {
            return Ok(None);
        }
        // Answers are small and awaited; without this each waits for the last one's acknowledgement.
        stream.set_nodelay(true).map_err(|error| Fault::Handshake(error.to_string()))?;
        match tokio_tungstenite::accept_async_with_config(stream, Some(config(options))).await {
            Ok(socket) => Ok(Some(socket)),
            Err(WsError::Io(_)) => Ok(None),
            Err(error) => Err(Fault::Handshake(error.to_string())),
        }
    };
    timeout(limit, hands).await.unwrap_or(Err(Fault::HandshakeTimeout(limit)))
}

fn config(options: &Options) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_frame_size(Some(options.max_frame))
        .max_message_size(Some(options.max_frame))
}

impl Connection {
    fn new(socket: WebSocketStream<TcpStream>, service: Service, shared: Arc<Shared>) -> Self {
        Self { socket, service, session: Session::new(service), owed: None, playing: None, shared }
    }

    async fn live(mut self, peer: SocketAddr, stop: CancellationToken) {
        let end = stop.run_until_cancelled(self.talk()).await.unwrap_or(End::Stopped);
        self.playing = None;
        match end {
            End::Closed => {}
            End::Dropped => self.shared.counters.dropped(),
            End::Stopped => self.dismiss(CloseCode::Away, "the server stops".into()).await,
            End::Fault(fault) => {
                self.shared.fault(self.service, peer, &fault);
                self.dismiss(fault.close_code(), fault.to_string()).await;
            }
        }
    }

    async fn talk(&mut self) -> End {
        loop {
            if let Err(end) = self.turn().await {
                return end;
            }
        }
    }

    /// One request and its answer.
    async fn turn(&mut self) -> Result<(), End> {
        let frame = self.next_frame().await?;
        let request = Request::decode(&frame)?;
        let ask = request.ask();
        self.shared.counters.read(ask);
        let reply = self.session.answer(request, &self.shared)?;
        self.owed = Some(self.shared.counters.owe(ask));
        self.write(reply.encode().map_err(Fault::from)?).await?;
        self.paid();
        if ask == Ask::Login {
            self.playing = Some(self.shared.counters.play());
        }
        Ok(())
    }

    async fn next_frame(&mut self) -> Result<Bytes, End> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(frame))) => return Ok(frame),
                Some(Ok(Message::Text(_))) => return Err(Fault::TextFrame.into()),
                Some(Ok(Message::Close(_))) => {
                    // Reading on is what sends tungstenite's reply to the close frame.
                    let _ = timeout(LINGER, self.socket.next()).await;
                    return Err(End::Closed);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Fault::of_read(error).map_or(End::Dropped, End::Fault)),
                None => return Err(End::Closed),
            }
        }
    }

    async fn write(&mut self, frame: Vec<u8>) -> Result<(), End> {
        let limit = self.shared.options.write_timeout;
        match timeout(limit, self.socket.send(Message::binary(frame))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Dropped),
            Err(_) => Err(Fault::NeverReads(limit).into()),
        }
    }

    fn paid(&mut self) {
        if let Some(owed) = self.owed.take() {
            owed.paid();
        }
    }

    /// Closes with a reason. What the peer still has under way is read and forgotten: closing over unread bytes
    /// would reset the connection, and the peer would never see the reason.
    async fn dismiss(mut self, code: CloseCode, reason: String) {
        let goodbye = async {
            self.socket.close(Some(close_frame(code, reason))).await?;
            self.paid();
            let stream = self.socket.get_mut();
            stream.shutdown().await?;
            let mut rest = stream.take(LINGER_BYTES);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
            Ok::<(), WsError>(())
        };
        let _ = timeout(LINGER, goodbye).await;
    }
}

/// A close frame with as much of the reason as fits: 123 bytes.
fn close_frame(code: CloseCode, mut reason: String) -> CloseFrame {
    reason.truncate(reason.floor_char_boundary(123));
    CloseFrame { code, reason: reason.into() }
}
