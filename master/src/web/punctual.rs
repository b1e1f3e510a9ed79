//! A connection whose peer reads what it is sent, or is cut off: an answer must not wait for ever for somebody who reads none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a peer may read nothing of what waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection with patience.
pub(super) struct Punctual<IO> {
    io: IO,
    /// Runs while the peer does not read.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<IO> Punctual<IO> {
    pub(super) fn new(io: IO) -> Self {
        Self { io, patience: None }
    }

    fn in_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.patience = None;
            return written;
        }
        ready!(self.patience.get_or_insert_with(|| Box::pin(sleep(PATIENCE))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Punctual<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Punctual<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.in_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.in_time(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.io).poll_shutdown(cx);
        self.in_time(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_nothing_is_cut_off_and_one_that_reads_slowly_is_not() {
        let (mut near, far) = duplex(16);
        let mut far = Punctual::new(far);
        let reading = tokio::spawn(async move {
            for _ in 0..8 {
                sleep(PATIENCE / 2).await;
                near.read_exact(&mut [0; 16]).await.unwrap();
            }
            near
        });
        far.write_all(&[7; 128]).await.unwrap();
        let _near = reading.await.unwrap();
        let began = Instant::now();
        let cut = timeout(PATIENCE * 2, far.write_all(&[7; 128])).await.expect("it is cut off in time");
        assert_eq!((cut.unwrap_err().kind(), began.elapsed()), (io::ErrorKind::TimedOut, PATIENCE));
    }
}
