//! A message that came unasked, on its way from the connection to the mods.

use std::rc::Rc;
use tokio::time::Instant;

use bytes::Bytes;
use sproto::rpc::{Content, Responder};

use crate::error::Error;
use crate::link::Link;
use crate::protocol::MessageId;

/// A message that came unasked.
#[derive(Clone)]
pub(crate) struct Push {
    pub(crate) link: Rc<Link>,
    pub(crate) message: MessageId,
    pub(crate) body: Bytes,
    /// When it was read, before any mod ran.
    pub(crate) at: Instant,
    /// Answers it, if the server wants an answer.
    pub(crate) responder: Option<Responder>,
}

impl Push {
    /// Its name in the schema.
    pub(crate) fn name(&self) -> &str {
        &self.link.context().protocol.message(self.message).name
    }

    /// Answers it.
    ///
    /// # Errors
    /// The server wants no answer, the content does not fit, or the connection is gone.
    pub(crate) fn answer(&self, content: &impl Content) -> Result<(), Error> {
        match &self.responder {
            Some(responder) => self.link.answer(responder, self.message, content),
            None => {
                let reason = format!("the server wants no answer to `{}`", self.name());
                Err(Error::Usage { connection: self.link.name().to_owned(), reason })
            }
        }
    }
}
