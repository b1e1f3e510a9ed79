//! What generated structs can do: encode and decode themselves without a look at a schema.

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::glue::{Read, Write};
use crate::wire::Length;

/// A generated struct that owns its strings and binaries.
///
/// Encoding cannot meet a value of the wrong kind, so it fails for two reasons only: structs of a recursive type nested
/// more than 64 deep, or a message of 4 GiB or more.
pub trait Message: Write + for<'a> Read<'a> {
    /// The type's full name in the schema.
    const NAME: &'static str;

    /// Appends the message to `out`.
    ///
    /// # Errors
    /// Nested too deep or too long; `out` is then as it was.
    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        encode(self, Self::NAME, out)
    }

    /// Decodes a message. Bytes after it are ignored, as the padding of a packed message must be.
    ///
    /// # Errors
    /// Bytes that are no message of this type, or strings that are no UTF-8.
    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self> {
        decode(Self::NAME, bytes)
    }
}

/// A generated struct whose strings and binaries borrow from the bytes it is decoded from.
pub trait MessageRef<'a>: Write + Read<'a> {
    /// The type's full name in the schema.
    const NAME: &'static str;

    /// As [`Message::encode`].
    ///
    /// # Errors
    /// As [`Message::encode`].
    fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        encode(self, Self::NAME, out)
    }

    /// As [`Message::decode`].
    ///
    /// # Errors
    /// As [`Message::decode`].
    #[inline]
    fn decode(bytes: &'a [u8]) -> Result<Self> {
        decode(Self::NAME, bytes)
    }
}

#[inline]
fn encode(message: &impl Write, name: &str, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let written = message.write(out, 0).map_err(|error| error.in_type(name));
    settle(written, name, start, out)
}

/// Encodes an envelope: `outer` writes it with an empty binary at its end, `inner` appends what that holds.
#[inline]
pub fn encode_around(
    name: &str,
    out: &mut Vec<u8>,
    inner: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    outer: impl FnOnce(&mut Vec<u8>, usize) -> Result<()>,
) -> Result<()> {
    let start = out.len();
    let written = outer(out, 0).map_err(|error| error.in_type(name)).and_then(|()| {
        let length = Length::opened(out);
        inner(out)?;
        length.close(out);
        Ok(())
    });
    settle(written, name, start, out)
}

/// A message that cannot be written, or is too long, leaves nothing behind.
#[inline]
fn settle(written: Result<()>, name: &str, start: usize, out: &mut Vec<u8>) -> Result<()> {
    let len = out.len() - start;
    if written.is_ok() && u32::try_from(len).is_ok() {
        return Ok(());
    }
    out.truncate(start);
    written.and_then(|()| Err(Error::encode(Fault::TooLong(len)).in_type(name)))
}

#[inline(always)]
fn decode<'a, T: Read<'a>>(name: &str, bytes: &'a [u8]) -> Result<T> {
    let mut message = T::default();
    match message.read(bytes, 0) {
        Ok(()) => Ok(message),
        Err(error) => Err(error.in_type(name)),
    }
}
