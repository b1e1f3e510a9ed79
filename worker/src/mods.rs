//! Mods: one feature of the game each, as robots play it. A mod is a type; its values are what one robot keeps of it.

mod role;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use proto::class::Class;
use proto::plan::Plan;

use crate::ears::Heard;
use crate::errand::Errand;
use crate::handlers::Handlers;
use crate::played::{Played, Shared};
use crate::protocol::Protocol;
use crate::push::Push;
use crate::robot::Robot;
use crate::tasks::Tasks;
pub use role::Role;

/// One feature of the game, as one robot plays it.
///
/// All calls of one robot come from one thread, one at a time, but between two awaits of a task others of the same
/// robot may run: keep state in `Cell` or `RefCell`.
#[allow(async_fn_in_trait, reason = "a robot never leaves its thread, so no future has to be Send")]
pub trait Mod: Sized + 'static {
    /// Connects and logs in, then calls [`Robot::run_tasks`]. An error ends the session; the robot tries again later.
    async fn start(&self, robot: &Robot) -> anyhow::Result<()>;

    /// What robots do once they are in. The same for all of them, so it is asked once a thread.
    fn tasks() -> Tasks<Self>;

    /// What to do when messages come that nobody asked for.
    fn handlers() -> Handlers<Self> {
        Handlers::new()
    }

    /// A playing robot lost the connection of this name: connects and logs in again and says true, so that its tasks go on;
    /// false, as here, ends the session.
    async fn resume(&self, _robot: &Robot, _connection: &str) -> anyhow::Result<bool> {
        Ok(false)
    }

    /// Logs out. Connections are closed after it.
    async fn stop(&self, _robot: &Robot) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A mod whose type is not known: what a robot holds.
pub(crate) trait AnyMod {
    fn start<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>>;
    /// Runs tasks until the robot retires.
    fn play<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, ()>;
    /// Takes a message that came unasked; none if it has nothing to do with it. How long it was on its way, if it tells.
    fn handle(&self, robot: &Robot, push: &Push) -> Option<anyhow::Result<Option<Duration>>>;
    /// Takes what another robot said on a topic; none if it has nothing to do with it.
    fn hear(&self, _robot: &Robot, _heard: &Heard) -> Option<anyhow::Result<()>> {
        None
    }
    /// What a command makes it do; none if it has nothing to do with it.
    fn obey<'a>(
        &'a self,
        _robot: &'a Robot,
        _errand: &Arc<Errand>,
    ) -> Option<LocalBoxFuture<'a, anyhow::Result<()>>> {
        None
    }
    fn resume<'a>(
        &'a self,
        robot: &'a Robot,
        connection: &'a str,
    ) -> LocalBoxFuture<'a, anyhow::Result<bool>>;
    fn stop<'a>(&'a self, robot: &'a Robot) -> LocalBoxFuture<'a, anyhow::Result<()>>;
}

/// What a mod is made for: one class of a plan, on one thread.
pub(crate) struct Casting<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) class: &'a Class,
    pub(crate) protocol: &'a Protocol,
}

/// Makes a mod's part of one more robot; lives on one thread.
pub(crate) type Maker = Box<dyn Fn() -> Box<dyn AnyMod>>;

/// The mods that a worker has, by name.
#[derive(Default)]
pub struct Registry {
    mods: BTreeMap<String, Registered>,
}

struct Registered {
    maker: Box<dyn Fn(&Casting<'_>) -> Maker + Send + Sync>,
    task_names: Vec<String>,
    command_names: Vec<String>,
}

impl Registry {
    /// The mods that ship.
    pub fn shipped() -> Self {
        Self::default().with("role", Role::default)
    }

    /// Adds a mod under a name; `make` gives a new robot its part.
    #[must_use]
    pub fn with<M: Mod>(mut self, name: &str, make: impl Fn() -> M + Clone + Send + Sync + 'static) -> Self {
        let maker = move |casting: &Casting<'_>| -> Maker {
            let (make, tasks) = (make.clone(), M::tasks().select(&casting.plan.tags, &casting.class.tasks));
            let mut handlers = M::handlers();
            let (listeners, commands) = (handlers.listeners(), handlers.commands());
            let handlers = handlers.by_message(casting.protocol);
            let shared = Rc::new(Shared { tasks, handlers, listeners, commands });
            Box::new(move || Box::new(Played::new(make(), shared.clone())))
        };
        let task_names = M::tasks().names().map(str::to_owned).collect();
        let command_names = M::handlers().commands().names();
        self.mods.insert(name.to_owned(), Registered { maker: Box::new(maker), task_names, command_names });
        self
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.mods.keys().map(String::as_str)
    }

    /// The names of a mod's tasks; none if there is no such mod.
    pub(crate) fn task_names(&self, name: &str) -> Option<&[String]> {
        self.mods.get(name).map(|registered| registered.task_names.as_slice())
    }

    /// The names of the commands that a mod has handlers for; none if there is no such mod.
    pub(crate) fn command_names(&self, name: &str) -> Option<&[String]> {
        self.mods.get(name).map(|registered| registered.command_names.as_slice())
    }

    /// What makes a mod's part of the robots of a class; none if there is no such mod.
    pub(crate) fn maker(&self, name: &str, casting: &Casting<'_>) -> Option<Maker> {
        self.mods.get(name).map(|registered| (registered.maker)(casting))
    }
}
