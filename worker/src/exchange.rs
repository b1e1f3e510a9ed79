//! What a worker's robots say, on its way from their threads to the hub and back. Lives where no robot does, and knows what
//! is so: who waits, who is in which group, which topics somebody listens to. A stream that begins anew is told all of that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use proto::talk::{Ask, Asks, Gather, LARGEST_BATCH, MOST_IN_BATCH, Tell, Tells};
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use crate::post::{Asked, Letter, News};

/// Asks of all threads that may wait to be taken up; one more fails in the robot.
pub(crate) const ASKS: usize = 8_192;

/// Letters that may wait for one thread; those that do not fit wait here, and the hub says no more until they are gone.
pub(crate) const LETTERS: usize = 1_024;

/// Asks that may wait for the hub; then those of the threads wait.
const MOST_OUT: usize = 65_536;

/// Asks that are taken up at a time.
const AT_ONCE: usize = 256;

/// How far apart messages to the hub begin, at least: many small ones become one.
const PACE: Duration = Duration::from_millis(10);

/// What a worker's robots say to each other and to others.
pub(crate) struct Exchange {
    asked: mpsc::Receiver<Asked>,
    taken: Vec<Asked>,
    threads: Vec<Thread>,
    run: Uuid,
    /// Whether there is a hub that hears.
    open: bool,
    waits: BTreeMap<(u64, u64), Wait>,
    /// The groups of each robot.
    held: BTreeSet<(u64, u64)>,
    /// Robots of each group, with their threads.
    groups: BTreeMap<u64, BTreeMap<u64, usize>>,
    /// Threads that listen to each topic.
    topics: BTreeMap<Arc<str>, BTreeSet<usize>>,
    out: VecDeque<Ask>,
    /// Of those that wait, so many at the front say again what is so.
    restated: usize,
    /// Whether the hub has to hear that all is said, or how far it was heard.
    owes: bool,
    /// The hub's last message, and the last of which nothing waits here.
    got: u64,
    seen: u64,
    spoke: Option<Instant>,
}

struct Thread {
    letters: mpsc::Sender<Letter>,
    backlog: VecDeque<Letter>,
}

struct Wait {
    thread: usize,
    gather: Gather,
    due: Instant,
}

impl Exchange {
    pub(crate) fn new(
        asked: mpsc::Receiver<Asked>,
        threads: impl Iterator<Item = mpsc::Sender<Letter>>,
    ) -> Self {
        Self {
            asked,
            taken: Vec::with_capacity(AT_ONCE),
            threads: threads.map(|letters| Thread { letters, backlog: VecDeque::new() }).collect(),
            run: Uuid::nil(),
            open: false,
            waits: BTreeMap::new(),
            held: BTreeSet::new(),
            groups: BTreeMap::new(),
            topics: BTreeMap::new(),
            out: VecDeque::new(),
            restated: 0,
            owes: false,
            got: 0,
            seen: 0,
            spoke: None,
        }
    }

    /// There is a hub for a run. Of the run before nothing is left; if it is a new stream for the same, it is told what is so.
    pub(crate) fn open(&mut self, run: Uuid) {
        if self.open && self.run == run {
            return;
        }
        if self.run != run {
            self.forget();
        }
        // Who never said anything has nothing to take back.
        (self.run, self.open, self.owes) = (run, true, self.spoke.is_some());
        (self.got, self.seen) = (0, 0);
        self.restate(Instant::now());
    }

    /// There is none any more. What robots ask meanwhile is said when there is one again.
    pub(crate) fn close(&mut self) {
        self.open = false;
    }

    /// Of all robots there were none is left.
    pub(crate) fn forget(&mut self) {
        self.waits.clear();
        self.held.clear();
        self.groups.clear();
        self.topics.clear();
        self.out.clear();
        self.threads.iter_mut().for_each(|thread| thread.backlog.clear());
    }

    fn restate(&mut self, now: Instant) {
        // The rest of what waits here says what is so, and so do these.
        self.out.retain(|ask| matches!(ask, Ask::Publish { .. } | Ask::Set { .. }));
        let waits = self.waits.values().map(|wait| {
            let timeout = wait.due.saturating_duration_since(now);
            Ask::Gather(Gather { timeout, ..wait.gather.clone() })
        });
        let holds = self.held.iter().map(|(robot, group)| Ask::Hold { robot: *robot, group: *group });
        let topics = self.topics.keys().cloned().map(Ask::Subscribe);
        let mut all: VecDeque<_> = topics.chain(holds).chain(waits).collect();
        self.restated = all.len();
        all.append(&mut self.out);
        self.out = all;
    }

