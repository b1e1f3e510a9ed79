//! Makes the requests of one schema.

use super::content::Content;
use super::host::Sessions;
use super::package::{Package, PackageHead};
use crate::error::{Error, Result};
use crate::schema::Schema;
use crate::value::Value;

/// Makes requests. Comes from [`Host::attach`](super::Host::attach); a clone makes requests for the same host.
#[derive(Debug, Clone)]
pub struct Attach {
    pub(super) schema: Schema,
    pub(super) package: Package,
    pub(super) sessions: Sessions,
}

impl Attach {
    /// The frame of a request. With a session a response is expected, and the host will know it; without, none is. Sessions
    /// are the caller's to choose; one that is still waited for is replaced.
    ///
    /// # Errors
    /// No such protocol, or `args` that do not fit it.
    pub fn request(&self, protocol: &str, args: &impl Content, session: Option<i64>) -> Result<Vec<u8>> {
        let mut frame = Vec::new();
        self.request_into(protocol, args, session, Value::Nil, &mut frame)?;
        Ok(frame)
    }

    /// Appends the frame of a request, with user data for the head.
    ///
    /// # Errors
    /// As [`Attach::request`]; `out` and the host are then as they were.
    pub fn request_into(
        &self,
        protocol: &str,
        args: &impl Content,
        session: Option<i64>,
        ud: Value,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let protocol = self
            .schema
            .protocol_by_name(protocol)
            .ok_or_else(|| Error::UnknownProtocol(Box::new(protocol.to_owned())))?;
        let head = PackageHead { tag: Some(protocol.tag().into()), session, ud };
        self.package.frame(head, |plain| protocol.put_request(args, plain), out)?;
        if let Some(session) = session {
            self.sessions.lock().insert(session, protocol);
        }
        Ok(())
    }
}
