//! What happens to robots, as it happens, for those who look at single ones. Nothing of it is made when nobody looks.

use std::fmt;
use std::time::Duration;

use proto::series::RobotState;
use sproto::Value;

use crate::recorder::Way;
use crate::show::show;

/// Something that happened to a robot.
pub(crate) enum Seen<'a> {
    /// A connection was opened, or was not.
    Connected { connection: &'a str, url: &'a str, took: Duration, fault: Option<&'a str> },
    /// A message went out or came in, of so many bytes.
    Message { connection: &'a str, way: Way, name: &'a str, content: Result<Value, String>, length: usize },
    /// A connection ended; without a reason it was we who closed it.
    Closed { connection: &'a str, reason: &'a str },
    /// The robot is in another state now.
    State(RobotState),
    /// A task begins.
    TaskBegins { name: &'a str },
    /// A task is over.
    TaskOver { name: &'a str, took: Duration, fault: Option<&'a str> },
    /// The robot waits.
    Waits(Duration),
    /// Its mod says something.
    Says(&'a str),
    /// Its session failed.
    Failed(&'a str),
}

/// One line, as people read it.
impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { connection, url, took, fault: None } => {
                write!(f, "connected {connection} to {url} in {}", Ms(*took))
            }
            Self::Connected { fault: Some(fault), .. } => write!(f, "not connected: {fault}"),
            Self::Message { connection, way, name, content, length } => {
                let arrow = if *way == Way::Sent { "->" } else { "<-" };
                let content = content.as_ref().map_or_else(|e| format!("not readable: {e}"), show);
                write!(f, "{arrow} {connection} {name} {content} ({length} B)")
            }
            Self::Closed { connection, reason: "" } => write!(f, "closed {connection}"),
            Self::Closed { connection, reason } => write!(f, "lost {connection}: {reason}"),
            Self::State(state) => write!(f, "is {state}"),
            Self::TaskBegins { name } => write!(f, "task {name} begins"),
            Self::TaskOver { name, took, fault: None } => {
                write!(f, "task {name} is over after {}", Ms(*took))
            }
            Self::TaskOver { name, took, fault: Some(fault) } => {
                write!(f, "task {name} failed after {}: {fault}", Ms(*took))
            }
            Self::Waits(wait) => write!(f, "waits {}", Ms(*wait)),
            Self::Says(text) => write!(f, "says: {text}"),
            Self::Failed(fault) => write!(f, "session failed: {fault}"),
        }
    }
}

/// A duration in milliseconds.
pub(crate) struct Ms(pub(crate) Duration);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ms", self.0.as_secs_f64() * 1000.0)
    }
}

/// Somebody who looks.
pub(crate) trait Watcher {
    /// Robot `robot` did or met this.
    fn see(&self, robot: u64, seen: &Seen<'_>);

    /// Robot `robot` is gone.
    fn forget(&self, _robot: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_happened() {
        let told = |seen: &Seen<'_>| seen.to_string();
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
