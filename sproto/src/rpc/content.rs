//! What a request or response can carry: a `Value`, or a generated struct.

use crate::error::Result;
use crate::message::Message;
use crate::schema::Type;
use crate::value::Value;

/// Encodes itself as a message of a type.
pub trait Content {
    /// Appends the message to `out`.
    ///
    /// # Errors
    /// It does not fit the type.
    fn put(&self, ty: &Type, out: &mut Vec<u8>) -> Result<()>;

    /// There is nothing.
    fn is_nil(&self) -> bool {
        false
    }
}

impl Content for Value {
    fn put(&self, ty: &Type, out: &mut Vec<u8>) -> Result<()> {
        ty.encode(self, out)
    }

    fn is_nil(&self) -> bool {
        Self::is_nil(self)
    }
}

/// Nothing, for protocols without a message.
impl Content for () {
    fn put(&self, ty: &Type, out: &mut Vec<u8>) -> Result<()> {
        ty.encode(&Value::Nil, out)
    }

    fn is_nil(&self) -> bool {
        true
    }
}

/// The struct must be generated from the same schema; its type is not looked at again.
impl<M: Message> Content for M {
    fn put(&self, _: &Type, out: &mut Vec<u8>) -> Result<()> {
        self.encode(out)
    }
}
