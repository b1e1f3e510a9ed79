//! A buffer per thread for bytes on their way into a packed frame, so that no message allocates one.

use std::cell::Cell;

/// What is kept between two uses; a single large message must not hold its memory for ever.
const KEPT: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Runs `work` with an empty buffer. Nested calls get buffers of their own.
pub(crate) fn with<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut buffer = BUFFER.take();
    buffer.clear();
    let done = work(&mut buffer);
    if buffer.capacity() <= KEPT {
        BUFFER.set(buffer);
    }
    done
}
