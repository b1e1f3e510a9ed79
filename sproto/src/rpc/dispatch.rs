//! What a frame says.

use super::responder::Responder;
use crate::schema::Protocol;
use crate::value::Value;

/// A frame of the peer's.
#[derive(Debug)]
pub enum Dispatch {
    /// It asks.
    Request(Request),
    /// It answers.
    Response(Response),
}

/// The peer asks.
#[derive(Debug)]
pub struct Request {
    /// What it asks.
    pub protocol: Protocol,
    /// The request's message; nil if the protocol has none.
    pub message: Value,
    /// Answers it, if it wants an answer.
    pub responder: Option<Responder>,
    /// The user data in the head.
    pub ud: Value,
}

/// The peer answers.
#[derive(Debug)]
pub struct Response {
    /// The session of the request.
    pub session: i64,
    /// What was asked.
    pub protocol: Protocol,
    /// The response's message; nil if the protocol has none.
    pub message: Value,
    /// The user data in the head.
    pub ud: Value,
}
