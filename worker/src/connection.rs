//! A robot's connection, as mods use it: requests go out, typed replies come back.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use proto::series::{FailureClass, Kind};
use sproto::Message;

use crate::error::Error;
use crate::link::Link;
use crate::recorder::SeriesId;
use crate::requests::{Outcome, Ticket};
use crate::robot::Robot;

/// A message that is answered by another.
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

    /// Sends a request and waits for its reply. The time from written to read is a sample of the series
    /// (request, name of the message); so is what fails.
    ///
    /// # Errors
    /// When no reply comes within the plan's request timeout, the connection ends, or the reply can't be read.
    pub async fn request<Q: Request>(&self, request: &Q) -> Result<Q::Reply, Error> {
        let context = self.link.context();
        let series = context.record().series(Kind::Request, Q::NAME);
        let sent = self.link.send(Q::NAME, |out| request.encode(out));
        let (written, length) =
            sent.inspect_err(|e| context.record().failed(series, e.class(), Duration::ZERO, e))?;
        context.record().bytes(series, length, 0);
        let ticket = self.link.await_reply(Q::Reply::NAME, written, context.plan.timeouts.request);
        self.robot.note_request();
        if self.link.is_behind() {
            self.robot.note_activity();
        }
        let outcome = Waiting { connection: self, series, ticket: Some(ticket) }.outcome().await;
        self.settle::<Q>(series, outcome)
    }

    /// Closes the connection and waits, for a second at most, until the peer has closed it too.
    pub async fn close(&self) {
        self.link.start_closing();
        self.robot.note_activity();
        let ended = poll_fn(|_| if self.link.has_ended() { Poll::Ready(()) } else { Poll::Pending });
        // The driver polls this after each message; whether it ended or the time is over, the robot lets go of it.
        let _ = tokio::time::timeout(Duration::from_secs(1), ended).await;
        self.robot.forget(&self.link);
    }

    /// Counts a request's outcome and reads its reply.
    fn settle<Q: Request>(&self, series: SeriesId, outcome: Outcome) -> Result<Q::Reply, Error> {
        let mut recorder = self.link.context().record();
        let connection = || self.name().to_owned();
        let (took, reply) = match outcome {
            Outcome::Reply(body, took) => {
                recorder.bytes(series, 0, body.len());
                let reason =
                    |e: sproto::Error| Error::Decode { connection: connection(), reason: e.to_string() };
                (took, Q::Reply::decode(&body).map_err(reason))
            }
            Outcome::TimedOut => {
                let after = self.link.context().plan.timeouts.request;
                let awaited = Q::Reply::NAME.to_owned();
                (after, Err(Error::Timeout { connection: connection(), awaited, after }))
            }
            Outcome::Closed => {
                (Duration::ZERO, Err(self.link.lost().unwrap_or_else(|| self.link.closed(""))))
            }
        };
        match &reply {
            Ok(_) => recorder.ok(series, took),
            Err(e) => recorder.failed(series, e.class(), took, e),
        }
        reply
    }
}

/// A request on its way. Dropped before its outcome, it still counts: what the server was asked is in the totals.
struct Waiting<'a> {
    connection: &'a Connection,
    series: SeriesId,
    ticket: Option<Ticket>,
}

impl Waiting<'_> {
    /// The outcome. Needs no waker: the robot's driver polls its tasks after whatever it pumped in.
    async fn outcome(mut self) -> Outcome {
        poll_fn(|_| {
            let outcome = self.ticket.and_then(|ticket| self.connection.link.fetch(ticket));
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

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waited = self.ticket.and_then(|ticket| self.connection.link.abandon(ticket));
        if let Some(waited) = waited {
            let reason = format_args!("{}: the robot left before the reply came", self.connection.name());
            let mut recorder = self.connection.link.context().record();
            recorder.failed(self.series, FailureClass::Closed, waited, &reason);
        }
    }
}