    /// Goes on with what there is to do; returns when something was done. May be dropped while it waits.
    pub(crate) async fn work(&mut self) {
        let pause = self.pause();
        let wake = async {
            match pause {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            taken = self.asked.recv_many(&mut self.taken, AT_ONCE), if self.out.len() < MOST_OUT => {
                if taken == 0 {
                    std::future::pending::<()>().await; // all threads are gone
                }
            }
            () = wake => {}
        }
        for asked in std::mem::take(&mut self.taken) {
            self.note(asked, Instant::now());
        }
        self.hand_over();
    }

    /// When there is something to do even if no robot asks anything.
    fn pause(&self) -> Option<Instant> {
        let now = Instant::now();
        let due = |from: Option<Instant>| from.map_or(now, |from| from + PACE);
        let has_to_say = self.open && self.has_to_say();
        let is_behind = self.threads.iter().any(|thread| !thread.backlog.is_empty());
        has_to_say.then(|| due(self.spoke)).or_else(|| is_behind.then(|| now + PACE))
    }

    fn has_to_say(&self) -> bool {
        self.owes || !self.out.is_empty()
    }

    /// Takes up what a robot asks.
    fn note(&mut self, asked: Asked, now: Instant) {
        if asked.run != self.run {
            return;
        }
        let thread = asked.thread;
        match &asked.ask {
            Ask::Gather(gather) => {
                let due = now + gather.timeout.min(proto::profile::LONGEST_RUN);
                let wait = Wait { thread, gather: gather.clone(), due };
                self.waits.insert((gather.robot, gather.ticket), wait);
            }
            Ask::Cancel { robot, ticket } => drop(self.waits.remove(&(*robot, *ticket))),
            Ask::Quit { robot, group } => self.release(*robot, *group),
            Ask::Gone { robot } => self.gone(*robot),
            Ask::Subscribe(topic) => {
                let listeners = self.topics.entry(topic.clone()).or_default();
                if !listeners.insert(thread) || listeners.len() > 1 {
                    return;
                }
            }
            Ask::Unsubscribe(topic) => {
                let Some(listeners) = self.topics.get_mut(topic) else { return };
                listeners.remove(&thread);
                if !listeners.is_empty() {
                    return;
                }
                self.topics.remove(topic);
            }
            Ask::Hold { .. } | Ask::Publish { .. } | Ask::Set { .. } => {}
        }
        // Without a hub only words wait for one: what is so will be said anew.
        if self.open || matches!(asked.ask, Ask::Publish { .. } | Ask::Set { .. }) {
            self.out.push_back(asked.ask);
        }
    }

    fn release(&mut self, robot: u64, group: u64) {
        self.held.remove(&(robot, group));
        if let Some(robots) = self.groups.get_mut(&group) {
            robots.remove(&robot);
            if robots.is_empty() {
                self.groups.remove(&group);
            }
        }
    }

    fn gone(&mut self, robot: u64) {
        let waits: Vec<_> = self.waits.range((robot, 0)..=(robot, u64::MAX)).map(|(wait, _)| *wait).collect();
        waits.iter().for_each(|wait| drop(self.waits.remove(wait)));
        let held: Vec<_> = self.held.range((robot, 0)..=(robot, u64::MAX)).copied().collect();
        held.into_iter().for_each(|(robot, group)| self.release(robot, group));
    }

    /// The next message to the hub, if there is one and it is time.
    pub(crate) fn next_asks(&mut self) -> Option<Asks> {
        let now = Instant::now();
        let in_time = self.spoke.is_none_or(|spoke| now >= spoke + PACE) || self.out.len() >= MOST_IN_BATCH;
        if !self.open || !self.has_to_say() || !in_time {
            return None;
        }
        self.spoke = Some(now);
        let restating = self.restated > 0;
        let most = if restating { self.restated.min(MOST_IN_BATCH) } else { MOST_IN_BATCH };
        let (mut list, mut weight) = (Vec::new(), 0);
        while list.len() < most && weight < LARGEST_BATCH {
            let Some(ask) = self.out.pop_front() else { break };
            weight += ask.weight();
            list.push(ask);
        }
        if restating {
            self.restated -= list.len();
        } else {
            self.owes = false;
        }
        Some(Asks { run: self.run, seen: self.seen, restating, list })
    }

    /// There is no room for a message to the hub; it is not tried again at once.
    pub(crate) fn hold_back(&mut self) {
        self.spoke = Some(Instant::now());
    }

    /// Takes what the hub tells.
    pub(crate) fn hear(&mut self, tells: Tells) {
        if tells.run != self.run || !self.open {
            return;
        }
        self.got = self.got.max(tells.number);
        tells.list.into_iter().for_each(|tell| self.route(tell));
        self.hand_over();
    }

    /// Puts what is told to the threads that it is for.
    fn route(&mut self, tell: Tell) {
        match tell {
            Tell::Formed { group, members, yours } => self.formed(group, &members, &yours),
            Tell::Expired { robot, ticket } => {
                self.answer(robot, ticket, News::Expired { robot, ticket });
            }
            // Of what nobody waits for; whichever thread counts it.
            Tell::Denied { robot, ticket: 0, about, why } => {
                self.put(0, News::Denied { robot, ticket: 0, about, why });
            }
            Tell::Denied { robot, ticket, about, why } => {
                self.answer(robot, ticket, News::Denied { robot, ticket, about, why });
            }
            Tell::Published { topic, robot, value } => {
                let Some(value) = parsed(&value) else { return };
                let threads = self.topics.get(&topic).cloned().unwrap_or_default();
                let news = News::Published { topic, robot, value };
                threads.into_iter().for_each(|thread| self.put(thread, news.clone()));
            }
            Tell::Set { group, key, value } => {
                let Some(value) = parsed(&value) else { return };
                self.tell_group(group, &News::Set { group, key, value });
            }
            Tell::Left { group, robot } => {
                self.tell_group(group, &News::Left { group, robot });
                self.release(robot, group);
            }
        }
    }

    fn formed(&mut self, group: u64, members: &Arc<[u64]>, yours: &[(u64, u64)]) {
        let mut of_thread: BTreeMap<usize, Vec<(u64, u64)>> = BTreeMap::new();
        for (robot, ticket) in yours {
            // Who is not known here has given up meanwhile; the hub hears of it, or has.
            if let Some(wait) = self.waits.remove(&(*robot, *ticket)) {
                of_thread.entry(wait.thread).or_default().push((*robot, *ticket));
                self.held.insert((*robot, group));
                self.groups.entry(group).or_default().insert(*robot, wait.thread);
            }
        }
        for (thread, yours) in of_thread {
            self.put(thread, News::Formed { group, members: members.clone(), yours });
        }
    }

    fn answer(&mut self, robot: u64, ticket: u64, news: News) {
        if let Some(wait) = self.waits.remove(&(robot, ticket)) {
            self.put(wait.thread, news);
        }
    }

    fn tell_group(&mut self, group: u64, news: &News) {
        let robots = self.groups.get(&group).into_iter().flatten();
        let threads: BTreeSet<_> = robots.map(|(_, thread)| *thread).collect();
        threads.into_iter().for_each(|thread| self.put(thread, news.clone()));
    }

    fn put(&mut self, thread: usize, news: News) {
        if let Some(thread) = self.threads.get_mut(thread) {
            thread.backlog.push_back(Letter { run: self.run, news });
        }
    }

    /// Hands letters to threads that have room. The hub hears how far it was heard once nothing waits here.
    fn hand_over(&mut self) {
        self.threads.iter_mut().for_each(Thread::hand_over);
        if self.seen < self.got && self.threads.iter().all(|thread| thread.backlog.is_empty()) {
            (self.seen, self.owes) = (self.got, true);
        }
    }
}

impl Thread {
    fn hand_over(&mut self) {
        while let Ok(room) = self.letters.try_reserve() {
            let Some(letter) = self.backlog.pop_front() else { return };
            room.send(letter);
        }
    }
}

/// A value; none if another worker sent what is no JSON.
fn parsed(json: &str) -> Option<Arc<serde_json::Value>> {
    let parsed = serde_json::from_str(json);
    parsed
        .inspect_err(|e| tracing::warn!("what a robot of another worker said can't be read: {e}"))
        .ok()
        .map(Arc::new)
}

#[cfg(test)]
mod tests;
