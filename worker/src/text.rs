//! The stream below a WebSocket whose peer writes any bytes into text frames, as skynet's library does unless told otherwise: such
//! frames come up as binary ones.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a frame begins with, but for its flags.
const OPCODE: u8 = 0x0f;
const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// The end of the answer to a handshake.
const END: &[u8] = b"\r\n\r\n";

/// A stream whose text frames are read as binary ones.
pub(crate) struct TextFrames<S> {
    stream: S,
    next: Next,
}

/// What the next byte from the server is. A server's frames are not masked; one that is ends the connection above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A part of its answer to the handshake, of whose end so much has come.
    Answer(usize),
    Opcode,
    Length,
    /// One of these many bytes of a length, and what those before say.
    LongLength(u8, u64),
    /// The first of these many bytes of a payload.
    Payload(u64),
}

impl<S> TextFrames<S> {
    /// A stream on which no handshake was begun.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, next: Next::Answer(0) }
    }
}

impl Next {
    /// Goes over bytes that have come.
    fn pass(&mut self, mut bytes: &mut [u8]) {
        while let Some((first, rest)) = bytes.split_first_mut() {
            let mut skipped = 0;
            *self = match *self {
                Self::Answer(came) => Self::answer(came, *first),
                Self::Opcode => {
                    if *first & OPCODE == TEXT {
                        *first = *first & !OPCODE | BINARY;
                    }
                    Self::Length
                }
                Self::Length => match *first & 0x7f {
                    126 => Self::LongLength(2, 0),
                    127 => Self::LongLength(8, 0),
                    length => Self::payload(length.into()),
                },
                Self::LongLength(1, length) => Self::payload(length << 8 | u64::from(*first)),
                Self::LongLength(left, length) => Self::LongLength(left - 1, length << 8 | u64::from(*first)),
                Self::Payload(left) => {
                    skipped = rest.len().min(usize::try_from(left - 1).unwrap_or(usize::MAX));
                    Self::payload(left - 1 - skipped as u64)
                }
            };
            bytes = &mut rest[skipped..];
        }
    }

    fn answer(came: usize, byte: u8) -> Self {
        let came = if byte == END[came] { came + 1 } else { usize::from(byte == END[0]) };
        if came == END.len() { Self::Opcode } else { Self::Answer(came) }
    }

    fn payload(left: u64) -> Self {
        if left == 0 { Self::Opcode } else { Self::Payload(left) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TextFrames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.next.pass(&mut buf.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TextFrames<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a server writes it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let length = match payload.len() {
            short @ ..126 => vec![short as u8],
            middle @ ..0x10000 => [&[126][..], &(middle as u16).to_be_bytes()].concat(),
            long => [&[127][..], &(long as u64).to_be_bytes()].concat(),
        };
        [&[first][..], &length, payload].concat()
    }

    #[test]
    fn text_frames_become_binary_ones_however_the_bytes_are_cut() {
        // 0x81 everywhere, so that a place that is taken for another shows.
        let payload = vec![0x81; 0x10000];
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nx: \r\r\n\r\n".to_vec();
        let stream = |whole: u8, first: u8| {
            let frames = [0, 1, 125, 126, 0xffff, 0x10000].map(|length| frame(whole, &payload[..length]));
            let pieces = [frame(first, &payload[..3]), frame(0x89, &[]), frame(0x80, &payload[..3])];
            let untouched = [frame(0x82, &[0x81]), frame(0x88, &[3, 0xe8])];
            [answer.clone(), frames.concat(), pieces.concat(), untouched.concat()].concat()
        };
        let (came, wanted) = (stream(0x81, 0x01), stream(0x82, 0x02));
        for size in [1, 2, 3, 7, 2048, came.len()] {
            let (mut next, mut bytes) = (Next::Answer(0), came.clone());
            bytes.chunks_mut(size).for_each(|piece| next.pass(piece));
            assert!(bytes == wanted, "in pieces of {size}");
            assert_eq!(next, Next::Opcode);
        }
    }
}
