//! One socket of a robot, as the robot's driver sees it: messages are pumped in, replies find their requests.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

use bytes::Bytes;
use proto::series::{FailureClass, Kind};
use sproto::rpc::{Content, Responder};

use crate::context::Context;
use crate::dialect::{Dialect, Incoming, Role};
use crate::error::Error;
use crate::protocol::MessageId;
use crate::push::Push;
use crate::recorder::Way;
use crate::requests::{Arrival, Key, Outcome, Requests, Ticket};
use crate::socket::{Event, Framing, Socket};
use crate::trace::Seen;

/// The series that counts pushes whose name the schema does not have: a server must not be able to make up series.
const UNKNOWN: &str = "(unknown)";

/// What to do about text that comes. skynet's library writes text unless told otherwise.
const TEXT_ADVICE: &str =
    r#"let it write binary, in skynet `websocket.write(id, data, "binary")`, or connect with `text`"#;

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
    robot: u64,
    context: Rc<Context>,
    socket: RefCell<Socket>,
    framing: Framing,
    dialect: RefCell<Dialect>,
    requests: RefCell<Requests>,
    state: RefCell<State>,
    /// Whether something is still to be written, because the peer reads too slowly.
    behind: Cell<bool>,
}

/// A message that went out.
pub(crate) struct Sent {
    /// When it was written.
    pub(crate) at: Instant,
    /// Its length with all that carries it.
    pub(crate) length: usize,
    /// What its reply will be known by.
    pub(crate) key: Option<Key>,
}

impl Link {
    pub(crate) fn new(
        name: Rc<str>,
        robot: u64,
        context: Rc<Context>,
        socket: Socket,
        framing: Framing,
        dialect: Dialect,
    ) -> Self {
        Self {
            name,
            robot,
            context,
            socket: RefCell::new(socket),
            framing,
            dialect: RefCell::new(dialect),
            requests: RefCell::default(),
            state: RefCell::new(State::Open),
            behind: Cell::new(false),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
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

    /// Writes a message; a reply is awaited if `awaited` says which.
    pub(crate) fn send(
        &self,
        message: MessageId,
        content: &impl Content,
        awaited: Option<MessageId>,
    ) -> Result<Sent, Error> {
        let protocol = &self.context.protocol;
        let mut scratch = self.context.scratch.borrow_mut();
        let encoded = self.dialect.borrow_mut().encode(protocol, message, content, awaited, &mut scratch);
        let (frame, key) = encoded.map_err(|reason| self.misused(reason))?;
        drop(scratch);
        let length = frame.len();
        let at = self.write(message, frame)?;
        Ok(Sent { at, length, key })
    }

    /// Answers what the server asked.
    pub(crate) fn answer(
        &self,
        responder: &Responder,
        message: MessageId,
        content: &impl Content,
    ) -> Result<(), Error> {
        let mut scratch = self.context.scratch.borrow_mut();
        let frame = Dialect::answer(responder, content, &mut scratch).map_err(|e| self.misused(e))?;
        drop(scratch);
        self.write(message, frame).map(drop)
    }

    /// Notes that the request written at `written` awaits the message known by `reply`.
    pub(crate) fn await_reply(&self, reply: Key, written: Instant, timeout: Duration) -> Ticket {
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
        let mut requests = self.requests.borrow_mut();
        requests.expire(now);
        self.dialect.borrow().retain(|session| requests.knows(session));
    }

    /// Whether messages travel as sproto's RPC.
    pub(crate) fn is_rpc(&self) -> bool {
        matches!(*self.dialect.borrow(), Dialect::Rpc(_))
    }

    /// Whether something waits to be written.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.get()
    }

    /// Says goodbye; the peer's goodbye ends the link.
    pub(crate) fn start_closing(&self, code: u16, reason: &str) {
        let open = *self.state.borrow() == State::Open;
        if open {
            *self.state.borrow_mut() = State::Closing;
            let answered = self.socket.borrow_mut().start_close(code, reason);
            self.flush();
            if answered != Ok(true) {
                self.end(String::new());
            }
        }
    }

    /// Reads all that has come and writes what had to wait; pushes go to `inbox`. Returns when the last of it came, if
    /// anything did.
    pub(crate) fn pump(self: &Rc<Self>, cx: &mut TaskContext<'_>, inbox: &mut Vec<Push>) -> Option<Instant> {
        let mut last = None;
        while !self.has_ended() {
            if self.behind.get() {
                self.behind.set(self.socket.borrow_mut().poll_flush(cx).is_pending());
            }
            let Poll::Ready(event) = self.socket.borrow_mut().poll_event(cx) else { break };
            let now = *last.insert(Instant::now());
            match event {
                Event::Frame(frame) => self.take_in(frame, now, inbox),
                Event::Text => self.refuse_text("sent text, but messages travel as binary"),
                Event::NotUtf8 => {
                    self.refuse_text("sent text that is no UTF-8, as a message or as its reason to close");
                }
                Event::Other => {}
                Event::Goodbye(said) => self.note_close(&said),
                Event::End => self.note_end("the server ended it".to_owned()),
                Event::Broken(fault) => self.note_end(fault),
            }
        }
        last
    }

    /// Writes a frame, and says when: before the write, for on a quick network the peer may answer before it returns.
    fn write(&self, message: MessageId, frame: Bytes) -> Result<Instant, Error> {
        if let State::Ended(reason) = &*self.state.borrow() {
            return Err(self.closed(reason));
        }
        self.context.record().message(message.place(), Way::Sent, frame.len());
        self.context.trace(self.robot, || self.seen(Way::Sent, message, &frame));
        let at = Instant::now();
        let sent = self.socket.borrow_mut().start_send(frame, self.framing);
        self.flush();
        sent.map(|()| at).map_err(|e| self.closed(&e))
    }

    fn seen(&self, way: Way, message: MessageId, frame: &Bytes) -> Seen<'_> {
        let protocol = &self.context.protocol;
        let content = self.dialect.borrow().peek(protocol, message, frame);
        let name = &protocol.message(message).name;
        Seen::Message { connection: &self.name, way, name, content, length: frame.len() }
    }

