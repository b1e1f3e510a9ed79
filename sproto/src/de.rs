//! Bytes to any `serde::Deserialize`, by a type of the schema.

mod element;
mod fail;
mod map;
mod structure;
mod value;

use serde::Deserialize;

use crate::error::Result;
use crate::schema::Type;
use structure::StructDeserializer;

/// Decodes a message. Strings and binaries borrow from `bytes` where `T` does.
///
/// Fields go by their names; those that `T` does not have are skipped. See [`to_bytes`](crate::to_bytes) for what fits what; bytes after
/// the message are ignored, as the padding of a packed message must be.
///
/// # Errors
/// Bytes that are no message of this type, or that `T` does not take.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Person<'a> {
///     name: &'a str,
/// }
///
/// let schema = sproto::Schema::parse(".Person { name 0 : string  age 1 : integer }")?;
/// let ty = schema.require_type("Person")?;
/// let bytes = b"\x02\0\0\0\x52\0\x03\0\0\0Bob";
/// assert_eq!(sproto::from_bytes::<Person>(&ty, bytes)?.name, "Bob");
///
/// let error = sproto::from_bytes::<Person>(&ty, b"\x01\0\x02\0").err().unwrap();
/// assert_eq!(error.to_string(), "Person.name: an inline value where a string is expected");
/// # Ok::<(), sproto::Error>(())
/// ```
pub fn from_bytes<'de, T: Deserialize<'de>>(ty: &Type, bytes: &'de [u8]) -> Result<T> {
    let target = StructDeserializer { ty: ty.as_ref(), bytes, depth: 0 };
    T::deserialize(target).map_err(|fail| fail.in_type(ty.name()))
}
