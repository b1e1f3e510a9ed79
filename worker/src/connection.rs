//! A robot's connection, as mods use it: requests go out, replies come back.

use std::future::{IntoFuture, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use proto::series::FailureClass;
use sproto::rpc::Content;
use sproto::{Message, Value};

use crate::error::Error;
use crate::link::Link;
use crate::protocol::MessageId;
use crate::recorder::SeriesId;
use crate::requests::{Outcome, Ticket};
use crate::robot::Robot;

/// A message that is answered by another. In dialect `rpc` the request of a protocol, answered by its response.
pub trait Request: Message {
    /// The message that answers it.
    type Reply: Message;
}

/// A named connection of a robot. Clones are the same connection.
#[derive(Clone)]
pub struct Connection {
    robot: Robot,
    link: Rc<Link>,
}

impl Connection {
    pub(crate) fn new(robot: Robot, link: Rc<Link>) -> Self {
        Self { robot, link }
    }

    /// The name that the mod gave it.
    pub fn name(&self) -> &str {
        self.link.name()
    }

    /// Whether it is closed, by either side.
    pub fn is_closed(&self) -> bool {
        self.link.has_ended()
    }

    /// Sends a request and waits for its reply. The time from written to read is a sample of the series
    /// (request, name of the message); so is what fails.
    ///
    /// # Errors
    /// When no reply comes within the plan's request timeout, the connection ends, or the reply can't be read.
    pub async fn request<Q: Request>(&self, request: &Q) -> Result<Q::Reply, Error> {
        let message = self.message(Q::NAME)?;
        let reply = self.message(Q::Reply::NAME)?;
        let asked = self.ask(message, request, reply, None)?;
        asked.reply(Q::Reply::decode).await
    }

    /// Sends a message that nothing answers.
    ///
    /// # Errors
    /// When the connection has ended or the schema does not have the message.
    pub fn send<M: Message>(&self, message: &M) -> Result<(), Error> {
        self.tell(self.message(M::NAME)?, message)
    }

    /// Sends a request of a schema that is met at run time: `call("get", &value!({ what: "hello" })).await`. What is not said
    /// otherwise is answered by the rule `XRequest` -> `XResponse`, or in dialect `rpc` by the protocol's response.
    pub fn call<'a>(&'a self, name: &'a str, content: &'a Value) -> Call<'a> {
        Call { connection: self, name, content, reply: None, timeout: None }
    }

    /// As [`Connection::send`], for a schema that is met at run time.
    ///
    /// # Errors
    /// As [`Connection::send`], and when a field does not fit.
    pub fn send_value(&self, name: &str, content: &Value) -> Result<(), Error> {
        self.tell(self.message(name)?, content)
    }

    /// Closes the connection and waits, for a second at most, until the peer has closed it too.
    pub async fn close(&self) {
        self.close_with(NORMAL, "").await;
    }

    /// As [`Connection::close`], with a close code and a reason (of a WebSocket; elsewhere they have no place).
    pub async fn close_with(&self, code: u16, reason: &str) {
        self.link.start_closing(code, reason);
        self.robot.note_activity();
        let ended = poll_fn(|_| if self.link.has_ended() { Poll::Ready(()) } else { Poll::Pending });
        // The driver polls this after each message; whether it ended or the time is over, the robot lets go of it.
        let _ = tokio::time::timeout(Duration::from_secs(1), ended).await;
        self.robot.forget(&self.link);
    }

    /// The message of a name.
    pub(crate) fn message(&self, name: &str) -> Result<MessageId, Error> {
        self.link.context().protocol.id(name).ok_or_else(|| Error::Usage {
            connection: self.name().to_owned(),
            reason: format!("the schema has no message `{name}`"),
        })
    }

    pub(crate) fn tell(&self, message: MessageId, content: &impl Content) -> Result<(), Error> {
        self.link.send(self.travelling(message), content, None)?;
        self.note_backlog();
        Ok(())
    }

    /// Sends a request whose reply is a message named by `reply`, within `timeout` or the plan's.
    pub(crate) fn ask(
        &self,
        message: MessageId,
        content: &impl Content,
        reply: MessageId,
        timeout: Option<Duration>,
    ) -> Result<Asked, Error> {
        let (context, message) = (self.link.context(), self.travelling(message));
        let series = context.record().request_series(message, &context.protocol);
        let sent = self.link.send(message, content, Some(reply));
        let sent = sent.inspect_err(|e| context.record().failed(series, e.class(), Duration::ZERO, e))?;
        context.record().bytes(series, sent.length, 0);
        let timeout = timeout.unwrap_or(context.plan.timeouts.request);
        let ticket = sent.key.map(|key| self.link.await_reply(key, sent.at, timeout));
        self.robot.note_request();
        self.note_backlog();
        let lateness = self.robot.lateness();
        Ok(Asked { link: self.link.clone(), series, reply, ticket, timeout, lateness })
    }

    /// What travels for a message: in dialect `rpc` the protocol that it is the request of.
    fn travelling(&self, message: MessageId) -> MessageId {
        if self.link.is_rpc() { self.link.context().protocol.call_of(message) } else { message }
    }

    fn note_backlog(&self) {
        if self.link.is_behind() {
            self.robot.note_activity();
        }
    }
}

