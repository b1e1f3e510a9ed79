//! The 32-bit length words before data: written as zero, patched when the data is there.

/// A length word that waits for its data.
#[derive(Debug)]
#[must_use = "the length is written by `close`"]
pub struct Length(usize);

impl Length {
    /// The last four bytes of `out` are such a word.
    #[inline]
    pub(crate) fn opened(out: &[u8]) -> Self {
        Self(out.len())
    }

    /// Leaves room for the word at the end of `out`.
    #[inline]
    pub fn open(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&[0; 4]);
        Self(out.len())
    }

    /// Writes the length of all that came since. Lengths of 4 GiB wrap; the root checks the total once instead.
    #[inline]
    pub fn close(self, out: &mut [u8]) {
        let len = (out.len() - self.0) as u32;
        if let Some(word) = out.get_mut(self.0 - 4..self.0) {
            word.copy_from_slice(&len.to_le_bytes());
        }
    }
}

/// Appends a length word and the bytes.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
