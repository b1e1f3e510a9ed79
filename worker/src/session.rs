//! Getting a stream to the master: one attempt, that soon says what came of it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use hyper_util::rt::TokioIo;
use proto::control::control_client::ControlClient;
use proto::control::{LARGEST_MESSAGE, LARGEST_UP};
use proto::{Down, Up};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint, Uri};

/// How long one attempt may take, from the look at the name to the open stream.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(1);

/// How often the transport asks whether the other end is there, and how long it waits.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Messages to the master that may wait in the stream; reports wait in the backlog.
const OUTGOING: usize = 64;

/// What carries bytes to the master.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

/// Connects an address.
pub(crate) type Dial = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Box<dyn Wire>>> + Send + Sync>;

/// An open stream, and what goes into it.
pub(crate) struct Session {
    pub(crate) up: mpsc::Sender<Up>,
    pub(crate) down: Streaming<Down>,
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody is there: the system there said so.
    Refused(String),
    /// Anything else; somebody may be there.
    Other(String),
}

/// Opens a stream that begins with `hello`.
pub(crate) async fn open(dial: Dial, address: String, hello: Up) -> Result<Session, Fault> {
    match tokio::time::timeout(ATTEMPT, attempt(dial, address, hello)).await {
        Ok(opened) => opened,
        Err(_) => Err(Fault::Other(format!("no answer within {ATTEMPT:?}"))),
    }
}

async fn attempt(dial: Dial, address: String, hello: Up) -> Result<Session, Fault> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|e| Fault::Other(format!("`{address}` is not an address: {e}")))?
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    let wire = dial(address).await.map_err(|e| match e.kind() {
        io::ErrorKind::ConnectionRefused => Fault::Refused(e.to_string()),
        _ => Fault::Other(e.to_string()),
    })?;
    let channel = handshake(&endpoint, wire).await?;
    let (up, outgoing) = mpsc::channel(OUTGOING);
    let _has_room = up.try_send(hello);
    let mut client = ControlClient::new(channel)
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_UP);
    let opened = client.join(ReceiverStream::new(outgoing)).await;
    let down = opened.map_err(|status| Fault::Other(status.message().to_owned()))?.into_inner();
    Ok(Session { up, down })
}

/// Speaks HTTP/2 over a connection. It is never dialled again behind our back: whether and when is the control's to say.
async fn handshake(endpoint: &Endpoint, wire: Box<dyn Wire>) -> Result<Channel, Fault> {
    let once = Mutex::new(Some(TokioIo::new(wire)));
    let connector = tower::service_fn(move |_: Uri| {
        let wire = once.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(wire.ok_or_else(|| io::Error::other("the connection is gone")))
    });
    endpoint.connect_with_connector(connector).await.map_err(|e| Fault::Other(root_cause(&e)))
}

/// Connects to the first that answers of the addresses that a name has now. Refused is only what all refused.
pub(crate) async fn dial(address: String) -> io::Result<TcpStream> {
    let mut dials: FuturesUnordered<_> = lookup_host(address).await?.map(TcpStream::connect).collect();
    let mut fault = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    while let Some(dialled) = dials.next().await {
        match dialled {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(e)
                if fault.kind() == io::ErrorKind::NotFound
                    || e.kind() != io::ErrorKind::ConnectionRefused =>
            {
                fault = e;
            }
            Err(_) => {}
        }
    }
    Err(fault)
}

/// The innermost reason: what the system said, without the layers around it.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
