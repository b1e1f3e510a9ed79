//! Who is there. A state machine without I/O: streams that come and go in, and who is ready, lost or refused out.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::message::{Hello, PROTOCOL_MAJOR, SILENCE};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::worker::{Away, Worker};

/// A worker that does not load the bundle in this time is sent away. A large one to a large fleet takes minutes.
pub const LOADING: Duration = Duration::from_secs(300);

/// Names a worker process, in the order in which they first came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkerId(pub u32);

/// Names a stream of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// All workers that count, and their streams.
#[derive(Debug, Default)]
pub struct Fleet {
    workers: BTreeMap<WorkerId, Worker>,
    sessions: BTreeMap<SessionId, WorkerId>,
    next: u32,
}

/// How a worker was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joined {
    /// Who it is here.
    pub(crate) id: WorkerId,
    /// Its older stream, which counts no more.
    pub(crate) fenced: Option<SessionId>,
}

impl Fleet {
    /// Takes a worker in.
    pub(crate) fn join(
        &mut self,
        now: Duration,
        session: SessionId,
        hello: Hello,
    ) -> Result<Joined, Refusal> {
        if hello.protocol_major != PROTOCOL_MAJOR {
            return Err(Refusal::Protocol { theirs: hello.protocol_major });
        }
        if self.sessions.contains_key(&session) {
            return Err(Refusal::SecondHello);
        }
        if self.workers.values().any(|w| w.session.is_some() && w.name() == hello.name && !w.is(&hello)) {
            return Err(Refusal::NameTaken(hello.name));
        }
        let known = self.workers.iter_mut().find(|(_, worker)| worker.is(&hello));
        let (id, fenced) = match known {
            Some((id, worker)) => {
                let fenced = worker.session.replace(session);
                worker.hello = hello;
                (worker.ready, worker.joined, worker.heard) = (false, now, now);
                (worker.away, worker.told_at) = (None, None);
                (*id, fenced)
            }
            None => (self.add(Worker::new(now, session, hello)), None),
        };
        fenced.map(|old| self.sessions.remove(&old));
        self.sessions.insert(session, id);
        Ok(Joined { id, fenced })
    }

    /// The workers that are there, as they are for another run.
    pub(crate) fn succeed(self) -> Self {
        let here = self.workers.into_iter().filter(|(_, worker)| worker.session.is_some());
        let workers = here.map(|(id, worker)| (id, worker.renewed())).collect();
        Self { workers, ..self }
    }

    /// A worker that took part before this master was started again.
    pub(crate) fn recall(&mut self, id: WorkerId, name: String, incarnation: Uuid) {
        self.next = self.next.max(id.0);
        self.workers.insert(id, Worker::recalled(name, incarnation));
    }

    fn add(&mut self, worker: Worker) -> WorkerId {
        self.next += 1;
        let id = WorkerId(self.next);
        self.workers.insert(id, worker);
        id
    }

    /// Ends a worker's stream. One that never was part of the run is forgotten; others may be waited for.
    pub(crate) fn leave(&mut self, id: WorkerId, away: Option<Away>) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.session.take().map(|session| self.sessions.remove(&session));
            (worker.ready, worker.away) = (false, away);
            if worker.order.is_none() {
                self.workers.remove(&id);
            }
        }
    }

    /// Whose stream it is, while it counts.
    pub(crate) fn of(&self, session: SessionId) -> Option<WorkerId> {
        self.sessions.get(&session).copied()
    }

    pub(crate) fn get(&self, id: WorkerId) -> Option<&Worker> {
        self.workers.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: WorkerId) -> Option<&mut Worker> {
        self.workers.get_mut(&id)
    }

    /// All workers, those that were lost included.
    pub(crate) fn workers(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        self.workers.iter().map(|(id, worker)| (*id, worker))
    }

    /// Those that can be given robots.
    pub(crate) fn ready(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        self.workers().filter(|(_, worker)| worker.is_ready())
    }

    /// Those that said nothing for too long.
    pub(crate) fn silent(&self, now: Duration) -> Vec<WorkerId> {
        self.here(|worker| now.saturating_sub(worker.heard) >= SILENCE)
    }

    /// Those whose time to come back is over.
    pub(crate) fn overdue(&self, now: Duration) -> Vec<WorkerId> {
        let is = |worker: &Worker| worker.away.as_ref().is_some_and(|away| now >= away.until);
        self.workers().filter(|(_, worker)| is(worker)).map(|(id, _)| id).collect()
    }

    /// Takes a time out of everybody's silence.
    pub(crate) fn excuse(&mut self, time: Duration) {
        for worker in self.workers.values_mut() {
            worker.heard += time;
            worker.away.iter_mut().for_each(|away| away.until += time);
        }
    }

    /// Those that take too long to load the bundle.
    pub(crate) fn slow(&self, now: Duration) -> Vec<WorkerId> {
        self.here(|worker| !worker.ready && now.saturating_sub(worker.joined) >= LOADING)
    }

    fn here(&self, is: impl Fn(&Worker) -> bool) -> Vec<WorkerId> {
        self.workers()
            .filter(|(_, worker)| worker.session.is_some() && is(worker))
            .map(|(id, _)| id)
            .collect()
    }

    /// The name of a worker.
    pub(crate) fn name(&self, id: WorkerId) -> &str {
        self.workers.get(&id).map_or("?", Worker::name)
    }
}
