//! Rust values to `Value`, so that `value["x"]` and builders read naturally.

use super::{Array, Map, Struct, Text, Value};

macro_rules! from {
    ($($from:ty => $value:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$value(value.into())
            }
        })*
    };
}

from! {
    i64 => Integer, i32 => Integer, i16 => Integer, i8 => Integer, u32 => Integer, u16 => Integer, u8 => Integer,
    f64 => Double, f32 => Double, bool => Boolean,
    &str => String, String => String, Text => String,
    &[u8] => Binary, Vec<u8> => Binary,
    Array => Array, Vec<Value> => Array, Struct => Struct, Map => Map,
}

/// `None` is an absent field.
impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Nil, Into::into)
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Binary(bytes.into())
    }
}
