//! What generated code calls. Not meant for hands; it may change together with the generator.

mod read;
mod write;

pub use read::{
    Read, at, binaries, binaries_ref, binary, booleans, decimals, doubles, integers, keyed, map, nested,
    pair, string, strings, strings_ref, structs,
};
pub use write::{
    Slots, TooDeep, Write, put_booleans, put_bytes, put_decimals, put_double, put_doubles, put_integer,
    put_integers, put_list, put_map, put_nested, put_structs,
};

pub use crate::error::{Error, Result};
pub use crate::fault::Fault;
pub use crate::wire::{DEPTH_LIMIT, Fields, Slot, decimal_to_integer};
