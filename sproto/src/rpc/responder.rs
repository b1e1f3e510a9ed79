//! Answers one request.

use super::content::Content;
use super::package::{Package, PackageHead};
use crate::error::{Error, Result};
use crate::schema::{Protocol, Type};
use crate::value::Value;

/// Answers the request that it came with.
#[derive(Debug, Clone)]
pub struct Responder {
    pub(super) session: i64,
    pub(super) protocol: Protocol,
    pub(super) package: Package,
}

impl Responder {
    /// The session that the peer chose.
    pub fn session(&self) -> i64 {
        self.session
    }

    /// The frame of the response. Give `&()` where the protocol has none, or `response nil`.
    ///
    /// # Errors
    /// `args` that do not fit the protocol.
    pub fn respond(&self, args: &impl Content) -> Result<Vec<u8>> {
        let mut frame = Vec::new();
        self.respond_into(args, Value::Nil, &mut frame)?;
        Ok(frame)
    }

    /// Appends the frame of the response, with user data for the head.
    ///
    /// # Errors
    /// As [`Responder::respond`]; `out` is then as it was.
    pub fn respond_into(&self, args: &impl Content, ud: Value, out: &mut Vec<u8>) -> Result<()> {
        let head = PackageHead { tag: None, session: Some(self.session), ud };
        self.package.frame(head, |plain| self.protocol.put_response(args, plain), out)
    }
}

impl Protocol {
    /// Appends a request's message, if the protocol has one.
    ///
    /// # Errors
    /// `args` that do not fit.
    pub fn put_request(&self, args: &impl Content, out: &mut Vec<u8>) -> Result<()> {
        self.request().map_or(Ok(()), |ty| args.put(&ty, out))
    }

    /// Appends a response's message, if the protocol has one.
    ///
    /// # Errors
    /// `args` that do not fit; anything but nil where the protocol says `response nil`.
    pub fn put_response(&self, args: &impl Content, out: &mut Vec<u8>) -> Result<()> {
        if self.confirm() && !args.is_nil() {
            return Err(Error::NilResponse(Box::new(self.name().to_owned())));
        }
        self.response().map_or(Ok(()), |ty| args.put(&ty, out))
    }

    /// A request's message; nil if the protocol has none.
    ///
    /// # Errors
    /// Bytes that are no such message.
    pub fn get_request(&self, bytes: &[u8]) -> Result<Value> {
        get(self.request(), bytes)
    }

    /// A response's message; nil if the protocol has none.
    ///
    /// # Errors
    /// Bytes that are no such message.
    pub fn get_response(&self, bytes: &[u8]) -> Result<Value> {
        get(self.response(), bytes)
    }
}

fn get(ty: Option<Type>, bytes: &[u8]) -> Result<Value> {
    ty.map_or(Ok(Value::Nil), |ty| ty.decode(bytes))
}
