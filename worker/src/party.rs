//! A group as the robots of one thread see it: who was in it when it was formed, who has left, what is on its board.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::context::Context;

/// A group.
pub(crate) struct Party {
    id: u64,
    members: Arc<[u64]>,
    /// Members on this thread.
    here: RefCell<BTreeSet<u64>>,
    left: RefCell<BTreeSet<u64>>,
    board: RefCell<BTreeMap<Arc<str>, Arc<Value>>>,
    changed: Notify,
}

impl Party {
    pub(crate) fn new(id: u64, members: Arc<[u64]>) -> Self {
        let (here, left, board) = Default::default();
        Self { id, members, here, left, board, changed: Notify::new() }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn members(&self) -> &[u64] {
        &self.members
    }

    pub(crate) fn left(&self) -> Vec<u64> {
        self.left.borrow().iter().copied().collect()
    }

    pub(crate) fn has_left(&self, robot: u64) -> bool {
        self.left.borrow().contains(&robot)
    }

    pub(crate) fn get(&self, key: &str) -> Option<Arc<Value>> {
        self.board.borrow().get(key).cloned()
    }

    pub(crate) fn write(&self, key: &Arc<str>, value: &Arc<Value>) {
        self.board.borrow_mut().insert(key.clone(), value.clone());
        self.changed.notify_waiters();
    }

    /// Notes that a member left.
    pub(crate) fn leave(&self, robot: u64) {
        self.left.borrow_mut().insert(robot);
        self.here.borrow_mut().remove(&robot);
        self.changed.notify_waiters();
    }

    /// Whether no robot of this thread is in it any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.here.borrow().is_empty()
    }

    /// The next change, counted from this call.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

/// One robot's place in a group. Whoever drops it leaves the group.
pub(crate) struct Membership {
    context: Rc<Context>,
    party: Rc<Party>,
    robot: u64,
}

impl Membership {
    pub(crate) fn new(context: Rc<Context>, party: Rc<Party>, robot: u64) -> Self {
        party.here.borrow_mut().insert(robot);
        Self { context, party, robot }
    }

    pub(crate) fn party(&self) -> &Rc<Party> {
        &self.party
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.context.post.quit(self.robot, self.party.id());
    }
}
