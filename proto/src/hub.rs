//! Where robots meet: waiting lines, groups with their boards, topics. A state machine without I/O and without a clock:
//! asks of workers come in, what they are told waits in an outbox for each. The master has one for the cluster,
//! a worker without a master has its own.

mod lines;
mod membership;
mod outbox;
mod parties;
mod topics;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::talk::{Ask, Asks, Denial, Tell, Tells};
use lines::Lines;
use outbox::Outbox;
use parties::Parties;

/// The most robots of one worker that wait.
pub const MOST_WAITING: usize = 262_144;

/// The most lines in which one robot stands at a time.
pub const MOST_LINES_OF_ROBOT: usize = 16;

/// The most groups that one robot is in at a time.
pub const MOST_GROUPS_OF_ROBOT: usize = 64;

/// The most topics that one worker listens to.
pub const MOST_TOPICS: usize = 1_000;

/// The most entries of one board.
pub const MOST_ON_BOARD: usize = 256;

/// The most bytes of one board.
pub const LARGEST_BOARD: usize = 1 << 20;

/// The most bytes that the places in lines and groups and the entries on boards take that one worker's robots have, and as much
/// more for each of these robots: a place in a line and one in a group.
pub const MOST_OF_WORKER: usize = 2 << 20;
const OF_ROBOT: usize = 2 * PLACE;

/// What a robot's place in a line or in a group takes, about.
const PLACE: usize = 768;

/// Names a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(pub u32);

/// Asks of another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("asks of run {0}, which is not this one")]
pub struct Foreign(pub Uuid);

/// Where the robots of one run meet.
///
/// ```
/// use std::time::Duration;
/// use proto::hub::{Hub, Peer};
/// use proto::talk::{Ask, Asks, Gather, Tell};
/// use uuid::Uuid;
///
/// let (mut hub, worker, run) = (Hub::new(Uuid::nil()), Peer(1), Uuid::nil());
/// hub.joined(worker);
/// let gather = |robot| {
///     Ask::Gather(Gather { robot, ticket: 1, key: "party".into(), size: 2, timeout: Duration::from_secs(5) })
/// };
/// let list = vec![gather(4), gather(9)];
/// hub.hear(Duration::ZERO, worker, Asks { run, list, ..Asks::default() }).unwrap();
/// let told = hub.take(worker).unwrap().list;
/// assert!(matches!(&told[..], [Tell::Formed { members, .. }] if members[..] == [4, 9]));
/// ```
#[derive(Debug)]
pub struct Hub {
    run: Uuid,
    seats: BTreeMap<Peer, Seat>,
    robots: BTreeMap<u64, Presence>,
    lines: Lines,
    parties: Parties,
    topics: BTreeMap<Arc<str>, BTreeSet<Peer>>,
}

/// What the hub knows of a worker.
#[derive(Debug, Default)]
struct Seat {
    outbox: Outbox,
    robots: BTreeSet<u64>,
    topics: BTreeSet<Arc<str>>,
    waiting: usize,
    /// In how many groups its robots are, each robot counted.
    members: usize,
    /// What it had in its former stream and has not said again.
    stale: BTreeSet<Item>,
    restating: bool,
    /// It does not take what it is told, and is left out until it joins again.
    deaf: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Wait(u64),
    Member(u64, u64),
    Topic(Arc<str>),
}

/// Where a robot is: each entry with the ticket that it came by.
#[derive(Debug)]
struct Presence {
    peer: Peer,
    /// Its places in lines.
    waits: BTreeMap<u64, u64>,
    /// Its groups.
    groups: BTreeMap<u64, u64>,
}

impl Hub {
    /// A hub where nobody is.
    pub fn new(run: Uuid) -> Self {
        Self {
            run,
            seats: BTreeMap::new(),
            robots: BTreeMap::new(),
            lines: Lines::default(),
            parties: Parties::default(),
            topics: BTreeMap::new(),
        }
    }

    /// A worker opened a stream. What it had in its former one is doubtful until it says so again, and over if it does not.
    pub fn joined(&mut self, peer: Peer) {
        let seat = self.seats.entry(peer).or_default();
        let waits_and_groups = seat.robots.iter().filter_map(|robot| Some((robot, self.robots.get(robot)?)));
        let of_robots = waits_and_groups.flat_map(|(robot, presence)| {
            let waits = presence.waits.values().map(|place| Item::Wait(*place));
            waits.chain(presence.groups.keys().map(|group| Item::Member(*group, *robot)))
        });
        seat.stale = of_robots.chain(seat.topics.iter().cloned().map(Item::Topic)).collect();
        (seat.outbox, seat.restating, seat.deaf) = (Outbox::default(), true, false);
    }

    /// A worker is gone, with all its robots.
    pub fn lost(&mut self, peer: Peer) {
        let Some(seat) = self.seats.remove(&peer) else { return };
        for topic in &seat.topics {
            self.unlisten(peer, topic);
        }
        seat.robots.into_iter().for_each(|robot| self.gone(robot));
    }

    /// Takes what a worker asks.
    ///
    /// # Errors
    /// When it asks for another run; then nothing is taken.
    pub fn hear(&mut self, now: Duration, peer: Peer, asks: Asks) -> Result<(), Foreign> {
        if asks.run != self.run {
            return Err(Foreign(asks.run));
        }
        let Some(seat) = self.seats.get_mut(&peer) else { return Ok(()) };
        seat.outbox.seen(asks.seen);
        if seat.restating && !asks.restating {
            seat.restating = false;
            self.settle(peer);
        }
        asks.list.into_iter().for_each(|ask| self.ask(now, peer, ask));
        Ok(())
    }

