//! Robots that do something together: they gather, share a board, and tell each other what happens.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use proto::series::Kind;
use proto::talk::{Ask, Denial, counted_as};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::context::Context;
use crate::error::Error;
use crate::party::Membership;
use crate::post::{Answer, note_failure};
use crate::robot::{Robot, Waited};
use crate::shared::Shared;

/// How much longer than its timeout a robot waits to be told that it is over: the way there and back, generously.
const ANSWER: Duration = Duration::from_secs(2);

/// Robots that came together by [`Robot::gather`]. Clones are the same robot's place in it; when the last is dropped the
/// robot leaves, as it does when its session ends, and the others see it in [`Group::left`].
#[derive(Clone)]
pub struct Group {
    place: Rc<Membership>,
    robot: Robot,
}

impl Group {
    /// Its number: unique in the run.
    pub fn id(&self) -> u64 {
        self.place.party().id()
    }

    /// All members, this one too: robot numbers in the order in which they came. The same for each of them, for ever.
    pub fn members(&self) -> &[u64] {
        self.place.party().members()
    }

    /// This robot's place among the members, from 0. Who has place 0 came first, and may open the room for the others.
    pub fn place(&self) -> usize {
        let me = self.robot.number();
        self.members().iter().position(|robot| *robot == me).unwrap_or_default()
    }

    /// Members that have left since it was formed.
    pub fn left(&self) -> Vec<u64> {
        self.place.party().left()
    }

    /// Writes a value on the group's board, in the place of what was there. All members see it soon, this one no sooner than
    /// the others: of two that write one key at a time all see the same one last.
    ///
    /// # Errors
    /// When the key or value is out of bounds (256 bytes, 64 KiB as JSON), the robot has left the group, or the worker's
    /// robots say more than can be sent. A board that is full (256 keys, 1 MiB) is found out later: it is counted as a
    /// failure of the series (wait, key).
    pub fn set(&self, key: &str, value: impl Into<Value>) -> Result<(), Error> {
        let (robot, group) = (self.robot.number(), self.id());
        if self.place.party().has_left(robot) {
            return Err(Error::Denied { about: key.to_owned(), why: Denial::NoMember });
        }
        let value = value.into().to_string().into();
        say(self.robot.context(), Ask::Set { robot, group, key: key.into(), value }, key)
    }

    /// What stands on the board under a key.
    pub fn get(&self, key: &str) -> Option<Arc<Value>> {
        self.place.party().get(key)
    }

    /// Waits until something stands on the board under a key. The wait is a sample of the series (wait, key) and off the
    /// timed path, as with [`Robot::gather`].
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use worker::{Error, Robot};
    /// # async fn doc(robot: &Robot) -> Result<(), Error> {
    /// let party = robot.gather("dungeon", 4, Duration::from_secs(30)).await?;
    /// if party.place() == 0 {
    ///     party.set("room", 17)?; // the first opens it, the others go in
    /// }
    /// let room = party.wait_for("room", Duration::from_secs(10)).await?;
    /// assert_eq!(*room, 17);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When nothing is there in time, or the robot leaves the group meanwhile.
    pub async fn wait_for(&self, key: &str, timeout: Duration) -> Result<Arc<Value>, Error> {
        let began = Began::now(&self.robot);
        let found = tokio::select! {
            biased;
            found = self.found(key) => found,
            () = self.robot.retirement() => Err(Error::Leaving { about: key.to_owned() }),
            () = tokio::time::sleep(timeout) => Err(Error::Unwritten { key: key.to_owned(), after: timeout }),
        };
        note_wait(&self.robot, key, began, found.as_ref().err());
        found
    }

    async fn found(&self, key: &str) -> Result<Arc<Value>, Error> {
        let party = self.place.party();
        loop {
            let changed = party.changed();
            if let Some(value) = party.get(key) {
                return Ok(value);
            }
            if party.has_left(self.robot.number()) {
                return Err(Error::Leaving { about: key.to_owned() });
            }
            changed.await;
        }
    }
}

/// Robots that talk to each other.
impl Robot {
    /// A table that all robots of this worker share, on whatever thread.
    pub fn shared(&self, name: &str) -> Shared {
        self.context().tables.borrow().table(name)
    }

    /// Waits for others, over the whole cluster: the first `size` robots that ask for one key are a group, the next ones the
    /// next. Whoever gives up, leaves or is lost with its worker is in no group; if it happens in the moment in which the
    /// group is formed, the others see it in [`Group::left`].
    ///
    /// The wait is a sample of the series (wait, key up to the first `:` or `/`), so `match:17` counts as `match`; so are
    /// failures. It is off the timed path: it is in no time of a login or a task, and it is no lateness of a task that comes
    /// after it on a schedule. A robot that is told to leave stops waiting with [`Error::Leaving`], which is no failure of anything.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use worker::{Error, Robot};
    /// # async fn doc(robot: &Robot) -> Result<(), Error> {
    /// let party = robot.gather("party", 4, Duration::from_secs(30)).await?;
    /// robot.log(&format!("number {} of {:?}", party.place(), party.members()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A barrier, where a number of robots go on at one moment, is a group that nobody keeps:
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use worker::{Error, Robot};
    /// # async fn doc(robot: &Robot) -> Result<(), Error> {
    /// robot.gather("boss spawns", 500, Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When too few come in time, the robot is told to leave, it waits for this key already or others wait for it with another
    /// size, or the worker's robots say more than can be sent.
    pub async fn gather(&self, key: &str, size: u32, timeout: Duration) -> Result<Group, Error> {
        let began = Began::now(self);
        let gathered = self.gathered(key, size, timeout).await;
        note_wait(self, key, began, gathered.as_ref().err());
        gathered.map(|membership| Group { place: Rc::new(membership), robot: self.clone() })
    }

