//! Code of a mod on its way: a coroutine that the robot's future resumes, and what it waits for between.

use std::rc::Rc;
use std::time::Duration;

use mlua::{Function, IntoLua, IntoLuaMulti, Thread, Value};
use proto::series::Kind;

use super::fault;
use super::interpreter::of_value;
use super::limits;
use super::operation::{Operation, Yielded, answer};
use super::state::State;
use crate::error::Error;
use crate::robot::Robot;

/// What code is told that pauses for nothing.
const STRAY_YIELD: &str = "a coroutine.yield outside of a coroutine of your own";

/// Code that has begun.
pub(super) struct Run {
    state: Rc<State>,
    thread: Thread,
}

/// How far code has come.
pub(super) enum Reached {
    /// Its end.
    End(Result<Value, Error>),
    /// A point where it waits.
    Pause(Run, Operation),
}

impl Run {
    /// Runs code to its first pause, with three arguments.
    pub(super) fn begin<A: IntoLua, B: IntoLua, C: IntoLua>(
        state: &Rc<State>,
        robot: &Robot,
        code: &Function,
        (a, b, c): (A, B, C),
    ) -> Reached {
        if state.is_exhausted() {
            return Reached::End(Err(fault::of_task(limits::told_full())));
        }
        match state.thread() {
            Ok(thread) => {
                let describe = &state.interpreter.describe;
                Self { state: state.clone(), thread }.resume(robot, (code, describe, a, b, c))
            }
            Err(error) => Reached::End(Err(fault::of_lua(&error))),
        }
    }

    /// Runs it to the end.
    pub(super) async fn to_end(reached: Reached, robot: &Robot) -> Result<Value, Error> {
        let mut reached = reached;
        loop {
            let (run, operation) = match reached {
                Reached::End(result) => return result,
                Reached::Pause(run, operation) => (run, operation),
            };
            let outcome = operation.perform(&run.state, robot).await;
            let args = answer(&run.state.interpreter.lua, outcome);
            reached = match args {
                Ok(_) if run.state.is_exhausted() => Reached::End(Err(fault::of_task(limits::told_full()))),
                Ok(args) => run.resume(robot, args),
                Err(error) => Reached::End(Err(fault::of_lua(&error))),
            };
        }
    }

    fn resume(self, robot: &Robot, args: impl IntoLuaMulti) -> Reached {
        let (lua, desk) = (&self.state.interpreter.lua, &self.state.interpreter.desk);
        limits::bind(lua);
        desk.looks.set(limits::LOOKS);
        let seated = desk.seat(robot);
        let resumed = self.thread.resume::<Yielded>(args);
        limits::free(lua);
        drop(seated);
        let fault = desk.fault.take();
        match resumed {
            Ok((Value::Boolean(true), value, ..)) => {
                let Self { state, thread } = self;
                state.keep(thread);
                Reached::End(Ok(value))
            }
            Ok((Value::Boolean(false), value, ..)) => self.failed(fault.unwrap_or_else(|| of_value(&value))),
            Ok(yielded) => match Operation::read(yielded) {
                Some(operation) => Reached::Pause(self, operation),
                None => self.failed(fault.unwrap_or_else(|| fault::of_task(STRAY_YIELD))),
            },
            Err(error) => self.failed(fault.unwrap_or_else(|| fault::of_lua(&error))),
        }
    }

    /// The coroutine is not used again: its stack may have grown large, and the hook may be set to fail it.
    fn failed(self, error: Error) -> Reached {
        let (lua, desk) = (&self.state.interpreter.lua, &self.state.interpreter.desk);
        if desk.broken.take() && limits::watch(lua, desk).is_err() {
            desk.exhausted.set(true);
        }
        if limits::is_crowded(lua) && limits::is_full(lua) {
            desk.exhausted.set(true);
        }
        Reached::End(Err(error))
    }
}

/// Runs what a mod spawned; what fails is counted in the series (task, spawn).
pub(super) async fn spawned(state: &Rc<State>, robot: &Robot, code: Function) {
    let reached = Run::begin(state, robot, &code, (Value::Nil, Value::Nil, Value::Nil));
    drop(code);
    if let Err(error) = Run::to_end(reached, robot).await {
        robot.context().failed(Kind::Task, "spawn", error.class(), Duration::ZERO, &error);
    }
}
