//! Requests and responses over any transport: bytes in, bytes out, no I/O.
//!
//! A [`Host`] has the schema of what its peer may ask. [`Host::attach`] takes the schema of what it may ask the peer
//! itself, often another one, and gives an [`Attach`] that makes requests. What the peer sends goes through
//! [`Host::dispatch`]. A frame has no length of its own; skynet puts two bytes, big endian, before it.
//!
//! ```
//! use sproto::rpc::{Dispatch, Host};
//! use sproto::{Schema, value};
//!
//! let schema = Schema::parse(
//!     ".package { type 0 : integer  session 1 : integer }
//!      foobar 1 { request { what 0 : string }  response { ok 0 : boolean } }",
//! )?;
//! let (client, server) = (Host::new(&schema)?, Host::new(&schema)?);
//!
//! let request = client.attach(&schema).request("foobar", &value!({ what: "foo" }), Some(1))?;
//!
//! let Dispatch::Request(asked) = server.dispatch(&request)? else { panic!("no request") };
//! assert_eq!((asked.protocol.name(), asked.message["what"].as_str()), ("foobar", Some("foo")));
//! let response = asked.responder.unwrap().respond(&value!({ ok: true }))?;
//!
//! let Dispatch::Response(answer) = client.dispatch(&response)? else { panic!("no response") };
//! assert_eq!((answer.session, answer.message["ok"].as_bool()), (1, Some(true)));
//! # Ok::<(), sproto::Error>(())
//! ```

mod attach;
mod content;
mod dispatch;
mod host;
mod opened;
mod package;
mod responder;

pub use attach::Attach;
pub use content::Content;
pub use dispatch::{Dispatch, Request, Response};
pub use host::Host;
pub use opened::{Head, Opened};
pub use responder::Responder;
