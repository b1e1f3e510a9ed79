//! The journal as bytes: a heading, then frames of length, checksum and record. What a crash left half written at the end
//! is cut off; what is no journal, or damaged before its end, is named and not touched.

use std::io::{self, Read};

use super::{Record, Store};

/// What every journal begins with; the digit is the form of the records.
const HEADING: &[u8; 16] = b"horde journal 1\n";

/// The most bytes of one record: a report of the largest size, and what is around it.
const LARGEST: u32 = 64 << 20;

/// The most bytes of a journal. A fleet of 4 workers with 50 series writes so much in days, one of 1,000 in some minutes.
pub const MOST_BYTES: u64 = 4 << 30;

/// Length and checksum before each record.
const FRAME: usize = 8;

/// Appends records to a store.
pub struct Journal {
    store: Box<dyn Store>,
    buffer: Vec<u8>,
    length: u64,
}

impl Journal {
    /// A journal that goes on in a store that has so many bytes; an empty store gets its heading first.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn new(mut store: Box<dyn Store>, length: u64) -> io::Result<Self> {
        if length == 0 {
            store.append(HEADING)?;
        }
        Ok(Self { store, buffer: Vec::new(), length: length.max(HEADING.len() as u64) })
    }

    /// Begins anew, without any record.
    ///
    /// # Errors
    /// When the store can't forget, or can't be written.
    pub fn renew(&mut self) -> io::Result<()> {
        self.store.clear()?;
        self.length = HEADING.len() as u64;
        self.store.append(HEADING)
    }

    /// Ends it. What it has is forgotten, if that can be: from an old state nobody should go on.
    ///
    /// # Errors
    /// When the store can't forget.
    pub fn abandon(mut self) -> io::Result<()> {
        self.store.clear()
    }

    /// Appends records; they are there when this returns.
    ///
    /// # Errors
    /// When they can't be written, or there would be more than [`MOST_BYTES`]. What was written before stays readable.
    pub fn append<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) -> io::Result<()> {
        self.buffer.clear();
        for record in records {
            frame(record, &mut self.buffer)?;
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.length += self.buffer.len() as u64;
        if self.length > MOST_BYTES {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "it has reached its 4 GiB"));
        }
        self.store.append(&self.buffer)
    }
}

fn frame(record: &Record, out: &mut Vec<u8>) -> io::Result<()> {
    let begin = out.len();
    out.extend_from_slice(&[0; FRAME]);
    postcard::to_io(record, &mut *out).map_err(io::Error::other)?;
    let body = &out[begin + FRAME..];
    let (length, sum) = (u32::try_from(body.len()).map_err(io::Error::other)?, crc32fast::hash(body));
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
    out[begin + 4..begin + FRAME].copy_from_slice(&sum.to_le_bytes());
    Ok(())
}

/// Why a journal can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is something else.
    #[error("it is no journal of this release")]
    Foreign,
    /// Something in it is not what was written.
    #[error("it is damaged at byte {0}")]
    Damaged(u64),
    /// The system does not give it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads records one by one.
#[derive(Debug)]
pub struct Records<R> {
    source: R,
    /// How far what was read is whole.
    whole: u64,
    body: Vec<u8>,
}

impl<R: Read> Records<R> {
    /// Reads the heading. None where there is nothing at all.
    ///
    /// # Errors
    /// When it is no journal.
    pub fn new(mut source: R) -> Result<Option<Self>, Unreadable> {
        let mut heading = [0; HEADING.len()];
        match fill(&mut source, &mut heading)? {
            0 => Ok(None),
            n if n == HEADING.len() && heading == *HEADING => {
                Ok(Some(Self { source, whole: n as u64, body: Vec::new() }))
            }
            // A crash in the very first write.
            n if HEADING.starts_with(&heading[..n]) => Ok(None),
            _ => Err(Unreadable::Foreign),
        }
    }

    /// Up to which byte it is whole; what follows after the last record was torn.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// The next record; none at the end, be it torn or not.
    fn read(&mut self) -> Result<Option<Record>, Unreadable> {
        let mut head = [0; FRAME];
        if fill(&mut self.source, &mut head)? < FRAME {
            return Ok(None);
        }
        let [a, b, c, d, e, f, g, h] = head;
        let (length, sum) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        // Some file systems leave zeros where a write was cut off.
        if length == 0 {
            return if self.rest_is_zero()? { Ok(None) } else { Err(self.damaged()) };
        }
        if length > LARGEST {
            return Err(self.damaged());
        }
        self.body.clear();
        let taken = (&mut self.source).take(u64::from(length)).read_to_end(&mut self.body)?;
        if taken < length as usize {
            return Ok(None);
        }
        if crc32fast::hash(&self.body) != sum {
            let mut more = [0; 1];
            let at_end = fill(&mut self.source, &mut more)? == 0;
            return if at_end { Ok(None) } else { Err(self.damaged()) };
        }
        let record = postcard::from_bytes(&self.body).map_err(|_| self.damaged())?;
        self.whole += FRAME as u64 + u64::from(length);
        Ok(Some(record))
    }

    fn damaged(&self) -> Unreadable {
        Unreadable::Damaged(self.whole)
    }

    fn rest_is_zero(&mut self) -> io::Result<bool> {
        let mut some = [0; 4096];
        loop {
            match fill(&mut self.source, &mut some)? {
                0 => return Ok(true),
                n if some[..n].iter().any(|byte| *byte != 0) => return Ok(false),
                _ => {}
            }
        }
    }
}

/// Each record, or why there is none: what is there is damaged, and not only cut off.
impl<R: Read> Iterator for Records<R> {
    type Item = Result<Record, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Reads as much as there is and fits.
fn fill(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match source.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
