//! What happens to robots, a line each, on standard output as it happens.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::recorder::Way;
use crate::show::show;
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
        let (colour, told) = tell(seen);
        let mut line = self.line.borrow_mut();
        line.clear();
        let (on, off) = if self.colours { (colour.code(), "\u{1b}[0m") } else { ("", "") };
        // One write a line: several threads print.
        let _ = writeln!(line, "{on}{at:>10.6} #{robot} {told}{off}");
        let _closed = std::io::stdout().write_all(line.as_bytes());
    }
}

fn tell(seen: &Seen<'_>) -> (Colour, String) {
    match seen {
        Seen::Connected { connection, url, took, fault: None } => {
            (Colour::Good, format!("connected {connection} to {url} in {}", ms(*took)))
        }
        Seen::Connected { fault: Some(fault), .. } => (Colour::Bad, format!("not connected: {fault}")),
        Seen::Message { connection, way, name, content, length } => {
            let (colour, arrow) = match way {
                Way::Sent => (Colour::Out, "->"),
                Way::Received => (Colour::In, "<-"),
            };
            let content = content.as_ref().map_or_else(|e| format!("not readable: {e}"), show);
            (colour, format!("{arrow} {connection} {name} {content} ({length} B)"))
        }
        Seen::Closed { connection, reason: "" } => (Colour::Plain, format!("closed {connection}")),
        Seen::Closed { connection, reason } => (Colour::Bad, format!("lost {connection}: {reason}")),
        Seen::State(state) => (Colour::Good, format!("is {state}")),
        Seen::TaskBegins { name } => (Colour::Plain, format!("task {name} begins")),
        Seen::TaskOver { name, took, fault: None } => {
            (Colour::Plain, format!("task {name} is over after {}", ms(*took)))
        }
        Seen::TaskOver { name, took, fault: Some(fault) } => {
            (Colour::Bad, format!("task {name} failed after {}: {fault}", ms(*took)))
        }
        Seen::Waits(wait) => (Colour::Faint, format!("waits {}", ms(*wait))),
        Seen::Says(text) => (Colour::Plain, format!("says: {text}")),
        Seen::Failed(fault) => (Colour::Bad, format!("session failed: {fault}")),
    }
}

fn ms(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_happened() {
        let told = |seen: &Seen<'_>| tell(seen).1;
        let took = Duration::from_micros(1500);
        let sent = |content| Seen::Message {
            connection: "game",
            way: Way::Sent,
            name: "EchoRequest",
            content,
            length: 44,
        };
        let hello = sproto::value!({ Text: "hi" });
        assert_eq!(told(&sent(Ok(hello))), "-> game EchoRequest {Text=\"hi\"} (44 B)");
        assert_eq!(told(&sent(Err("cut".into()))), "-> game EchoRequest not readable: cut (44 B)");
        let over = Seen::TaskOver { name: "walk", took, fault: Some("tired") };
        assert_eq!(told(&over), "task walk failed after 1.500 ms: tired");
        assert_eq!(told(&Seen::Closed { connection: "game", reason: "" }), "closed game");
    }
}
