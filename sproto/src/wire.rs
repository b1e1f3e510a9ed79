//! The wire format's primitives. Dynamic values, Lua tables, serde and generated structs all go through these, so that
//! every rule about bytes stands once.

mod integers;
mod lengths;
mod read;
mod room;
mod slot;
mod write;

use ascii::AsciiStr;

use crate::fault::Fault;
pub use integers::IntegerWriter;
pub use lengths::{Length, put_bytes};
pub use read::{Booleans, Doubles, Elements, Fields, Integers};
pub(crate) use room::Room;
pub use slot::Slot;
pub use write::StructWriter;

/// Structs nest this deep at most: the root is level 0, fields are visited at levels 0 to 63.
pub const DEPTH_LIMIT: usize = 64;

/// The largest value that a slot holds inline, and the largest tag.
pub const INLINE_MAX: i64 = 32766;

/// What reading gives. The fault is boxed so that what is read travels in registers.
pub type Result<T> = std::result::Result<T, Box<Fault>>;

#[cold]
fn fail(fault: Fault) -> Box<Fault> {
    Box::new(fault)
}

#[inline]
pub(crate) fn u16_at(bytes: &[u8]) -> Option<(u16, &[u8])> {
    bytes.split_first_chunk().map(|(word, rest)| (u16::from_le_bytes(*word), rest))
}

#[inline]
pub(crate) fn u32_at(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk().map(|(word, rest)| (u32::from_le_bytes(*word), rest))
}

/// Text, if it is UTF-8. Most of it is short and ASCII: that is told in a third of the time, and without a call.
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    AsciiStr::from_ascii(bytes).map_or_else(|_| std::str::from_utf8(bytes).ok(), |text| Some(text.as_str()))
}

/// A decimal as the integer that travels: rounded half away from zero; what does not fit becomes `i64::MIN`, as
/// the reference's cast does on x86-64.
pub fn decimal_to_integer(value: f64, scale: i32) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let scaled = (value * f64::from(scale)).round();
    if (-LIMIT..LIMIT).contains(&scaled) { scaled as i64 } else { i64::MIN }
}

/// The number that a decimal's integer stands for.
pub fn integer_to_decimal(value: i64, scale: i32) -> f64 {
    value as f64 / f64::from(scale)
}

/// Whether two field names are the same. They are short: words are compared before a call to `memcmp` has begun.
#[inline]
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..4 => a.iter().zip(b).all(|(a, b)| a == b),
        4..8 => ends::<4>(a) == ends::<4>(b),
        8..=16 => ends::<8>(a) == ends::<8>(b),
        _ => a == b,
    }
}

/// The first and the last `N` bytes; they may overlap.
#[inline]
fn ends<const N: usize>(bytes: &[u8]) -> (Option<&[u8; N]>, Option<&[u8; N]>) {
    (bytes.first_chunk(), bytes.last_chunk())
}
