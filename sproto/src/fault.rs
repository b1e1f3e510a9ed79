//! What can be wrong with one value of a message, on the wire or on its way there.

/// Why a value cannot be decoded or encoded. Where it stands is told by the error's path.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes end inside a struct's header.
    #[error("the header needs {need} bytes, {have} are left")]
    Header {
        /// Bytes that the slot count asks for.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
    /// A length word, or what it announces, lies beyond the end.
    #[error("a length of {need} bytes is announced, {have} are left")]
    Length {
        /// Bytes announced.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
    /// A nested struct ends before its bytes do.
    #[error("{0} bytes too many after the struct")]
    Trailing(usize),
    /// An inline value where the type is stored as data.
    #[error("an inline value where {0} is expected")]
    Inline(&'static str),
    /// Data where the type is stored inline.
    #[error("data where {0} is expected")]
    Data(&'static str),
    /// A number of a size that it cannot have.
    #[error("{kind} of {len} bytes, it takes {takes}")]
    Size {
        /// The kind of number.
        kind: &'static str,
        /// The sizes it can have.
        takes: &'static str,
        /// The size found.
        len: usize,
    },
    /// An array whose elements are neither 4 nor 8 bytes wide.
    #[error("array elements of {0} bytes, they take 4 or 8")]
    Width(u8),
    /// An array that ends inside an element.
    #[error("{len} bytes of array elements do not divide by {width}")]
    Ragged {
        /// Bytes of elements.
        len: usize,
        /// Bytes of one.
        width: usize,
    },
    /// A string that is no UTF-8 where one must be.
    #[error("invalid utf-8")]
    Utf8,
    /// More levels of structs than the reference goes.
    #[error("nested deeper than 64 levels")]
    TooDeep,
    /// A message of 4 GiB or more, whose lengths do not fit.
    #[error("a message of {0} bytes is too long, lengths have 32 bits")]
    TooLong(usize),
    /// An element of a keyed map without its key field.
    #[error("the key field `{0}` is missing")]
    NoKey(Box<str>),
    /// An entry of a map without its value field.
    #[error("the value field `{0}` is missing")]
    NoValue(Box<str>),
    /// A value of another kind than the field's.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// What the schema says.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// Whatever the caller's own source, sink or `serde` type says.
    #[error("{0}")]
    Custom(Box<str>),
}
