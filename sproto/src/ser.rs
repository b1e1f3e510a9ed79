//! Any `serde::Serialize` to bytes, by a type of the schema.

mod element;
mod key;
mod map;
mod structure;
mod value;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::Type;
use structure::StructRoot;

/// Encodes a message.
///
/// Fields go by their names (`#[serde(rename = "...")]` where Rust's differs); those that the schema does not know are left out,
/// and so are `None` and `()`. Fields in the order of their tags encode fastest. A `*T(key)` is a sequence or a map of structs,
/// a `*T()` a map or a sequence of structs of two fields; an enum of plain variants is a string or an integer.
///
/// # Errors
/// A value that does not fit its field, or more than 64 levels.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct Person<'a> {
///     name: &'a str,
///     age: Option<u8>,
/// }
///
/// let schema = sproto::Schema::parse(".Person { name 0 : string  age 1 : integer }")?;
/// let ty = schema.require_type("Person")?;
/// let bytes = sproto::to_bytes(&ty, &Person { name: "Bob", age: Some(40) })?;
/// assert_eq!(bytes, b"\x02\0\0\0\x52\0\x03\0\0\0Bob");
/// assert_eq!(sproto::from_bytes::<Person>(&ty, &bytes)?, Person { name: "Bob", age: Some(40) });
/// # Ok::<(), sproto::Error>(())
/// ```
pub fn to_bytes<T: Serialize + ?Sized>(ty: &Type, value: &T) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    append_bytes(ty, value, &mut out)?;
    Ok(out)
}

/// As [`to_bytes`], appending to a buffer of the caller's.
///
/// # Errors
/// As [`to_bytes`]; `out` is then as it was.
pub fn append_bytes<T: Serialize + ?Sized>(ty: &Type, value: &T, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let written = value.serialize(StructRoot { ty: ty.as_ref(), out, depth: 0 });
    let len = out.len() - start;
    let checked = match written {
        Ok(()) if u32::try_from(len).is_err() => Err(Error::encode(Fault::TooLong(len))),
        written => written,
    };
    if checked.is_err() {
        out.truncate(start);
    }
    checked.map_err(|error| error.in_type(ty.name()))
}

/// The methods of a serializer that takes none of these values.
macro_rules! refuse {
    ($expected:expr; $($method:ident: $type:ty, $found:expr;)*) => {
        $(fn $method(self, _: $type) -> Result<Self::Ok> {
            Err($crate::ser::mismatch($expected(&self), $found))
        })*
    };
}
pub(crate) use refuse;

#[cold]
pub(crate) fn mismatch(expected: &'static str, found: &'static str) -> Error {
    Error::encode(Fault::Mismatch { expected, found })
}
