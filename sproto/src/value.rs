//! A message as a value that knows its own kind, for tools, tests and code that meets its schema at run time.

mod array;
mod convert;
mod defaults;
mod lazy;
mod macros;
mod map;
mod no_sink;
mod sink;
mod source;
mod structure;
mod text;

use std::ops::Index;

pub use array::Array;
pub use map::Map;
pub use structure::Struct;
pub use text::Text;

pub(crate) use sink::ValueSink;
pub(crate) use source::ValueSource;
pub(crate) use structure::Names;

/// Any value that a message can hold, and a message itself.
///
/// Build one with [`value!`](crate::value!) or `From`; read it by indexing. A field that is absent reads as [`Value::Nil`].
///
/// ```
/// use sproto::value;
///
/// let person = value!({ name: "Alice", id: 10000, phone: [{ number: "123456789", type: 1 }] });
/// assert_eq!(person["name"].as_str(), Some("Alice"));
/// assert_eq!(person["phone"][0]["type"].as_i64(), Some(1));
/// assert!(person["email"].is_nil());
/// ```
// A tag of one byte would put `Boolean` at offset 1, and values would be copied by unaligned halves that stall each other.
#[repr(u64)]
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing: an absent field.
    #[default]
    Nil,
    /// `integer`
    Integer(i64),
    /// `double`, and `integer(n)`
    Double(f64),
    /// `boolean`
    Boolean(bool),
    /// `string`
    String(Text),
    /// `binary`, and a `string` that is no UTF-8
    Binary(Vec<u8>),
    /// `*T`
    Array(Array),
    /// A struct type
    Struct(Struct),
    /// `*T(key)` and `*T()`
    Map(Map),
}

static NIL: Value = Value::Nil;

impl Value {
    /// Nothing is there.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The integer, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is a double or an integer.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Double(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Boolean(value) = self { Some(*value) } else { None }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(value) = self { Some(value) } else { None }
    }

    /// The bytes of a binary or a string.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Binary(bytes) => Some(bytes),
            Self::String(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn as_array(&self) -> Option<&Array> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    /// The struct, if it is one.
    pub fn as_struct(&self) -> Option<&Struct> {
        if let Self::Struct(fields) = self { Some(fields) } else { None }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    /// The field `name` of a struct, if it is there.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_struct().and_then(|fields| fields.get(name))
    }

    /// The kind, as errors call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Integer(_) => "an integer",
            Self::Double(_) => "a double",
            Self::Boolean(_) => "a boolean",
            Self::String(_) => "a string",
            Self::Binary(_) => "a binary",
            Self::Array(_) => "an array",
            Self::Struct(_) => "a struct",
            Self::Map(_) => "a map",
        }
    }
}

/// A field of a struct; nil if it is absent or this is no struct.
impl Index<&str> for Value {
    type Output = Self;

    fn index(&self, name: &str) -> &Self {
        self.get(name).unwrap_or(&NIL)
    }
}

/// An element of an array; nil beyond its end or if this is no array.
impl Index<usize> for Value {
    type Output = Self;

    fn index(&self, index: usize) -> &Self {
        self.as_array().and_then(|array| array.get(index)).unwrap_or(&NIL)
    }
}