    /// Without a waker: if the kernel takes it all, as it nearly always does, nothing has to be woken later.
    fn flush(&self) {
        let mut nobody = TaskContext::from_waker(Waker::noop());
        self.behind.set(self.socket.borrow_mut().poll_flush(&mut nobody).is_pending());
    }

    /// One frame has come.
    fn take_in(self: &Rc<Self>, frame: Bytes, now: Instant, inbox: &mut Vec<Push>) {
        let mut scratch = self.context.scratch.borrow_mut();
        let opened = self.dialect.borrow().open(&self.context.protocol, &frame, &mut scratch);
        drop(scratch);
        let incoming = match opened {
            Ok(incoming) => incoming,
            Err(fault) => return self.break_off(&fault),
        };
        let Some(message) = incoming.message else {
            return self.count_stray(&incoming.role, frame.len());
        };
        self.context.record().message(message.place(), Way::Received, frame.len());
        self.context.trace(self.robot, || self.seen(Way::Received, message, &frame));
        self.hand_on(incoming, message, frame.len(), now, inbox);
    }

    /// Gives a message to the request that waits for it, or else to the mods.
    fn hand_on(
        self: &Rc<Self>,
        incoming: Incoming,
        message: MessageId,
        length: usize,
        at: Instant,
        inbox: &mut Vec<Push>,
    ) {
        let Incoming { body, role, .. } = incoming;
        let unasked = match role {
            Role::Reply(key) => match self.requests.borrow_mut().arrive(key, body, at) {
                Arrival::Reply => return,
                Arrival::Late => return self.count_late(message, length),
                Arrival::Unasked(unasked) => (unasked, None),
            },
            Role::Call(responder) => (body, responder),
            Role::Stray => return,
        };
        let (body, responder) = unasked;
        inbox.push(Push { link: self.clone(), message, body, at, responder });
    }

    fn count_late(&self, message: MessageId, length: usize) {
        let mut recorder = self.context.record();
        let series = recorder.series(Kind::Push, &self.context.protocol.message(message).name);
        recorder.bytes(series, 0, length);
        let reason = format_args!("{}: a reply came after its request had timed out", self.name);
        recorder.failed(series, FailureClass::Timeout, Duration::ZERO, &reason);
    }

    /// Counts what has no name in the schema.
    fn count_stray(&self, role: &Role, length: usize) {
        let mut recorder = self.context.record();
        let series = recorder.series(Kind::Push, UNKNOWN);
        recorder.bytes(series, 0, length);
        match role {
            Role::Stray => {
                let reason = format_args!("{}: a reply that no request waits for", self.name);
                recorder.failed(series, FailureClass::Protocol, Duration::ZERO, &reason);
            }
            Role::Reply(_) | Role::Call(_) => recorder.ok(series, Duration::ZERO),
        }
    }

    /// Another is opened in its place: nobody reads it any more, so whoever waits for a reply on it is told.
    pub(crate) fn make_way(&self) {
        if !self.has_ended() {
            self.end("another was opened in its place".to_owned());
        }
    }

    fn note_close(&self, said: &str) {
        let said = if said.is_empty() { "without a reason" } else { said };
        self.note_end(format!("the server closed it ({said})"));
    }

    fn note_end(&self, reason: String) {
        let by_us = *self.state.borrow() == State::Closing;
        self.end(if by_us { String::new() } else { reason });
    }

    /// Ends a link whose peer breaks the rules.
    fn break_off(&self, fault: &str) {
        let error =
            Error::Protocol { connection: self.name.to_string(), reason: format!("the server {fault}") };
        self.context.failed(Kind::Connect, &self.name, error.class(), Duration::ZERO, &error);
        self.end(format!("the server {fault}"));
    }

    fn refuse_text(&self, fault: &str) {
        self.break_off(&format!("{fault}: {TEXT_ADVICE}"));
    }

    fn end(&self, reason: String) {
        self.context.trace(self.robot, || Seen::Closed { connection: &self.name, reason: &reason });
        *self.state.borrow_mut() = State::Ended(reason);
        self.requests.borrow_mut().close();
    }

    fn misused(&self, reason: String) -> Error {
        Error::Usage { connection: self.name.to_string(), reason }
    }

    pub(crate) fn closed(&self, reason: &str) -> Error {
        let reason = if reason.is_empty() { "by the mod" } else { reason };
        Error::Closed { connection: self.name.to_string(), reason: reason.to_owned() }
    }
}
