//! One socket of a robot, as the robot's driver sees it: messages are pumped in, replies find their requests.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use proto::series::{FailureClass, Kind};
use sproto::MessageRef as _;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::context::Context;
use crate::dial::Socket;
use crate::error::Error;
use crate::game::MsgRef;
use crate::requests::{Arrival, Outcome, Requests, Ticket};

/// The series that counts pushes whose name the schema does not have: a server must not be able to make up series.
const UNKNOWN: &str = "(unknown)";

/// Where a socket is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Open,
    /// We said goodbye and wait for the peer's.
    Closing,
    /// Nothing more will come. The reason is empty when it was we who closed.
    Ended(String),
}

/// One socket of a robot.
pub(crate) struct Link {
    name: Rc<str>,
    context: Rc<Context>,
    socket: RefCell<Socket>,
    requests: RefCell<Requests>,
    state: RefCell<State>,
    /// Whether something is still to be written, because the peer reads too slowly.
    behind: Cell<bool>,
}

impl Link {
    pub(crate) fn new(name: Rc<str>, context: Rc<Context>, socket: Socket) -> Self {
        Self {
            name,
            context,
            socket: RefCell::new(socket),
            requests: RefCell::default(),
            state: RefCell::new(State::Open),
            behind: Cell::new(false),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing more can come.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(*self.state.borrow(), State::Ended(_))
    }

    /// Why the connection ended, if it was not we who closed it.
    pub(crate) fn lost(&self) -> Option<Error> {
        match &*self.state.borrow() {
            State::Ended(reason) if !reason.is_empty() => Some(self.closed(reason)),
            _ => None,
        }
    }

    /// Writes a message named `name`, encoded by `encode`. Says when, and how long it was.
    pub(crate) fn send(
        &self,
        name: &'static str,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), sproto::Error>,
    ) -> Result<(Instant, usize), Error> {
        let payload = self.envelope(name, encode)?;
        let length = payload.len();
        // Before the write: on a quick network the peer may answer before the write returns.
        let written = Instant::now();
        self.write(Message::Binary(payload))?;
        Ok((written, length))
    }

    /// Notes that the request written at `written` awaits a message named `reply`.
    pub(crate) fn await_reply(&self, reply: &'static str, written: Instant, timeout: Duration) -> Ticket {
        self.requests.borrow_mut().open(reply, written, timeout)
    }

    /// What became of a request, once it is known.
    pub(crate) fn fetch(&self, ticket: Ticket) -> Option<Outcome> {
        self.requests.borrow_mut().fetch(ticket)
    }

    /// Forgets a request; how long it waited in vain.
    pub(crate) fn abandon(&self, ticket: Ticket) -> Option<Duration> {
        self.requests.borrow_mut().abandon(ticket, Instant::now())
    }

    /// When a request times out next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.requests.borrow().next_deadline()
    }

    /// Times out what is due.
    pub(crate) fn expire(&self, now: Instant) {
        self.requests.borrow_mut().expire(now);
    }

