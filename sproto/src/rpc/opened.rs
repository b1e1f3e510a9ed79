//! A frame whose head is read and whose message is not yet.

use super::dispatch::{Dispatch, Request, Response};
use super::responder::Responder;
use crate::error::Result;
use crate::schema::Protocol;
use crate::value::Value;

/// A frame that is taken apart. Its message may be decoded with [`Type::decode_into`](crate::Type::decode_into), as a generated
/// struct, or not at all.
#[derive(Debug)]
pub struct Opened<'p> {
    /// Who asks or answers what.
    pub head: Head,
    /// The head's user data.
    pub ud: Value,
    /// The message, with the zeros that packing added.
    pub content: &'p [u8],
}

/// What a frame is.
#[derive(Debug)]
pub enum Head {
    /// The peer asks.
    Request {
        /// What it asks.
        protocol: Protocol,
        /// Answers it, if it wants an answer.
        responder: Option<Responder>,
    },
    /// The peer answers.
    Response {
        /// The session of the request.
        session: i64,
        /// What was asked.
        protocol: Protocol,
    },
}

impl Opened<'_> {
    /// Decodes the message.
    ///
    /// # Errors
    /// A message that is not the protocol's.
    pub fn decode(self) -> Result<Dispatch> {
        let Self { head, ud, content } = self;
        Ok(match head {
            Head::Request { protocol, responder } => {
                let message = protocol.get_request(content)?;
                Dispatch::Request(Request { protocol, message, responder, ud })
            }
            Head::Response { session, protocol } => {
                let message = protocol.get_response(content)?;
                Dispatch::Response(Response { session, protocol, message, ud })
            }
        })
    }
}