    async fn gathered(&self, key: &str, size: u32, timeout: Duration) -> Result<Membership, Error> {
        if self.is_retired() {
            return Err(Error::Leaving { about: key.to_owned() });
        }
        self.ears_for_others();
        let mut waiting = Waiting::begin(self, key, size, timeout)?;
        tokio::select! {
            biased;
            answer = &mut waiting.answer => match answer {
                Ok(Answer::Formed(membership)) => Ok(membership),
                Ok(Answer::Denied(why)) => Err(Error::Denied { about: key.to_owned(), why }),
                Ok(Answer::Expired) => Err(Error::Ungathered { key: key.to_owned(), size, after: timeout }),
                Err(_) => Err(Error::Leaving { about: key.to_owned() }),
            },
            () = self.retirement() => Err(Error::Leaving { about: key.to_owned() }),
            () = tokio::time::sleep(timeout.saturating_add(ANSWER)) => {
                Err(Error::Ungathered { key: key.to_owned(), size, after: timeout })
            }
        }
    }

    /// Tells all robots of the run that listen to a topic, on all workers, this one excepted. What one robot says on a
    /// topic is heard in that order. Nobody who listens later hears it.
    ///
    /// ```no_run
    /// # fn doc(robot: &worker::Robot) -> Result<(), worker::Error> {
    /// robot.publish("guild:7", serde_json::json!({ "war": "now" }))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the topic or value is out of bounds (256 bytes, 64 KiB as JSON), or the worker's robots say more than can be
    /// sent. A worker that is too far behind does not get it: that is found out later, and counted as a failure of the series
    /// (wait, topic).
    pub fn publish(&self, topic: &str, value: impl Into<Value>) -> Result<(), Error> {
        let value = value.into().to_string().into();
        say(self.context(), Ask::Publish { robot: self.number(), topic: topic.into(), value }, topic)
    }

    /// Listens to a topic until its session ends: what others say comes to the handlers that its mods have
    /// ([`Handlers::on_topic`](crate::Handlers::on_topic)), before any task runs on.
    ///
    /// # Errors
    /// When the topic is out of bounds, there are too many, or the worker's robots say more than can be sent.
    pub fn subscribe(&self, topic: &str) -> Result<(), Error> {
        self.context().post.subscribe(self.number(), topic, self.ears_for_others())
    }

    /// Listens to a topic no more.
    pub fn unsubscribe(&self, topic: &str) {
        let ears = self.ears_for_others();
        ears.remove(topic);
        self.context().post.unsubscribe(self.number(), topic);
    }
}

/// A robot in a line; dropped, it is taken out, unless it was answered.
struct Waiting<'a> {
    robot: &'a Robot,
    ticket: u64,
    answer: oneshot::Receiver<Answer>,
}

impl<'a> Waiting<'a> {
    fn begin(robot: &'a Robot, key: &str, size: u32, timeout: Duration) -> Result<Self, Error> {
        let (ticket, answer) = robot.context().post.gather(robot.number(), key, size, timeout)?;
        Ok(Self { robot, ticket, answer })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.robot.context().post.cancel(self.robot.number(), self.ticket);
    }
}

fn say(context: &Context, ask: Ask, about: &str) -> Result<(), Error> {
    let checked = ask.check();
    let checked = checked.map_err(|e| Error::Misused { about: format!("`{about}`"), reason: e.to_string() });
    let said = checked.and_then(|()| context.post.say(ask, about));
    said.inspect_err(|e| note_failure(context, about, e))
}

/// When a wait began, and how long the run had been paused by then.
struct Began {
    at: Instant,
    paused: Duration,
}

impl Began {
    fn now(robot: &Robot) -> Self {
        Self { at: Instant::now(), paused: robot.context().pause.so_far() }
    }
}

/// Counts a wait. One that ended because the robot leaves says nothing about the game, nor about those it waited for.
fn note_wait(robot: &Robot, key: &str, began: Began, fault: Option<&Error>) {
    let took = began.at.elapsed();
    robot.note_waited(Waited { all: took, paused: robot.context().pause.so_far() - began.paused });
    match fault {
        None => robot.context().ok(Kind::Wait, counted_as(key), took),
        Some(Error::Leaving { .. }) => {}
        Some(e) => robot.context().failed(Kind::Wait, counted_as(key), e.class(), took, e),
    }
}
