//! What all robots of one run share on one thread: the plan, the recorder, the census.

use std::cell::{RefCell, RefMut};
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use proto::plan::Plan;
use proto::report::Census;
use proto::series::{FailureClass, Kind, RobotState};

use crate::protocol::Protocol;
use crate::recorder::Recorder;

/// What all robots of one run share on one thread.
pub(crate) struct Context {
    pub(crate) plan: Arc<Plan>,
    pub(crate) protocol: Arc<Protocol>,
    recorder: RefCell<Recorder>,
    /// One entry per class, in the plan's order.
    census: RefCell<Vec<Census>>,
    /// Where messages are encoded before they are sent; kept, so that sending allocates nothing.
    pub(crate) scratch: RefCell<Scratch>,
}

/// Buffers for one message on its way out.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) body: Vec<u8>,
    pub(crate) envelope: Vec<u8>,
    pub(crate) frames: BytesMut,
}

impl Context {
    pub(crate) fn new(plan: Arc<Plan>, protocol: Arc<Protocol>) -> Self {
        let census = plan.classes.list().iter().map(|class| Census::of(class.name.as_str())).collect();
        Self {
            plan,
            protocol,
            recorder: RefCell::default(),
            census: RefCell::new(census),
            scratch: RefCell::default(),
        }
    }

    /// The recorder, for a moment.
    pub(crate) fn record(&self) -> RefMut<'_, Recorder> {
        self.recorder.borrow_mut()
    }

    /// Counts a success.
    pub(crate) fn ok(&self, kind: Kind, name: &str, took: Duration) {
        let mut recorder = self.record();
        let series = recorder.series(kind, name);
        recorder.ok(series, took);
    }

    /// Counts a failure.
    pub(crate) fn failed(
        &self,
        kind: Kind,
        name: &str,
        class: FailureClass,
        after: Duration,
        reason: &dyn Display,
    ) {
        let mut recorder = self.record();
        let series = recorder.series(kind, name);
        recorder.failed(series, class, after, reason);
    }

    /// The robots by class and state.
    pub(crate) fn census(&self) -> Vec<Census> {
        self.census.borrow().clone()
    }

    /// Moves one robot of the class at `class` from a state to another.
    pub(crate) fn count(&self, class: usize, from: Option<RobotState>, to: Option<RobotState>) {
        if let Some(census) = self.census.borrow_mut().get_mut(class) {
            if let Some(from) = from {
                census.remove(from);
            }
            if let Some(to) = to {
                census.add(to, 1);
            }
        }
    }
}