    /// Whether something waits to be written.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.get()
    }

    /// Says goodbye; the peer's goodbye ends the link.
    pub(crate) fn start_closing(&self) {
        let open = *self.state.borrow() == State::Open;
        if open {
            *self.state.borrow_mut() = State::Closing;
            if self.write(Message::Close(None)).is_err() {
                self.end(String::new());
            }
        }
    }

    /// Reads all that has come and writes what had to wait. Returns when the last of it came, if anything did.
    pub(crate) fn pump(&self, cx: &mut TaskContext<'_>) -> Option<Instant> {
        let mut last = None;
        while !self.has_ended() {
            self.write_behind(cx);
            let Poll::Ready(next) = self.socket.borrow_mut().poll_next_unpin(cx) else { break };
            let now = *last.insert(Instant::now());
            match next {
                Some(Ok(Message::Binary(payload))) => self.take_in(payload, now),
                Some(Ok(Message::Text(_))) => self.break_off("sent text, but messages travel as binary"),
                Some(Ok(Message::Close(frame))) => {
                    self.note_close(frame.map(|f| f.to_string()).unwrap_or_default())
                }
                Some(Ok(_)) => {} // ping and pong are the library's business
                Some(Err(e)) => self.fail(e),
                None => self.note_end(),
            }
        }
        last
    }

    fn write_behind(&self, cx: &mut TaskContext<'_>) {
        if self.behind.get() {
            match self.socket.borrow_mut().poll_ready_unpin(cx) {
                Poll::Ready(_) => self.behind.set(false), // an error shows up when reading, too
                Poll::Pending => {}
            }
        }
    }

    /// Encodes a message and its envelope, in buffers that the thread keeps.
    fn envelope(
        &self,
        name: &'static str,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), sproto::Error>,
    ) -> Result<Bytes, Error> {
        let mut scratch = self.context.scratch.borrow_mut();
        let scratch = &mut *scratch;
        scratch.body.clear();
        scratch.envelope.clear();
        let encoded = encode(&mut scratch.body).and_then(|()| {
            MsgRef { name: Some(name), bin: Some(&scratch.body) }.encode(&mut scratch.envelope)
        });
        encoded.map_err(|e| Error::Decode { connection: self.name.to_string(), reason: e.to_string() })?;
        // Split off a buffer that takes its memory back when the frames before are written: no allocation a message.
        scratch.frames.extend_from_slice(&scratch.envelope);
        Ok(scratch.frames.split().freeze())
    }

    fn write(&self, message: Message) -> Result<(), Error> {
        if let State::Ended(reason) = &*self.state.borrow() {
            return Err(self.closed(reason));
        }
        let mut socket = self.socket.borrow_mut();
        // Without a waker: if the kernel takes it all, as it nearly always does, nothing has to be woken later.
        let sent = socket.start_send_unpin(message);
        let mut nobody = TaskContext::from_waker(Waker::noop());
        self.behind.set(socket.poll_ready_unpin(&mut nobody).is_pending());
        sent.map_err(|e| self.closed(&e.to_string()))
    }

    /// One message has come.
    fn take_in(&self, payload: Bytes, now: Instant) {
        match MsgRef::decode(&payload) {
            Ok(MsgRef { name: Some(name), bin }) => {
                let body = bin.map(|bin| payload.slice_ref(bin)).unwrap_or_default();
                let arrival = self.requests.borrow_mut().arrive(name, body, now);
                self.count(arrival, name, payload.len());
            }
            Ok(_) => self.break_off("sent an envelope without a name"),
            Err(e) => self.break_off(&format!("sent what is no message: {e}")),
        }
    }

    /// Counts what nobody waits for; a reply is counted by its request.
    fn count(&self, arrival: Arrival, name: &str, length: usize) {
        if arrival == Arrival::Reply {
            return;
        }
        let name = if self.context.protocol.knows(name) { name } else { UNKNOWN };
        let mut recorder = self.context.record();
        let series = recorder.series(Kind::Push, name);
        recorder.bytes(series, 0, length);
        if arrival == Arrival::Late {
            let reason = format_args!("{}: a reply came after its request had timed out", self.name);
            recorder.failed(series, FailureClass::Timeout, Duration::ZERO, &reason);
        } else {
            recorder.ok(series, Duration::ZERO);
        }
    }

    fn note_close(&self, said: String) {
        let by_us = *self.state.borrow() == State::Closing;
        if !by_us {
            self.end(format!(
                "the server closed it ({})",
                if said.is_empty() { "without a reason" } else { &said }
            ));
        }
    }

    fn note_end(&self) {
        let by_us = *self.state.borrow() == State::Closing;
        self.end(if by_us { String::new() } else { "the server ended it".to_owned() });
    }

    fn fail(&self, error: WsError) {
        let by_us = *self.state.borrow() == State::Closing;
        self.end(if by_us { String::new() } else { error.to_string() });
    }

    /// Ends a link whose peer breaks the rules.
    fn break_off(&self, fault: &str) {
        let error =
            Error::Protocol { connection: self.name.to_string(), reason: format!("the server {fault}") };
        self.context.failed(Kind::Connect, &self.name, error.class(), Duration::ZERO, &error);
        self.end(format!("the server {fault}"));
    }

    fn end(&self, reason: String) {
        *self.state.borrow_mut() = State::Ended(reason);
        self.requests.borrow_mut().close();
    }

    pub(crate) fn closed(&self, reason: &str) -> Error {
        let reason = if reason.is_empty() { "by the mod" } else { reason };
        Error::Closed { connection: self.name.to_string(), reason: reason.to_owned() }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }
}
