//! What deserializing gives while it goes on. The error is one pointer, so that most results travel in registers; the root makes
//! the crate's own error of it.

use std::fmt;

use crate::error::{CodecError, Error};
use crate::fault::Fault;
use crate::path::Path;

pub(super) type Result<T> = std::result::Result<T, Fail>;

/// A fault and the way to it.
#[derive(Debug)]
pub(super) struct Fail(Box<CodecError>);

impl Fail {
    #[cold]
    pub(super) fn new(fault: Fault) -> Self {
        Self(Box::new(CodecError { path: Path::default(), fault }))
    }

    /// The same, seen from outside the field `name`.
    #[cold]
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.0.path.enter_field(name);
        self
    }

    /// The same, seen from outside the element `index`.
    #[cold]
    pub(super) fn in_element(mut self, index: usize) -> Self {
        self.0.path.enter_element(index);
        self
    }

    /// The error that the caller gets.
    #[cold]
    pub(super) fn in_type(self, name: &str) -> Error {
        Error::Decode(self.in_field(name).0)
    }
}

/// A fault found while reading.
impl From<Box<Fault>> for Fail {
    #[cold]
    fn from(fault: Box<Fault>) -> Self {
        Self::new(*fault)
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fail {}

impl serde::de::Error for Fail {
    #[cold]
    fn custom<T: fmt::Display>(told: T) -> Self {
        Self::new(Fault::Custom(told.to_string().into()))
    }
}
