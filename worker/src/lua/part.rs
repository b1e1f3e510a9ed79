//! One robot's part of a mod written in Lua: what the robot's life calls, carried out in the state where it has its seat.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use mlua::{Function, IntoLua, Table, Value};
use proto::series::Kind;

use super::data::to_lua;
use super::modules::is_true;
use super::outline::CodeId;
use super::room::{Room, Seat};
use super::run::{Reached, Run};
use super::{fault, limits};
use crate::ears::Heard;
use crate::errand::Errand;
use crate::error::Error;
use crate::mods::AnyMod;
use crate::played;
use crate::push::Push;
use crate::robot::Robot;
use crate::tasks::Tasks;

/// What the robots of a class share of a mod, on one thread.
pub(super) struct Shared {
    pub(super) room: Room,
    pub(super) tasks: Tasks<Part>,
}

/// One robot's part of a mod.
pub(super) struct Part {
    shared: Rc<Shared>,
    /// None before its first session.
    seat: RefCell<Option<Rc<Seat>>>,
}

impl Part {
    pub(super) fn new(shared: Rc<Shared>) -> Self {
        Self { shared, seat: RefCell::default() }
    }

    fn seat(&self) -> Option<Rc<Seat>> {
        self.seat.borrow().clone()
    }

    /// The seat that it had before, in a state that still works, or a new one.
    fn take_seat(&self, robot: &Robot) -> Result<Rc<Seat>, Error> {
        if let Some(seat) = self.seat().filter(|seat| !seat.state.is_exhausted()) {
            return Ok(seat);
        }
        let _old = self.seat.take();
        let seat = Rc::new(self.shared.room.seat(robot)?);
        *self.seat.borrow_mut() = Some(seat.clone());
        Ok(seat)
    }

    /// Calls one of the mod's own functions, if it has it.
    async fn call(&self, robot: &Robot, name: &str, arg: Option<&str>) -> Result<Value, Error> {
        let Some(seat) = self.seat() else { return Ok(Value::Nil) };
        if seat.state.is_exhausted() {
            return Err(fault::of_task(limits::told_full()));
        }
        let Some(code) = seat.state.callback(name) else { return Ok(Value::Nil) };
        let arg = arg.map(|arg| arg.into_lua(&seat.state.interpreter.lua)).transpose();
        let arg = arg.map_err(|e| fault::of_lua(&e))?;
        let reached = Run::begin(&seat.state, robot, &code, (&seat.me, &seat.robot, arg));
        Run::to_end(reached, robot).await
    }

    /// Runs the code of a step.
    pub(super) async fn task(&self, robot: &Robot, code: CodeId) -> anyhow::Result<()> {
        let seat = self.seat().ok_or_else(|| fault::of_task("the mod has not started"))?;
        let code =
            seat.state.code(code).ok_or_else(|| fault::of_task("the mod has other tasks in this state"))?;
        work(&seat, robot, code, Value::Nil).await
    }

    /// Begins the handler of a message; none if the mod has nothing to do with it.
    fn take(&self, robot: &Robot, push: &Push) -> Option<anyhow::Result<Option<Duration>>> {
        let seat = self.seat()?;
        seat.state.handler(push.message)?;
        Some(handle(&seat, robot, push))
    }
}

/// Runs what is counted as a task. In a state without memory nothing runs any more, so the robot leaves it.
async fn work(seat: &Seat, robot: &Robot, code: &Function, arg: Value) -> anyhow::Result<()> {
    let reached = Run::begin(&seat.state, robot, code, (&seat.me, &seat.robot, arg));
    let ended = Run::to_end(reached, robot).await;
    if seat.state.is_exhausted() {
        robot.leave();
    }
    ended?;
    Ok(())
}

/// Does what a command says.
async fn obey(seat: Rc<Seat>, robot: &Robot, code: Function, errand: Arc<Errand>) -> anyhow::Result<()> {
    let args = to_lua(&seat.state.interpreter.lua, &errand.args).map_err(|e| fault::of_lua(&e))?;
    work(&seat, robot, &code, args).await
}