/// The close code of a connection that has done what it was for.
pub(crate) const NORMAL: u16 = 1000;

/// A request of a schema that is met at run time.
#[must_use = "nothing is sent before it is awaited"]
pub struct Call<'a> {
    connection: &'a Connection,
    name: &'a str,
    content: &'a Value,
    reply: Option<&'a str>,
    timeout: Option<Duration>,
}

impl<'a> Call<'a> {
    /// The name of the message that answers it, where the rule does not hold.
    pub fn reply(mut self, name: &'a str) -> Self {
        self.reply = Some(name);
        self
    }

    /// How long to wait for it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn go(self) -> Result<Value, Error> {
        let connection = self.connection;
        let message = connection.message(self.name)?;
        let reply = match self.reply {
            Some(reply) => connection.message(reply)?,
            None => connection.reply_of(message)?,
        };
        let asked = connection.ask(message, self.content, reply, self.timeout)?;
        let protocol = connection.robot.shared_context().protocol.clone();
        asked.reply(|body| protocol.decode_reply(reply, body)).await
    }
}

impl<'a> IntoFuture for Call<'a> {
    type Output = Result<Value, Error>;
    type IntoFuture = LocalBoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.go())
    }
}

impl Connection {
    /// What answers a message where nothing else is said.
    pub(crate) fn reply_of(&self, message: MessageId) -> Result<MessageId, Error> {
        let protocol = &self.link.context().protocol;
        let def = protocol.message(message);
        let reply = if self.link.is_rpc() { Some(message) } else { def.reply };
        reply.ok_or_else(|| Error::Usage {
            connection: self.name().to_owned(),
            reason: format!(
                "the schema has no `{}` to answer `{}`; say what does",
                protocol.speech().reply_of(&def.name),
                def.name
            ),
        })
    }
}

/// A request on its way. Dropped before its outcome, it still counts: what the server was asked is in the totals.
pub(crate) struct Asked {
    link: Rc<Link>,
    series: SeriesId,
    reply: MessageId,
    ticket: Option<Ticket>,
    timeout: Duration,
    /// By how much the task that asked was late, if it has a schedule.
    lateness: Option<Duration>,
}

impl Asked {
    /// Waits for the reply and reads it; counts what became of it.
    pub(crate) async fn reply<T>(
        mut self,
        read: impl FnOnce(&[u8]) -> Result<T, sproto::Error>,
    ) -> Result<T, Error> {
        let outcome = self.outcome().await;
        let connection = || self.link.name().to_owned();
        let (took, length, reply) = match outcome {
            Outcome::Reply(body, took) => (took, body.len(), self.read(&body, read)),
            Outcome::TimedOut => {
                let awaited = self.link.context().protocol.message(self.reply).name.to_string();
                let timeout = Error::Timeout { connection: connection(), awaited, after: self.timeout };
                (self.timeout, 0, Err(timeout))
            }
            Outcome::Closed => {
                (Duration::ZERO, 0, Err(self.link.lost().unwrap_or_else(|| self.link.closed(""))))
            }
        };
        let mut recorder = self.link.context().record();
        recorder.bytes(self.series, 0, length);
        match &reply {
            Ok(_) => recorder.ok(self.series, took),
            Err(e) => recorder.failed(self.series, e.class(), took, e),
        }
        if let Some(lateness) = self.lateness {
            recorder.response(self.series, took + lateness);
        }
        reply
    }

    fn read<T>(
        &self,
        body: &Bytes,
        read: impl FnOnce(&[u8]) -> Result<T, sproto::Error>,
    ) -> Result<T, Error> {
        read(body)
            .map_err(|e| Error::Decode { connection: self.link.name().to_owned(), reason: e.to_string() })
    }

    /// The outcome. Needs no waker: the robot's driver polls its tasks after whatever it pumped in.
    async fn outcome(&mut self) -> Outcome {
        poll_fn(|_| {
            let outcome = self.ticket.and_then(|ticket| self.link.fetch(ticket));
            match outcome {
                Some(outcome) => {
                    self.ticket = None;
                    Poll::Ready(outcome)
                }
                None => Poll::Pending,
            }
        })
        .await
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let waited = self.ticket.and_then(|ticket| self.link.abandon(ticket));
        if let Some(waited) = waited {
            let reason = format_args!("{}: the robot left before the reply came", self.link.name());
            let mut recorder = self.link.context().record();
            recorder.failed(self.series, FailureClass::Closed, waited, &reason);
        }
    }
}
