//! What a mod does when a message comes that it did not ask for.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use proto::talk::counted_as;
use rustc_hash::FxHashMap;
use serde_json::Value;
use sproto::Message;

use crate::connection::Request;
use crate::errand::Errand;
use crate::protocol::{MessageId, Protocol};
use crate::push::Push;
use crate::robot::Robot;
use crate::tasks::TaskResult;

/// What a handler gives: how long the message was on its way, if it says so.
type Handled = anyhow::Result<Option<Duration>>;

type Code<M> = Rc<dyn Fn(&M, &Robot, &Push) -> Handled>;

type Listener<M> = Rc<dyn Fn(&M, &Robot, &Value) -> anyhow::Result<()>>;

/// What a mod does with what other robots say, by topic.
pub(crate) struct Listeners<M>(FxHashMap<&'static str, Listener<M>>);

impl<M> Listeners<M> {
    /// Handles a message; none if the mod has nothing to do with the topic.
    pub(crate) fn handle(
        &self,
        me: &M,
        robot: &Robot,
        topic: &str,
        value: &Value,
    ) -> Option<anyhow::Result<()>> {
        let listener = self.0.get(topic).or_else(|| self.0.get(counted_as(topic)))?;
        Some(listener(me, robot, value))
    }
}

type Obedient<M> = Rc<dyn for<'a> Fn(&'a M, &'a Robot, Arc<Errand>) -> LocalBoxFuture<'a, TaskResult>>;

/// What a mod does with commands, by their names.
pub(crate) struct Commands<M>(FxHashMap<&'static str, Obedient<M>>);

impl<M> Commands<M> {
    /// What a command makes a robot do; none if the mod has nothing to do with it.
    pub(crate) fn obey<'a>(
        &self,
        me: &'a M,
        robot: &'a Robot,
        errand: &Arc<Errand>,
    ) -> Option<LocalBoxFuture<'a, TaskResult>> {
        let code = self.0.get(errand.name.as_str())?;
        Some(code(me, robot, errand.clone()))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }
}

/// Tells the compiler that a closure is good for every lifetime, which it does not find out by itself.
fn obedient<M, F>(code: F) -> Obedient<M>
where
    F: for<'a> Fn(&'a M, &'a Robot, Arc<Errand>) -> LocalBoxFuture<'a, TaskResult> + 'static,
{
    Rc::new(code)
}

/// What a mod does when a message comes that it did not ask for, by the message's name. Handlers run before any task goes on, so a task
/// sees what they left; what takes longer goes into [`Robot::spawn`].
///
/// ```no_run
/// use worker::{Handlers, Robot};
/// # use worker::game::{EchoRequest, EchoResponse};
///
/// #[derive(Default)]
/// struct Chat {
///     heard: std::cell::Cell<u32>,
/// }
///
/// fn handlers() -> Handlers<Chat> {
///     Handlers::new().on(|chat: &Chat, robot: &Robot, said: EchoResponse| {
///         chat.heard.set(chat.heard.get() + 1);
///         robot.connection("game")?.send(&EchoRequest { text: said.text })?;
///         Ok(())
///     })
/// }
/// ```
pub struct Handlers<M> {
    list: Vec<(&'static str, Code<M>)>,
    topics: FxHashMap<&'static str, Listener<M>>,
    commands: FxHashMap<&'static str, Obedient<M>>,
}

impl<M: 'static> Default for Handlers<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: 'static> Handlers<M> {
    /// No handlers yet.
    pub fn new() -> Self {
        Self { list: Vec::new(), topics: FxHashMap::default(), commands: FxHashMap::default() }
    }

    /// Adds a handler for the message that its last argument is.
    #[must_use]
    pub fn on<T: Message>(self, code: impl Fn(&M, &Robot, T) -> anyhow::Result<()> + 'static) -> Self {
        self.add(T::NAME, move |me, robot, push| {
            code(me, robot, T::decode(&push.body)?)?;
            Ok(None)
        })
    }

    /// As [`Handlers::on`], for a message that carries when it was sent: `sent_at` finds the microseconds, which the sender took from
    /// [`Robot::now_us`]. How long it was on its way is the sample of the series (push, name).
    #[must_use]
    pub fn on_timed<T: Message>(
        self,
        sent_at: impl Fn(&T) -> Option<i64> + 'static,
        code: impl Fn(&M, &Robot, T) -> anyhow::Result<()> + 'static,
    ) -> Self {
        self.add(T::NAME, move |me, robot, push| {
            let message = T::decode(&push.body)?;
            let latency = sent_at(&message).map(|sent| robot.since(sent, push.at));
            code(me, robot, message)?;
            Ok(latency)
        })
    }