    /// Tells a worker something that the hub did not find by itself.
    pub fn tell(&mut self, peer: Peer, tell: Tell) {
        let Some(seat) = self.seats.get_mut(&peer).filter(|seat| !seat.deaf) else { return };
        let robots = seat.robots.len();
        if !seat.outbox.push(tell, robots) {
            // It takes nothing, and goes on asking: it has no robots here any more.
            self.lost(peer);
            self.seats.insert(peer, Seat { deaf: true, ..Seat::default() });
        }
    }

    /// Time went on: takes those whose time is over out of their lines.
    pub fn tick(&mut self, now: Duration) {
        while let Some(place) = self.lines.due(now) {
            if let Some(wait) = self.unwait(place) {
                self.tell(wait.peer, Tell::Expired { robot: wait.robot, ticket: wait.ticket });
            }
        }
    }

    /// When [`Hub::tick`] has something to do next.
    pub fn next_due(&self) -> Option<Duration> {
        self.lines.next_due()
    }

    /// Takes out what a worker is to be told next; none while nothing waits, or while it is behind with reading.
    pub fn take(&mut self, peer: Peer) -> Option<Tells> {
        let (number, list) = self.seats.get_mut(&peer)?.outbox.take()?;
        Some(Tells { run: self.run, number, list })
    }

    /// Robots that wait.
    pub fn waiting(&self) -> usize {
        self.lines.len()
    }

    /// Groups that have members.
    pub fn groups(&self) -> usize {
        self.parties.len()
    }

    fn ask(&mut self, now: Duration, peer: Peer, ask: Ask) {
        if self.seats.get(&peer).is_none_or(|seat| seat.deaf) {
            return;
        }
        if let Err(why) = self.try_ask(now, peer, &ask)
            && let Some(denied) = ask.denied(why)
        {
            self.tell(peer, denied);
        }
    }

    fn try_ask(&mut self, now: Duration, peer: Peer, ask: &Ask) -> Result<(), Denial> {
        match ask {
            Ask::Gather(gather) => return self.gather(now, peer, gather),
            Ask::Cancel { robot, ticket } => self.cancel(peer, *robot, *ticket),
            Ask::Hold { robot, group } => self.hold(peer, *robot, *group),
            Ask::Quit { robot, group } if self.is_of(peer, *robot) => self.quit(*robot, *group),
            Ask::Gone { robot } if self.is_of(peer, *robot) => self.gone(*robot),
            Ask::Quit { .. } | Ask::Gone { .. } => {}
            Ask::Publish { robot, topic, value } => return self.publish(*robot, topic, value),
            Ask::Subscribe(topic) => return self.subscribe(peer, topic),
            Ask::Unsubscribe(topic) => self.unsubscribe(peer, topic),
            Ask::Set { robot, group, key, value } => return self.set(peer, *robot, *group, key, value),
        }
        Ok(())
    }

    fn is_of(&self, peer: Peer, robot: u64) -> bool {
        self.robots.get(&robot).is_some_and(|presence| presence.peer == peer)
    }

    fn presence(&mut self, peer: Peer, robot: u64) -> &mut Presence {
        if let Some(seat) = self.seats.get_mut(&peer) {
            seat.robots.insert(robot);
        }
        let new = Presence { peer, waits: BTreeMap::new(), groups: BTreeMap::new() };
        self.robots.entry(robot).or_insert(new)
    }

    fn forget_idle(&mut self, robot: u64) {
        let idle = |presence: &&Presence| presence.waits.is_empty() && presence.groups.is_empty();
        if let Some(presence) = self.robots.get(&robot).filter(idle) {
            self.seats.get_mut(&presence.peer).map(|seat| seat.robots.remove(&robot));
            self.robots.remove(&robot);
        }
    }

    fn confirm(&mut self, peer: Peer, item: &Item) {
        if let Some(seat) = self.seats.get_mut(&peer) {
            seat.stale.remove(item);
        }
    }

    /// A worker has said all that is so: what it did not say is over.
    fn settle(&mut self, peer: Peer) {
        let stale = self.seats.get_mut(&peer).map(|seat| std::mem::take(&mut seat.stale)).unwrap_or_default();
        for item in stale {
            match item {
                Item::Wait(place) => drop(self.unwait(place)),
                Item::Member(group, robot) => self.quit(robot, group),
                Item::Topic(topic) => self.unsubscribe(peer, &topic),
            }
        }
    }

    fn gone(&mut self, robot: u64) {
        let Some(presence) = self.robots.get(&robot) else { return };
        let places: Vec<_> = presence.waits.values().copied().collect();
        let groups: Vec<_> = presence.groups.keys().copied().collect();
        places.into_iter().for_each(|place| drop(self.unwait(place)));
        groups.into_iter().for_each(|group| self.quit(robot, group));
    }

    /// Whether a worker may have so many more bytes in lines, groups and boards.
    fn may_have(&self, peer: Peer, more: usize) -> bool {
        self.seats.get(&peer).is_none_or(|seat| {
            let has = PLACE * (seat.waiting + seat.members) + self.parties.written_by(peer);
            has + more <= MOST_OF_WORKER + OF_ROBOT * seat.robots.len()
        })
    }

    fn has_room(&self, peer: Peer, bytes: usize) -> bool {
        self.seats.get(&peer).is_some_and(|seat| seat.outbox.has_room(bytes))
    }
}

impl Presence {
    /// The group that it came into by a ticket.
    fn group_of(&self, ticket: u64) -> Option<u64> {
        self.groups.iter().find(|(_, came_by)| **came_by == ticket).map(|(group, _)| *group)
    }
}

#[cfg(test)]
mod tests;
