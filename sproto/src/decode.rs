//! Decoding: walks the bytes by a type of the schema and pushes each value into a [`Sink`], be it a `Value`, a Lua table or anything else.

mod decoder;

use crate::error::Result;
use crate::schema::{Field, Type, TypeRef};
use crate::value::{Value, ValueSink};
use crate::wire::{Booleans, Slot};
use decoder::{Decoder, Watch};

/// What the decoder makes values with.
///
/// Room that is asked for never exceeds what the message can fill. Errors are best made with [`Error::decode`](crate::Error::decode); the
/// decoder adds the path.
#[expect(clippy::missing_errors_doc, reason = "any method may refuse, for the sink's own reasons")]
pub trait Sink {
    /// Any value.
    type Value;
    /// A struct that is being made.
    type Struct;
    /// An array that is being made.
    type Array;
    /// A map that is being made.
    type Map;

    /// An integer.
    fn integer(&mut self, value: i64) -> Result<Self::Value>;
    /// A double or decimal.
    fn number(&mut self, value: f64) -> Result<Self::Value>;
    /// A boolean.
    fn boolean(&mut self, value: bool) -> Result<Self::Value>;
    /// A string. The wire does not promise UTF-8.
    fn string(&mut self, bytes: &[u8]) -> Result<Self::Value>;
    /// A binary.
    fn binary(&mut self, bytes: &[u8]) -> Result<Self::Value>;

    /// A struct begins; it will have `room` fields at most.
    fn begin_struct(&mut self, ty: TypeRef<'_>, room: usize) -> Result<Self::Struct>;
    /// A field of the struct, in tag order.
    fn field(&mut self, to: &mut Self::Struct, field: &Field, value: Self::Value) -> Result<()>;
    /// The struct is complete.
    fn end_struct(&mut self, done: Self::Struct) -> Result<Self::Value>;

    /// An array of exactly `len` elements begins.
    fn begin_array(&mut self, field: &Field, len: usize) -> Result<Self::Array>;
    /// The next element.
    fn element(&mut self, to: &mut Self::Array, value: Self::Value) -> Result<()>;
    /// The array is complete.
    fn end_array(&mut self, done: Self::Array) -> Result<Self::Value>;

    /// A map of `len` entries begins; entries with the same key may come, the last one is meant.
    fn begin_map(&mut self, field: &Field, len: usize) -> Result<Self::Map>;
    /// The next entry. In a `*T(key)` the value is the whole struct, its key field included.
    fn entry(&mut self, to: &mut Self::Map, key: Self::Value, value: Self::Value) -> Result<()>;
    /// The map is complete.
    fn end_map(&mut self, done: Self::Map) -> Result<Self::Value>;

    /// Takes an array or map of structs undecoded, to decode it later with [`List::decode`]. `None`, which is the default,
    /// has it decoded now.
    fn keep(&mut self, list: List<'_>) -> Result<Option<Self::Value>> {
        let _ = list;
        Ok(None)
    }

    /// A whole array of booleans, for sinks that hold them tighter than element by element.
    fn booleans(&mut self, field: &Field, booleans: Booleans<'_>) -> Result<Self::Value> {
        let mut array = self.begin_array(field, booleans.len())?;
        for boolean in booleans {
            let value = self.boolean(boolean)?;
            self.element(&mut array, value)?;
        }
        self.end_array(array)
    }
}

/// An array or map of structs that is not decoded yet.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    pub(crate) ty: TypeRef<'a>,
    pub(crate) field: &'a Field,
    pub(crate) bytes: &'a [u8],
    pub(crate) depth: usize,
}

impl List<'_> {
    /// Decodes it. Lists inside are offered to the sink again.
    ///
    /// # Errors
    /// Elements that are not of the type, and whatever the sink says.
    pub fn decode<S: Sink>(self, sink: &mut S) -> Result<S::Value> {
        Decoder { sink }.list(self.ty, self.field, Slot::Data(self.bytes), self.depth)
    }
}

impl Type {
    /// Decodes a message. Bytes after it are ignored, as the padding of a packed message must be.
    ///
    /// # Errors
    /// Bytes that are no message of this type.
    ///
    /// ```
    /// let schema = sproto::Schema::parse(".Person { name 0 : string  age 1 : integer }")?;
    /// let person = schema.require_type("Person")?;
    /// let bob = person.decode(b"\x02\0\0\0\x52\0\x03\0\0\0Bob")?;
    /// assert_eq!(bob["name"].as_str(), Some("Bob"));
    /// assert_eq!(bob["age"].as_i64(), Some(40));
    ///
    /// let error = person.decode(b"\x01\0\0\0\xff\0\0\0Bob").unwrap_err();
    /// assert_eq!(error.to_string(), "Person: a length of 255 bytes is announced, 3 are left");
    /// # Ok::<(), sproto::Error>(())
    /// ```
    pub fn decode(&self, bytes: &[u8]) -> Result<Value> {
        self.decode_prefix(bytes).map(|(value, _)| value)
    }

    /// Decodes a message and says how many bytes it took.
    ///
    /// # Errors
    /// As [`Type::decode`].
    pub fn decode_prefix(&self, bytes: &[u8]) -> Result<(Value, usize)> {
        self.decode_into(&mut ValueSink::new(self.schema()), bytes)
    }

    /// Decodes a message into `sink` and says how many bytes it took.
    ///
    /// # Errors
    /// As [`Type::decode`], and whatever the sink says.
    pub fn decode_into<S: Sink>(&self, sink: &mut S, bytes: &[u8]) -> Result<(S::Value, usize)> {
        let mut watch = Watch::default();
        let decoded = Decoder { sink }.structure(self.as_ref(), bytes, 0, &mut watch);
        let value = decoded.map_err(|error| error.in_type(self.name()))?;
        Ok((value, bytes.len() - watch.left))
    }
}
