//! What generated code calls. Not meant for hands; it may change together with the generator.

mod read;
mod write;

pub use read::{
    Read, at, binary, booleans, decimals, doubles, entry, integers, keyed, list, lists, map, nested,
    only_unknown, string,
};
pub use write::{
    Slots, Write, put_booleans, put_bytes, put_decimals, put_double, put_doubles, put_each, put_integer,
    put_integers, put_list, put_map, put_nested, put_structs, too_deep, within,
};

pub use crate::error::{Error, Result};
pub use crate::list::ListField;
pub use crate::message::encode_around;
pub use crate::wire::{DEPTH_LIMIT, Fields, Slot, decimal_to_integer};
