//! Text for people, written by a thread of its own: whoever reads late, or not at all, must not stop a run. The newest waits, and
//! drives out what is older than that.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Texts that wait at the most.
const WAITING: usize = 32;

/// A writer that never waits. What is written goes out as one text when it is flushed.
#[derive(Debug)]
pub struct Aside {
    text: Vec<u8>,
    shared: Arc<Shared>,
}

/// The thread's end of it.
#[derive(Debug)]
pub struct Written(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    texts: VecDeque<Vec<u8>>,
    /// A text is being written.
    is_busy: bool,
    failed: Option<io::ErrorKind>,
    /// Nobody writes any more.
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// The next text; none after the last.
    fn next(&self) -> Option<Vec<u8>> {
        let waits = |queue: &mut Queue| queue.texts.is_empty() && !queue.is_closed;
        let queue = self.changed.wait_while(self.lock(), waits);
        let mut queue = queue.unwrap_or_else(PoisonError::into_inner);
        let text = queue.texts.pop_front();
        queue.is_busy = text.is_some();
        text
    }
}

impl Aside {
    /// One that writes to `out`, and what tells when all is written.
    pub fn new(mut out: impl Write + Send + 'static) -> (Self, Written) {
        let shared = Arc::<Shared>::default();
        let (aside, written) = (Self { text: Vec::new(), shared: shared.clone() }, Written(shared.clone()));
        std::thread::spawn(move || {
            while let Some(text) = shared.next() {
                let done = out.write_all(&text).and_then(|()| out.flush());
                shared.change(|queue| {
                    queue.is_busy = false;
                    queue.failed = done.err().map(|e| e.kind()).or(queue.failed);
                });
            }
        });
        (aside, written)
    }
}

impl Write for Aside {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    /// Gives the text to the thread.
    ///
    /// # Errors
    /// When an earlier one could not be written.
    fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        self.shared.change(|queue| {
            queue.texts.push_back(text);
            if queue.texts.len() > WAITING {
                queue.texts.pop_front();
            }
        });
        self.shared.lock().failed.map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.shared.change(|queue| queue.is_closed = true);
    }
}

impl Written {
    /// Waits until all is written, but not for ever; whether it was.
    pub fn wait(&self, patience: Duration) -> bool {
        let waits = |queue: &mut Queue| queue.failed.is_none() && (queue.is_busy || !queue.texts.is_empty());
        let waited = self.0.changed.wait_timeout_while(self.0.lock(), patience, waits);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Says that it was given a text, and takes it when it may.
    struct Slow(Sender<String>, Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8_lossy(text).into()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_reads_late_gets_the_newest_in_order_and_nobody_waits_for_it() {
        let ((told, texts), (go, may)) = (channel(), channel());
        let (mut aside, written) = Aside::new(Slow(told, may));
        write!(aside, "first").unwrap();
        aside.flush().unwrap();
        assert_eq!(texts.recv_timeout(LONG).unwrap(), "first");
        for number in 0..WAITING + 10 {
            write!(aside, "{number}").unwrap();
            aside.flush().unwrap();
        }
        assert!(!written.wait(Duration::ZERO));
        for _ in 0..=WAITING {
            go.send(()).unwrap();
        }
        drop(aside);
        assert!(written.wait(LONG));
        let newest: Vec<_> = (10..WAITING + 10).map(|number| number.to_string()).collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), newest);
    }

    #[test]
    fn a_text_that_can_t_be_written_fails_the_next() {
        let ((told, texts), (_, may)) = (channel(), channel());
        drop(texts);
        let (mut aside, written) = Aside::new(Slow(told, may));
        write!(aside, "first").unwrap();
        aside.flush().unwrap();
        assert!(written.wait(LONG));
        assert_eq!(aside.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
