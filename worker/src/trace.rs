//! What happens to robots, as it happens, for those who look at single ones. Nothing of it is made when nobody looks.

use std::time::Duration;

use proto::series::RobotState;
use sproto::Value;

use crate::recorder::Way;

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

/// Somebody who looks.
pub(crate) trait Watcher {
    /// Robot `robot` did or met this.
    fn see(&self, robot: u64, seen: &Seen<'_>);
}
