//! How many slots the headers of a type take, learnt from those that were written.

use std::sync::atomic::{AtomicU16, Ordering};

use super::StructWriter;

/// The most slots that a struct of some type has had. Most structs of a type have the same fields, so their headers get their
/// size right at once. It only grows: threads that share a schema do not write to it for long.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicU16);

impl Room {
    /// Begins a struct at the end of `out`.
    #[inline(always)]
    pub(crate) fn root(&self, out: &mut Vec<u8>) -> StructWriter {
        StructWriter::new(out, self.0.load(Ordering::Relaxed).into())
    }

    /// Begins a struct that stands behind its length.
    #[inline(always)]
    pub(crate) fn nested(&self, out: &mut Vec<u8>) -> StructWriter {
        StructWriter::nested(out, self.0.load(Ordering::Relaxed).into())
    }

    /// Ends a struct.
    #[inline(always)]
    pub(crate) fn finish(&self, header: &StructWriter, out: &mut Vec<u8>) {
        if header.slots() > self.0.load(Ordering::Relaxed) {
            self.0.fetch_max(header.slots(), Ordering::Relaxed);
        }
        header.close(out);
    }
}
