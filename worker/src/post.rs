//! A robot thread's post: what its robots say to others goes out, and what comes in is handed to them. Nothing here
//! waits for another thread: what finds no room fails at once, and what must be said waits here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::hub::MOST_TOPICS;
use proto::series::{FailureClass, Kind};
use proto::talk::{Ask, Denial, Gather, counted_as};
use rustc_hash::FxHashMap;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::context::Context;
use crate::ears::{Ears, Heard};
use crate::error::Error;
use crate::party::{Membership, Party};

/// What a robot of a thread asks.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) thread: usize,
    pub(crate) run: Uuid,
    pub(crate) ask: Ask,
}

/// What comes for the robots of one thread.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) run: Uuid,
    pub(crate) news: News,
}

/// What there is to hear.
#[derive(Debug, Clone)]
pub(crate) enum News {
    Formed { group: u64, members: Arc<[u64]>, yours: Vec<(u64, u64)> },
    Expired { robot: u64, ticket: u64 },
    Denied { robot: u64, ticket: u64, about: Arc<str>, why: Denial },
    Published { topic: Arc<str>, robot: u64, value: Arc<Value> },
    Set { group: u64, key: Arc<str>, value: Arc<Value> },
    Left { group: u64, robot: u64 },
}

/// What becomes of a robot's waiting.
pub(crate) enum Answer {
    Formed(Membership),
    Expired,
    Denied(Denial),
}

/// A thread's end of the line to the worker's exchange.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) thread: usize,
    pub(crate) run: Uuid,
    pub(crate) asks: mpsc::Sender<Asked>,
    pub(crate) tickets: Tickets,
}

/// The last ticket. Each is used once by a worker, also where a robot begins anew under its number.
pub(crate) type Tickets = Arc<AtomicU64>;

/// The robots that listen to a topic.
type Listeners = BTreeMap<u64, Rc<Ears>>;

/// The post of one thread, for one run.
#[derive(Default)]
pub(crate) struct Post {
    line: RefCell<Option<Line>>,
    waiting: RefCell<FxHashMap<(u64, u64), oneshot::Sender<Answer>>>,
    listeners: RefCell<FxHashMap<Arc<str>, Listeners>>,
    parties: RefCell<FxHashMap<u64, Rc<Party>>>,
    /// Which robot is in which group.
    members: RefCell<BTreeSet<(u64, u64)>>,
    /// Goodbyes that found no room in the line. They are what makes others hear of a loss, so they are never dropped;
    /// as many as there were waits and memberships at most.
    unsaid: RefCell<VecDeque<Ask>>,
}

impl Post {
    /// Gives it its line.
    pub(crate) fn connect(&self, line: Line) {
        self.line.replace(Some(line));
    }

    /// Says something, if there is room for it now.
    pub(crate) fn say(&self, ask: Ask, about: &str) -> Result<(), Error> {
        self.flush();
        let said = self.unsaid.borrow().is_empty() && self.try_say(ask).is_ok();
        if said { Ok(()) } else { Err(Error::Busy { about: about.to_owned() }) }
    }

    /// Says something now or as soon as there is room.
    fn must_say(&self, ask: Ask) {
        self.unsaid.borrow_mut().push_back(ask);
        self.flush();
    }

    /// Says what found no room before.
    pub(crate) fn flush(&self) {
        let mut unsaid = self.unsaid.borrow_mut();
        while let Some(ask) = unsaid.pop_front() {
            if let Err(ask) = self.try_say(ask) {
                unsaid.push_front(ask);
                return;
            }
        }
    }

    fn try_say(&self, ask: Ask) -> Result<(), Ask> {
        let line = self.line.borrow();
        let Some(Line { thread, run, asks, .. }) = &*line else { return Err(ask) };
        asks.try_send(Asked { thread: *thread, run: *run, ask }).map_err(|full| full.into_inner().ask)
    }

