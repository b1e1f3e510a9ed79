//! Where the robots of a class find a Lua state: many states, some robots each, so that a collector's pause is short.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use mlua::Table;

use super::fault;
use super::modules::Modules;
use super::state::State;
use crate::error::Error;
use crate::protocol::Protocol;
use crate::robot::Robot;

/// Robots that share a state. Their number bounds the collector's pauses: half a millisecond at the 99.99th percentile.
const ROBOTS_PER_STATE: usize = 32;

/// The states of one mod for one class on one thread.
pub(super) struct Room {
    modules: Rc<Modules>,
    protocol: Arc<Protocol>,
    states: RefCell<Vec<Rc<State>>>,
}

/// A robot's place in a state.
pub(super) struct Seat {
    pub(super) state: Rc<State>,
    /// What the robot keeps of the mod: `self`.
    pub(super) me: Table,
    pub(super) robot: Table,
}

impl Room {
    pub(super) fn new(modules: Modules, protocol: Arc<Protocol>) -> Self {
        Self { modules: Rc::new(modules), protocol, states: RefCell::default() }
    }

    /// A place for a robot.
    ///
    /// # Errors
    /// A new state was needed and could not be made.
    pub(super) fn seat(&self, robot: &Robot) -> Result<Seat, Error> {
        let state = self.state()?;
        let kit = &state.interpreter;
        let object = kit.robot.call((robot.number(), robot.host(), robot.class_name()));
        let made = object.and_then(|object: Table| Ok((object, kit.part.call::<Table>(())?)));
        let (object, me) = made.map_err(|e| fault::of_lua(&e))?;
        state.occupied.set(state.occupied.get() + 1);
        Ok(Seat { state, me, robot: object })
    }

    fn state(&self) -> Result<Rc<State>, Error> {
        let mut states = self.states.borrow_mut();
        states.retain(|state| !state.is_exhausted());
        let free = |state: &&Rc<State>| state.occupied.get() < ROBOTS_PER_STATE;
        if let Some(state) = states.iter().rev().find(free) {
            return Ok(state.clone());
        }
        let state = State::new(&self.modules, self.protocol.clone())?;
        states.push(state.clone());
        Ok(state)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.state.occupied.set(self.state.occupied.get().saturating_sub(1));
    }
}
