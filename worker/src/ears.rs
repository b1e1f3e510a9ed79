//! What one robot hears of others: messages of its topics wait here until the robot runs on.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use serde_json::Value;

/// A message on a topic.
pub(crate) struct Heard {
    pub(crate) topic: Arc<str>,
    pub(crate) value: Arc<Value>,
}

/// The ears of one robot. Closed until it subscribes to something, which costs a robot that never does nothing.
#[derive(Default)]
pub(crate) struct Ears {
    topics: RefCell<BTreeSet<Arc<str>>>,
    inbox: RefCell<VecDeque<Heard>>,
    waker: RefCell<Option<Waker>>,
    open: Cell<bool>,
}

impl Ears {
    /// Listens to one topic more.
    pub(crate) fn add(&self, topic: Arc<str>) {
        self.topics.borrow_mut().insert(topic);
        self.open.set(true);
    }

    pub(crate) fn remove(&self, topic: &str) {
        self.topics.borrow_mut().remove(topic);
    }

    /// Hears nothing any more. Returns what it listened to.
    pub(crate) fn close(&self) -> BTreeSet<Arc<str>> {
        self.open.set(false);
        self.inbox.borrow_mut().clear();
        self.topics.take()
    }

    pub(crate) fn hear(&self, heard: Heard) {
        self.inbox.borrow_mut().push_back(heard);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// What was heard first, if anything was.
    pub(crate) fn take(&self) -> Option<Heard> {
        if self.open.get() { self.inbox.borrow_mut().pop_front() } else { None }
    }

    /// Wakes this one when something is heard.
    pub(crate) fn wake(&self, waker: &Waker) {
        if !self.open.get() {
            return;
        }
        let mut kept = self.waker.borrow_mut();
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
        if !self.inbox.borrow().is_empty() {
            waker.wake_by_ref();
        }
    }
}
