//! What happens to robots, a line each, on standard output as it happens.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

use crate::recorder::Way;
use crate::trace::{Seen, Watcher};

/// Prints what it sees.
pub(crate) struct Tracer {
    start: Instant,
    colours: bool,
    line: RefCell<String>,
}

/// How a line stands out on a terminal.
#[derive(Debug, Clone, Copy)]
enum Colour {
    Plain,
    Out,
    In,
    Good,
    Bad,
    Faint,
}

impl Colour {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Out => "\u{1b}[36m",
            Self::In => "\u{1b}[35m",
            Self::Good => "\u{1b}[32m",
            Self::Bad => "\u{1b}[31m",
            Self::Faint => "\u{1b}[2m",
        }
    }
}

impl Tracer {
    pub(crate) fn new(start: Instant, colours: bool) -> Self {
        Self { start, colours, line: RefCell::default() }
    }
}

impl Watcher for Tracer {
    fn see(&self, robot: u64, seen: &Seen<'_>) {
        let at = self.start.elapsed().as_secs_f64();
        let mut line = self.line.borrow_mut();
        line.clear();
        let (on, off) = if self.colours { (colour(seen).code(), "\u{1b}[0m") } else { ("", "") };
        // One write a line: several threads print.
        let _ = writeln!(line, "{on}{at:>10.6} #{robot} {seen}{off}");
        let _closed = std::io::stdout().write_all(line.as_bytes());
    }
}

fn colour(seen: &Seen<'_>) -> Colour {
    match seen {
        Seen::Message { way: Way::Sent, .. } => Colour::Out,
        Seen::Message { way: Way::Received, .. } => Colour::In,
        Seen::Connected { fault: None, .. } | Seen::State(_) => Colour::Good,
        Seen::Connected { .. } | Seen::Failed(_) | Seen::TaskOver { fault: Some(_), .. } => Colour::Bad,
        Seen::Closed { reason, .. } if !reason.is_empty() => Colour::Bad,
        Seen::Waits(_) => Colour::Faint,
        _ => Colour::Plain,
    }
}