    /// Adds the answer to what the server asks, in dialect `rpc`.
    #[must_use]
    pub fn answer<Q: Request>(
        self,
        code: impl Fn(&M, &Robot, Q) -> anyhow::Result<Q::Reply> + 'static,
    ) -> Self {
        self.add(Q::NAME, move |me, robot, push| {
            let reply = code(me, robot, Q::decode(&push.body)?)?;
            if push.responder.is_some() {
                push.answer(&reply)?;
            }
            Ok(None)
        })
    }

    /// Adds what to do when another robot says something on a topic that this one listens to ([`Robot::subscribe`]). One for
    /// `guild` is also for `guild:7` and `guild/7`, if they have none of their own.
    ///
    /// ```no_run
    /// use worker::{Handlers, Robot};
    ///
    /// #[derive(Default)]
    /// struct Guild {
    ///     wars: std::cell::Cell<u32>,
    /// }
    ///
    /// fn handlers() -> Handlers<Guild> {
    ///     Handlers::new().on_topic("guild", |guild: &Guild, robot: &Robot, news| {
    ///         guild.wars.set(guild.wars.get() + 1);
    ///         robot.log(&format!("heard {news}"));
    ///         Ok(())
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn on_topic(
        mut self,
        topic: &'static str,
        code: impl Fn(&M, &Robot, &Value) -> anyhow::Result<()> + 'static,
    ) -> Self {
        self.topics.insert(topic, Rc::new(code));
        self
    }

    /// Adds what to do when people tell robots a command of this name in mid-run, through the master. Those robots do it that
    /// play then and are in the command's share, each once, beside their tasks and also while the run is paused. Each time is a
    /// sample of the series (task, `command NAME`), without what it waited for other robots; its error is a failure there. It ends
    /// with the session.
    ///
    /// A storm of robots that all come back at once:
    ///
    /// ```no_run
    /// use worker::{Handlers, Robot};
    /// # use worker::game::LoginReuest;
    ///
    /// #[derive(Default)]
    /// struct Player;
    ///
    /// fn handlers() -> Handlers<Player> {
    ///     Handlers::new()
    ///         .on_command("storm", async |_: &Player, robot: &Robot, args| {
    ///             let url = args["url"].as_str().unwrap_or(robot.host());
    ///             robot.connection("game")?.close().await;
    ///             robot.connect("game", url).await?.request(&LoginReuest {}).await?;
    ///             Ok(())
    ///         })
    ///         .on_command("leave", async |_: &Player, robot: &Robot, _| {
    ///             robot.leave();
    ///             Ok(())
    ///         })
    /// }
    /// ```
    #[must_use]
    pub fn on_command(
        mut self,
        name: &'static str,
        code: impl for<'a> AsyncFn(&'a M, &'a Robot, &'a Value) -> TaskResult + Clone + 'static,
    ) -> Self {
        let code = obedient(move |me, robot, errand| {
            let code = code.clone();
            Box::pin(async move { code(me, robot, &errand.args).await })
        });
        self.commands.insert(name, code);
        self
    }

    /// Takes out those of commands.
    pub(crate) fn commands(&mut self) -> Commands<M> {
        Commands(std::mem::take(&mut self.commands))
    }

    /// Takes out those of topics.
    pub(crate) fn listeners(&mut self) -> Listeners<M> {
        Listeners(std::mem::take(&mut self.topics))
    }

    fn add(mut self, name: &'static str, code: impl Fn(&M, &Robot, &Push) -> Handled + 'static) -> Self {
        self.list.push((name, Rc::new(code)));
        self
    }

    /// The handlers by message; those of messages that the schema does not have are left out.
    pub(crate) fn by_message(self, protocol: &Protocol) -> FxHashMap<MessageId, Code<M>> {
        let known = self.list.into_iter().filter_map(|(name, code)| Some((protocol.id(name)?, code)));
        // By its type in dialect `msg`, by its protocol in `rpc`.
        known.flat_map(|(id, code)| [(id, code.clone()), (protocol.call_of(id), code)]).collect()
    }
}
