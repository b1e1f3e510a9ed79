//! What can go wrong, in one enum; a variant says what, where, and what was expected.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::fault::Fault;
use crate::path::Path;

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text does not follow the grammar.
    #[error("{0}")]
    Syntax(Box<SyntaxError>),
    /// The text parses, but what it declares does not hold together.
    #[error("{0}")]
    Schema(Box<SchemaError>),
    /// A schema file or directory cannot be read.
    #[error("cannot read {}: {}", .0.path.display(), .0.source)]
    Read(#[source] Box<ReadError>),
    /// A binary schema bundle (`.spb`) is malformed.
    #[error("not a schema bundle: {0}")]
    Bundle(Box<String>),
    /// The schema has no type of this name.
    #[error("type `{0}` is not in the schema")]
    UnknownType(Box<String>),
    /// The schema has no protocol of this name or tag.
    #[error("protocol {0} not found")]
    UnknownProtocol(Box<String>),
    /// A response came without the session that it answers.
    #[error("session not found in the response")]
    NoSession,
    /// A response came for a session that nobody waits for: never asked, answered already, or cancelled.
    #[error("unknown session {0}")]
    UnknownSession(i64),
    /// A protocol with `response nil` was given something to answer.
    #[error("protocol `{0}` answers with nil, not with a message")]
    NilResponse(Box<String>),
    /// Bytes that are no message of the type; the path leads to the place.
    #[error("{0}")]
    Decode(Box<CodecError>),
    /// A value that does not fit the type; the path leads to the place.
    #[error("{0}")]
    Encode(Box<CodecError>),
    /// The schema cannot be turned into Rust.
    #[cfg(feature = "build")]
    #[error("{0}")]
    Generate(Box<String>),
    /// A file cannot be written.
    #[cfg(feature = "build")]
    #[error("cannot write {}: {}", .0.path.display(), .0.source)]
    Write(#[source] Box<ReadError>),
    /// A packed stream ends in the middle of a word.
    #[error("invalid unpack stream: it ends in the middle of the word at offset {at}")]
    Unpack {
        /// Where the word begins.
        at: usize,
    },
    /// A packed stream unpacks to more than the caller allows.
    #[error("unpacks to more than the limit of {limit} bytes")]
    UnpackLimit {
        /// The caller's limit in bytes.
        limit: usize,
    },
}

/// A place in schema text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller named it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The first place where the text leaves the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The file and line.
    pub place: Place,
    /// The column in bytes, from 1.
    pub column: u32,
    /// What the grammar wants there.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, column, expected, found } = self;
        write!(f, "{place}:{column}: syntax error: expected {expected}, found {found}")
    }
}

/// A declaration that contradicts another, or refers to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// Where the faulty declaration stands.
    pub place: Place,
    /// What is wrong, in the reference's words where it has some.
    pub message: String,
    /// Where the other one of two stands.
    pub first: Option<Place>,
    /// What would be right.
    pub help: Option<&'static str>,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        if let Some(first) = &self.first {
            write!(f, " (first defined at {first})")?;
        }
        self.help.map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", .path.display())]
pub struct ReadError {
    /// The file or directory.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// A message that cannot be encoded or decoded: where, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct CodecError {
    /// The way from the root type to the place.
    pub path: Path,
    /// What is wrong there.
    pub fault: Fault,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return self.fault.fmt(f);
        }
        write!(f, "{}: {}", self.path, self.fault)
    }
}

/// A fault found while decoding.
impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::decode(fault)
    }
}

/// A fault found while reading.
impl From<Box<Fault>> for Error {
    fn from(fault: Box<Fault>) -> Self {
        Self::decode(*fault)
    }
}

impl Error {
    /// A decoding error at a place that callers further out complete with [`Error::in_field`] and its like.
    #[cold]
    pub fn decode(fault: Fault) -> Self {
        Self::Decode(Box::new(CodecError { path: Path::default(), fault }))
    }

    /// An encoding error, placed like [`Error::decode`].
    #[cold]
    pub fn encode(fault: Fault) -> Self {
        Self::Encode(Box::new(CodecError { path: Path::default(), fault }))
    }

    /// The same error, seen from outside the field `name`.
    #[cold]
    #[must_use]
    pub fn in_field(self, name: &str) -> Self {
        self.map_path(|path| path.enter_field(name))
    }

    /// The same error, seen from outside the element `index` of an array or map.
    #[cold]
    #[must_use]
    pub fn in_element(self, index: usize) -> Self {
        self.map_path(|path| path.enter_element(index))
    }

    /// The same error, seen from outside the message: `name` is the root type.
    #[cold]
    #[must_use]
    pub fn in_type(self, name: &str) -> Self {
        self.in_field(name)
    }

    fn map_path(mut self, enter: impl FnOnce(&mut Path)) -> Self {
        if let Self::Decode(at) | Self::Encode(at) = &mut self {
            enter(&mut at.path);
        }
        self
    }
}

#[cfg(feature = "serde")]
impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(told: T) -> Self {
        Self::encode(Fault::Custom(told.to_string().into()))
    }
}

#[cfg(feature = "serde")]
impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(told: T) -> Self {
        Self::decode(Fault::Custom(told.to_string().into()))
    }
}
