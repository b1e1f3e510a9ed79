//! An open socket that carries frames, whatever its transport. Polled by its robot's driver; nothing here waits.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};
use tokio_util::codec::{Framed, LengthDelimitedCodec};
use tokio_util::either::Either;

/// The bytes below the frames. What lies between, such as TLS, is behind a pointer, so that plain connections stay small.
pub(crate) type Stream = Either<TcpStream, Pin<Box<dyn Duplex>>>;

/// What bytes go through both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite {}

impl<S: AsyncRead + AsyncWrite> Duplex for S {}

/// The largest message that is taken from a game server.
const LARGEST_MESSAGE: usize = 16 << 20;

/// The most that waits to be written to a server that does not read.
const LARGEST_BACKLOG: usize = 1 << 20;

/// The largest frame that two bytes of length can tell.
pub(crate) const LARGEST_TCP_FRAME: usize = u16::MAX as usize;

/// How WebSockets buffer. The read buffer is allocated and kept per connection, and zeroed for each read: 2 KiB holds the messages
/// of games; the library's 128 KiB would be most of a robot. Writing goes through at once.
pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(LARGEST_BACKLOG)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE))
}

const READ_BUFFER: usize = 2048;

/// What carries frames.
pub(crate) enum Socket {
    WebSocket(WebSocketStream<Stream>),
    Tcp(Framed<Stream, LengthDelimitedCodec>),
}

/// What a socket gives.
#[derive(Debug)]
pub(crate) enum Event {
    /// A frame of the kind that sproto travels in.
    Frame(Bytes),
    /// A text frame, where messages travel as binary.
    Text,
    /// Text that is no UTF-8: a frame of it, or the reason of a goodbye.
    NotUtf8,
    /// Something that is the library's business: a ping or a pong.
    Other,
    /// The peer says goodbye, and why.
    Goodbye(String),
    /// Nothing more will come.
    End,
    /// The connection broke.
    Broken(String),
}

/// How a frame goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Framing {
    #[default]
    Binary,
    /// As text, for WebSocket servers that want it; whether it is UTF-8 is the server's to say. What comes as text comes up as
    /// binary, see [`TextFrames`](crate::text::TextFrames).
    Text,
}

impl Socket {
    pub(crate) fn tcp(stream: Stream) -> Self {
        let mut codec = LengthDelimitedCodec::builder();
        let codec = codec.length_field_type::<u16>().big_endian().max_frame_length(LARGEST_TCP_FRAME);
        let mut framed = Framed::with_capacity(stream, codec.new_codec(), READ_BUFFER);
        // Every frame is written at once; a boundary of 0 would flush before each.
        framed.set_backpressure_boundary(LARGEST_BACKLOG);
        *framed.write_buffer_mut() = BytesMut::new();
        Self::Tcp(framed)
    }

    /// The next event, if something has come.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match self {
            Self::WebSocket(socket) => Pin::new(socket).poll_next(cx).map(|next| match next {
                Some(Ok(message)) => message_event(message),
                Some(Err(WsError::Utf8(_))) => Event::NotUtf8,
                Some(Err(e)) => Event::Broken(e.to_string()),
                None => Event::End,
            }),
            Self::Tcp(framed) => Pin::new(framed).poll_next(cx).map(|next| match next {
                Some(Ok(frame)) => Event::Frame(frame.freeze()),
                Some(Err(e)) => Event::Broken(e.to_string()),
                None => Event::End,
            }),
        }
    }

    /// Begins to send a frame. Whether it is through is what [`Socket::poll_flush`] tells.
    pub(crate) fn start_send(&mut self, payload: Bytes, framing: Framing) -> Result<(), String> {
        match self {
            Self::WebSocket(socket) => {
                let message = match framing {
                    Framing::Binary => Message::Binary(payload),
                    Framing::Text => Message::Frame(Frame::message(payload, OpCode::Data(Data::Text), true)),
                };
                Pin::new(socket).start_send(message).map_err(|e| e.to_string())
            }
            Self::Tcp(framed) => {
                if framed.write_buffer().len() + payload.len() > LARGEST_BACKLOG {
                    return Err(format!(
                        "the server does not read: {LARGEST_BACKLOG} bytes wait to be written"
                    ));
                }
                Pin::new(framed).start_send(payload).map_err(|e| e.to_string())
            }
        }
    }

    /// Writes what waits. An error shows up when reading, too.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            // Writing is not buffered, so being ready for more says that all is written.
            Self::WebSocket(socket) => Pin::new(socket).poll_ready(cx).map(drop),
            Self::Tcp(framed) => {
                let framed = Pin::new(framed);
                Sink::<Bytes>::poll_flush(framed, cx).map(drop)
            }
        }
    }

    /// Says goodbye. Whether the peer is expected to answer it.
    pub(crate) fn start_close(&mut self, code: u16, reason: &str) -> Result<bool, String> {
        match self {
            Self::WebSocket(socket) => {
                let reason = Utf8Bytes::from(reason);
                let frame = CloseFrame { code: CloseCode::from(code), reason };
                Pin::new(socket).start_send(Message::Close(Some(frame))).map_err(|e| e.to_string())?;
                Ok(true)
            }
            // A stream has no goodbye but its end, which goes out when the socket is dropped.
            Self::Tcp(_) => Ok(false),
        }
    }
}

fn message_event(message: Message) -> Event {
    match message {
        Message::Binary(payload) => Event::Frame(payload),
        Message::Text(_) => Event::Text,
        Message::Close(frame) => {
            let told = frame.map(|frame| format!("{} {}", frame.code, frame.reason).trim_end().to_owned());
            Event::Goodbye(told.unwrap_or_default())
        }
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Event::Other,
    }
}

/// What a WebSocket handshake that failed means.
pub(crate) fn handshake_fault(error: &WsError) -> String {
    match error {
        WsError::Http(response) => format!("no WebSocket there: the server answered {}", response.status()),
        WsError::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            "no WebSocket there: the server ended the connection".to_owned()
        }
        other => format!("no WebSocket there: {other}"),
    }
}
