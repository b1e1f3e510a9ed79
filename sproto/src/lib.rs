//! cloudwu's sproto: schema text in, messages to bytes and back out. The README says it all, and its example runs as a test.
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

#[cfg(feature = "build")]
pub mod build;
mod bundle;
#[cfg(feature = "serde")]
mod de;
pub mod decode;
pub mod encode;
mod error;
mod fault;
#[doc(hidden)]
pub mod glue;
mod list;
mod message;
mod pack;
mod path;
pub mod rpc;
mod schema;
mod scratch;
#[cfg(feature = "serde")]
mod ser;
mod syntax;
mod value;
pub mod wire;

#[cfg(feature = "serde")]
pub use de::from_bytes;
pub use error::{CodecError, Error, Place, ReadError, Result, SchemaError, SyntaxError};
pub use fault::Fault;
pub use list::{List, ListIter};
pub use message::{Message, MessageRef};
pub use pack::{pack, unpack};
pub use path::Path;
pub use schema::{Field, Kind, Protocol, Schema, Shape, Type, TypeRef};
#[cfg(feature = "serde")]
pub use ser::{append_bytes, to_bytes};
pub use value::{Array, Map, Struct, Text, Value};