    /// Puts a robot in line. Returns its ticket, and where the answer comes.
    pub(crate) fn gather(
        &self,
        robot: u64,
        key: &str,
        size: u32,
        timeout: Duration,
    ) -> Result<(u64, oneshot::Receiver<Answer>), Error> {
        let last = self.line.borrow().as_ref().map_or(0, |line| line.tickets.fetch_add(1, Ordering::Relaxed));
        let ticket = last + 1;
        let ask = Ask::Gather(Gather { robot, ticket, key: key.into(), size, timeout });
        ask.check().map_err(|e| misused(key, &e))?;
        self.say(ask, key)?;
        let (sender, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert((robot, ticket), sender);
        Ok((ticket, answer))
    }

    /// A robot waits no more; if it was not answered, it is taken out of the line.
    pub(crate) fn cancel(&self, robot: u64, ticket: u64) {
        let waited = self.waiting.borrow_mut().remove(&(robot, ticket));
        if waited.is_some() {
            self.must_say(Ask::Cancel { robot, ticket });
        }
    }

    /// A robot leaves a group, if it is still in it.
    pub(crate) fn quit(&self, robot: u64, group: u64) {
        if self.members.borrow().contains(&(robot, group)) {
            self.left(group, robot);
            self.must_say(Ask::Quit { robot, group });
        }
    }

    pub(crate) fn subscribe(&self, robot: u64, topic: &str, ears: &Rc<Ears>) -> Result<(), Error> {
        let is_new = !self.listeners.borrow().contains_key(topic);
        let topic: Arc<str> = topic.into();
        if is_new {
            let ask = Ask::Subscribe(topic.clone());
            ask.check().map_err(|e| misused(&topic, &e))?;
            if self.listeners.borrow().len() >= MOST_TOPICS {
                return Err(Error::Denied { about: topic.to_string(), why: Denial::TooMany });
            }
            self.say(ask, &topic)?;
        }
        self.listeners.borrow_mut().entry(topic.clone()).or_default().insert(robot, ears.clone());
        ears.add(topic);
        Ok(())
    }

    pub(crate) fn unsubscribe(&self, robot: u64, topic: &str) {
        let mut listeners = self.listeners.borrow_mut();
        let Some(robots) = listeners.get_mut(topic) else { return };
        robots.remove(&robot);
        if robots.is_empty() {
            listeners.remove(topic);
            drop(listeners);
            self.must_say(Ask::Unsubscribe(topic.into()));
        }
    }

    /// A robot's session is over.
    pub(crate) fn leave(&self, robot: u64, ears: &Ears) {
        for topic in ears.close() {
            self.unsubscribe(robot, &topic);
        }
        let groups: Vec<_> =
            self.members.borrow().range((robot, 0)..=(robot, u64::MAX)).map(|(_, group)| *group).collect();
        groups.into_iter().for_each(|group| self.left(group, robot));
        self.must_say(Ask::Gone { robot });
    }
}

/// Hands what came to the robots.
pub(crate) fn deliver(context: &Rc<Context>, letter: Letter) {
    let post = &context.post;
    if post.line.borrow().as_ref().is_none_or(|line| line.run != letter.run) {
        return;
    }
    match letter.news {
        News::Formed { group, members, yours } => formed(context, group, &members, yours),
        News::Expired { robot, ticket } => post.answer(robot, ticket, Answer::Expired),
        News::Denied { ticket: 0, about, why, .. } => note_failure(context, &about, &why),
        News::Denied { robot, ticket, why, .. } => post.answer(robot, ticket, Answer::Denied(why)),
        News::Published { topic, robot, value } => post.hear(&topic, robot, &value),
        News::Set { group, key, value } => {
            post.party(group).into_iter().for_each(|party| party.write(&key, &value));
        }
        News::Left { group, robot } => post.left(group, robot),
    }
}

fn formed(context: &Rc<Context>, group: u64, members: &Arc<[u64]>, yours: Vec<(u64, u64)>) {
    let post = &context.post;
    let new = || Rc::new(Party::new(group, members.clone()));
    let party = post.parties.borrow_mut().entry(group).or_insert_with(new).clone();
    for (robot, ticket) in yours {
        // Whoever does not take it any more drops it, and so leaves the group again.
        post.members.borrow_mut().insert((robot, group));
        let membership = Membership::new(context.clone(), party.clone(), robot);
        post.answer(robot, ticket, Answer::Formed(membership));
    }
}

/// Counts what was said and not done.
pub(crate) fn note_failure(context: &Context, about: &str, why: &dyn std::fmt::Display) {
    context.failed(Kind::Wait, counted_as(about), FailureClass::Task, Duration::ZERO, why);
}

fn misused(about: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Misused { about: format!("`{about}`"), reason: reason.to_string() }
}

impl Post {
    fn answer(&self, robot: u64, ticket: u64, answer: Answer) {
        let waiting = self.waiting.borrow_mut().remove(&(robot, ticket));
        // Not under the borrow: a membership that nobody takes says so as it is dropped.
        let _unwanted = waiting.map_or(Ok(()), |waiting| waiting.send(answer));
    }

    fn party(&self, group: u64) -> Option<Rc<Party>> {
        self.parties.borrow().get(&group).cloned()
    }

    fn hear(&self, topic: &Arc<str>, speaker: u64, value: &Arc<Value>) {
        let listeners = self.listeners.borrow();
        for (_, ears) in listeners.get(topic).into_iter().flatten().filter(|(robot, _)| **robot != speaker) {
            ears.hear(Heard { topic: topic.clone(), value: value.clone() });
        }
    }

    /// Notes that a robot, of whatever worker, left a group. One without members here is forgotten.
    fn left(&self, group: u64, robot: u64) {
        self.members.borrow_mut().remove(&(robot, group));
        let Some(party) = self.party(group) else { return };
        party.leave(robot);
        if party.is_empty() {
            self.parties.borrow_mut().remove(&group);
        }
    }
}

#[cfg(test)]
mod tests;
