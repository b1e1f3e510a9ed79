//! How a connection is opened: what the mod asks for, over what the plan says for all.

use std::future::IntoFuture;
use std::time::Duration;
use tokio::time::Instant;

use futures_util::future::LocalBoxFuture;
use proto::series::Kind;
use proto::speech;

use crate::address::Address;
use crate::connection::Connection;
use crate::dial::{Dialed, Handshake};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::link::Link;
use crate::robot::Robot;
use crate::socket::Framing;
use crate::trace::Seen;

/// A connection that is to be opened. Await it, or say first what it shall be like; what is not said is as the plan has it.
///
/// ```no_run
/// # async fn start(robot: &worker::Robot) -> anyhow::Result<()> {
/// use proto::speech::Dialect;
///
/// let lobby = robot.connect("lobby", robot.host()).await?;
/// let game = robot.connect("game", "tcp://127.0.0.1:8888").dialect(Dialect::Rpc).packed(true).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is opened before it is awaited"]
pub struct Connect<'a> {
    robot: &'a Robot,
    name: &'a str,
    url: &'a str,
    options: Options,
}

/// What a mod can say about one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) dialect: Option<speech::Dialect>,
    pub(crate) packed: Option<bool>,
    pub(crate) framing: Framing,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) subprotocol: Option<String>,
    pub(crate) timeout: Option<Duration>,
}

impl<'a> Connect<'a> {
    pub(crate) fn new(robot: &'a Robot, name: &'a str, url: &'a str) -> Self {
        Self { robot, name, url, options: Options::default() }
    }

    /// How messages travel on it.
    pub fn dialect(mut self, dialect: speech::Dialect) -> Self {
        self.options.dialect = Some(dialect);
        self
    }

    /// Whether frames of dialect `rpc` are 0-packed.
    pub fn packed(mut self, packed: bool) -> Self {
        self.options.packed = Some(packed);
        self
    }

    /// Messages travel in text frames, for WebSocket servers that want that or write them: any bytes, be they UTF-8 or not. What
    /// comes in binary frames is taken, too.
    pub fn text_frames(mut self) -> Self {
        self.options.framing = Framing::Text;
        self
    }

    /// One more header of the WebSocket handshake.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// The WebSocket subprotocol to ask for.
    pub fn subprotocol(mut self, subprotocol: impl Into<String>) -> Self {
        self.options.subprotocol = Some(subprotocol.into());
        self
    }

    /// How long it may take, all handshakes included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }
}

impl<'a> IntoFuture for Connect<'a> {
    type Output = Result<Connection, Error>;
    type IntoFuture = LocalBoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(open(self.robot, self.name, self.url, self.options))
    }
}

/// Opens a connection and keeps it under its name. The time is a sample of the series (connect, name).
pub(crate) async fn open(
    robot: &Robot,
    name: &str,
    url: &str,
    options: Options,
) -> Result<Connection, Error> {
    let context = robot.context();
    let began = Instant::now();
    let timeout = options.timeout.unwrap_or(context.plan.timeouts.connect);
    let opened = match tokio::time::timeout(timeout, dial(robot, url, &options)).await {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(reason)) => Err(Error::Refused { connection: name.into(), url: url.into(), reason }),
        Err(_) => {
            let awaited = format!("connection to {url}");
            Err(Error::Timeout { connection: name.into(), awaited, after: timeout })
        }
    };
    let took = began.elapsed();
    let told = opened.as_ref().err().map(Error::to_string);
    context.trace(robot.number(), || Seen::Connected { connection: name, url, took, fault: told.as_deref() });
    match opened {
        Ok((dialed, dialect)) => {
            context.ok(Kind::Connect, name, took);
            dialed.tls.into_iter().for_each(|took| context.ok(Kind::Tls, name, took));
            let (number, context) = (robot.number(), robot.shared_context());
            let link = Link::new(name.into(), number, context, dialed.socket, options.framing, dialect);
            Ok(robot.keep(link))
        }
        Err(error) => {
            context.failed(Kind::Connect, name, error.class(), took, &error);
            Err(error)
        }
    }
}

/// The socket, and how messages will travel on it.
async fn dial(robot: &Robot, url: &str, options: &Options) -> Result<(Dialed, Dialect), String> {
    let context = robot.context();
    let (protocol, network) = (&context.protocol, &context.plan.network);
    let speech = protocol.speech();
    let dialect = match options.dialect.unwrap_or(speech.dialect) {
        speech::Dialect::Msg => Dialect::msg(protocol),
        speech::Dialect::Rpc => Dialect::rpc(protocol, options.packed.unwrap_or(speech.packed)),
    }?;
    let address = Address::parse(url)?;
    let headers = network.headers.iter().chain(&options.headers).cloned().collect();
    let subprotocol = options.subprotocol.clone().or_else(|| network.subprotocol.clone());
    let handshake = Handshake { headers, subprotocol, text: options.framing == Framing::Text };
    let dialed = context.dialer.dial(&address, &handshake).await?;
    Ok((dialed, dialect))
}