/// Reads a message and runs its handler to the first pause, before any task goes on.
fn handle(seat: &Rc<Seat>, robot: &Robot, push: &Push) -> anyhow::Result<Option<Duration>> {
    let Some(handler) = seat.state.handler(push.message) else { return Ok(None) };
    let ty = seat.state.protocol.push_type(push.message, push.link.is_rpc());
    let message = seat.state.decode(ty.as_ref(), &push.body)?;
    let sent =
        handler.marker.as_ref().and_then(|field| message.as_table()?.get::<Option<i64>>(field).ok()?);
    let latency = sent.map(|sent| robot.since(sent, push.at));
    let Some(code) = &handler.code else { return Ok(latency) };
    match Run::begin(&seat.state, robot, code, (&seat.me, &seat.robot, message)) {
        Reached::End(result) => answer(seat, push, &result?)?,
        pause => spawn(seat, robot, push, pause),
    }
    Ok(latency)
}

/// What a handler returns answers what the server asked.
fn answer(seat: &Seat, push: &Push, reply: &Value) -> Result<(), Error> {
    if push.responder.is_some() { push.answer(&seat.state.told(reply)) } else { Ok(()) }
}

/// What a handler does after its first pause runs beside the tasks.
fn spawn(seat: &Rc<Seat>, robot: &Robot, push: &Push, pause: Reached) {
    let (seat, its, push) = (seat.clone(), robot.clone(), push.clone());
    robot.spawn(async move {
        let ended = Run::to_end(pause, &its).await;
        if let Err(error) = ended.and_then(|reply| answer(&seat, &push, &reply)) {
            let told = format!("handler of {}: {error}", push.name());
            its.context().failed(Kind::Push, push.name(), error.class(), Duration::ZERO, &told);
        }
    });
}

/// Begins what a mod does when it hears something on a topic; none if it has nothing to do with it.
fn hear(seat: &Rc<Seat>, robot: &Robot, heard: &Heard) -> Option<anyhow::Result<()>> {
    let ears: Table = seat.robot.raw_get("ears").ok()?;
    let code: Function = ears.raw_get(&*heard.topic).ok()?;
    Some(listen(seat, robot, &code, heard))
}

fn listen(seat: &Rc<Seat>, robot: &Robot, code: &Function, heard: &Heard) -> anyhow::Result<()> {
    let value = to_lua(&seat.state.interpreter.lua, &heard.value).map_err(|e| fault::of_lua(&e))?;
    match Run::begin(&seat.state, robot, code, (value, &*heard.topic, Value::Nil)) {
        Reached::End(result) => result.map(drop).map_err(Into::into),
        pause => {
            let (its, topic) = (robot.clone(), heard.topic.clone());
            robot.spawn(async move {
                if let Err(error) = Run::to_end(pause, &its).await {
                    let told = format!("listener of {topic}: {error}");
                    its.context().failed(Kind::Task, "listener", error.class(), Duration::ZERO, &told);
                }
            });
            Ok(())
        }
    }
}

impl AnyMod for Part {
    fn start<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            self.take_seat(robot)?;
            self.call(robot, "start", None).await?;
            Ok(())
        })
    }

    fn play<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, ()> {
        Box::pin(played::play(self, &self.shared.tasks, robot))
    }

    fn handle(&self, robot: &Robot, push: &Push) -> Option<anyhow::Result<Option<Duration>>> {
        self.take(robot, push)
    }

    fn hear(&self, robot: &Robot, heard: &Heard) -> Option<anyhow::Result<()>> {
        hear(&self.seat()?, robot, heard)
    }

    fn obey<'a>(
        &'a self,
        robot: &'a Robot,
        errand: &Arc<Errand>,
    ) -> Option<LocalBoxFuture<'a, anyhow::Result<()>>> {
        let seat = self.seat()?;
        let code = seat.state.command(&errand.name)?;
        Some(Box::pin(obey(seat, robot, code, errand.clone())))
    }

    fn resume<'a>(
        &'a self,
        robot: &'a Robot,
        connection: &'a str,
    ) -> LocalBoxFuture<'a, anyhow::Result<bool>> {
        Box::pin(async move { Ok(is_true(&self.call(robot, "resume", Some(connection)).await?)) })
    }

    fn stop<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            self.call(robot, "stop", None).await?;
            Ok(())
        })
    }
}
