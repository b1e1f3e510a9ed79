//! One end of a conversation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::attach::Attach;
use super::dispatch::Dispatch;
use super::opened::{Head, Opened};
use super::package::Package;
use super::responder::Responder;
use crate::error::{Error, Result};
use crate::schema::{Protocol, Schema};
use crate::value::Value;

/// Frames unpack to this many bytes at most, unless a host is told otherwise.
const LIMIT: usize = 16 << 20;

/// One end of a conversation: takes the peer's frames, and knows which requests of its own are not answered yet.
///
/// A request whose response never comes stays known until [`Host::cancel`] or [`Host::retain`]. All methods take `&self`.
#[derive(Debug)]
pub struct Host {
    schema: Schema,
    package: Package,
    limit: usize,
    sessions: Sessions,
}

/// The protocols of the requests that wait for their response, by session.
///
/// Shared with every `Attach`, so that asking and answering can live in different tasks. The lock is held for one table
/// operation, never while anything is encoded.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<HashMap<i64, Protocol>>>);

impl Sessions {
    /// A panic elsewhere cannot leave the table half changed.
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<i64, Protocol>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    /// A host that takes the requests of `schema`, with frame heads of its type `package`.
    ///
    /// # Errors
    /// The schema has no such type.
    pub fn new(schema: &Schema) -> Result<Self> {
        Self::with_package(schema, "package")
    }

    /// As [`Host::new`], with frame heads of another type.
    ///
    /// # Errors
    /// The schema has no such type.
    pub fn with_package(schema: &Schema, package: &str) -> Result<Self> {
        let package = Package::new(schema, package)?;
        Ok(Self { schema: schema.clone(), package, limit: LIMIT, sessions: Sessions::default() })
    }

    /// Refuses frames that unpack to more than this many bytes; 16 MiB if never told.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Whether frames are 0-packed, as the reference's are; they are if never told. Tell it before [`Host::attach`].
    #[must_use]
    pub fn packed(mut self, packed: bool) -> Self {
        self.package.packed = packed;
        self
    }

    /// Makes requests of `remote`, which is what the peer's host takes.
    pub fn attach(&self, remote: &Schema) -> Attach {
        Attach { schema: remote.clone(), package: self.package.clone(), sessions: self.sessions.clone() }
    }

    /// Takes a frame apart and decodes its message.
    ///
    /// # Errors
    /// A frame that does not unpack or decode, a protocol or session that is not known. The host is ready for the next
    /// frame; a response that does not decode has answered its request all the same.
    pub fn dispatch(&self, frame: &[u8]) -> Result<Dispatch> {
        crate::scratch::with(|plain| self.open(frame, plain)?.decode())
    }

    /// Takes a frame apart and leaves its message in `plain` to be decoded, by whatever means.
    ///
    /// # Errors
    /// As [`Host::dispatch`], but for the message itself.
    pub fn open<'p>(&self, frame: &[u8], plain: &'p mut Vec<u8>) -> Result<Opened<'p>> {
        plain.clear();
        self.package.unpack(frame, self.limit, plain)?;
        let (head, used) = self.package.open(plain)?;
        let what = match head.tag {
            Some(tag) => self.asked(tag, head.session)?,
            None => self.answered(head.session)?,
        };
        Ok(Opened { head: what, ud: head.ud, content: plain.get(used..).unwrap_or_default() })
    }

    /// The message in a frame of this protocol, be it a request or a response, either way. Changes nothing: for those who look on.
    ///
    /// # Errors
    /// A frame that does not unpack or decode.
    pub fn peek(&self, protocol: &Protocol, frame: &[u8]) -> Result<Value> {
        crate::scratch::with(|plain| {
            self.package.unpack(frame, self.limit, plain)?;
            let (head, used) = self.package.open(plain)?;
            let content = plain.get(used..).unwrap_or_default();
            if head.tag.is_some() { protocol.get_request(content) } else { protocol.get_response(content) }
        })
    }

    /// The reference cuts the tag to 32 bits before it looks the protocol up.
    fn asked(&self, tag: i64, session: Option<i64>) -> Result<Head> {
        let protocol = u16::try_from(tag as i32).ok().and_then(|tag| self.schema.protocol_by_tag(tag));
        let protocol = protocol.ok_or_else(|| Error::UnknownProtocol(Box::new(tag.to_string())))?;
        let responder = session.map(|session| Responder {
            session,
            protocol: protocol.clone(),
            package: self.package.clone(),
        });
        Ok(Head::Request { protocol, responder })
    }

    fn answered(&self, session: Option<i64>) -> Result<Head> {
        let session = session.ok_or(Error::NoSession)?;
        let protocol = self.sessions.lock().remove(&session).ok_or(Error::UnknownSession(session))?;
        Ok(Head::Response { session, protocol })
    }

    /// Forgets a request: its response, should it still come, is an unknown session. Says whether it was waited for.
    pub fn cancel(&self, session: i64) -> bool {
        self.sessions.lock().remove(&session).is_some()
    }

    /// Forgets every request whose session `keep` does not take.
    pub fn retain(&self, mut keep: impl FnMut(i64) -> bool) {
        self.sessions.lock().retain(|&session, _| keep(session));
    }

    /// How many requests wait for their response.
    pub fn pending(&self) -> usize {
        self.sessions.lock().len()
    }
}
