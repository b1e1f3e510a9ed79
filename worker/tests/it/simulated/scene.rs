//! A worker on local tasks, the way to its master, and robots that tell of their lives.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::control::control_server::ControlServer;
use proto::plan::Plan;
use proto::slots::SlotSet;
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use worker::config::Config;
use worker::{Ended, Handlers, Mod, Registry, Robot, Seam, Tasks, Threads, Wait, serve_on};

use super::keep;
use crate::common::{plan, seconds};
use crate::control::{FakeMaster, Joined};

/// What a dial meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    Refused,
    Silent,
}

/// How long a robot takes to log out.
pub(crate) const LOGOUT: Duration = Duration::from_millis(800);

/// Births and ends of robots.
#[derive(Debug, Default)]
pub(crate) struct Log {
    numbers: BTreeSet<u64>,
    pub(crate) births: Vec<Instant>,
    pub(crate) deeds: Vec<Instant>,
    pub(crate) logouts: usize,
    /// Commands that robots were told, with what came along.
    pub(crate) errands: Vec<(u64, String)>,
    pub(crate) ends: Vec<Instant>,
}

impl Log {
    pub(crate) fn alive(&self) -> usize {
        self.births.len() - self.ends.len()
    }
}

pub(crate) type SharedLog = Arc<Mutex<Log>>;

/// Takes its time to log out, and tells of its life. No number lives twice.
struct Told {
    log: SharedLog,
    number: Cell<Option<u64>>,
}

impl Told {
    fn new(log: &SharedLog) -> Self {
        log.lock().unwrap().births.push(Instant::now());
        Self { log: log.clone(), number: Cell::new(None) }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let mut log = self.log.lock().unwrap();
        log.ends.push(Instant::now());
        self.number.get().into_iter().for_each(|number| assert!(log.numbers.remove(&number)));
    }
}

impl Mod for Told {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        self.number.set(Some(robot.number()));
        assert!(self.log.lock().unwrap().numbers.insert(robot.number()), "{} lives twice", robot.number());
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        let wait = Wait::Between(seconds(0.1), seconds(0.3));
        Tasks::new(wait).task("look", 1, async |me: &Self, _: &Robot| {
            me.log.lock().unwrap().deeds.push(Instant::now());
            Ok(())
        })
    }

    fn handlers() -> Handlers<Self> {
        Handlers::new()
            .on_command("note", async |me: &Self, robot, args| {
                me.log.lock().unwrap().errands.push((robot.number(), args.to_string()));
                Ok(())
            })
            .on_command("rest", async |_: &Self, robot, _| {
                robot.sleep(seconds(0.2)).await;
                Ok(())
            })
            .on_command("fail", async |_: &Self, robot, _| anyhow::bail!("{} is tired", robot.class_name()))
            .on_command("leave", async |_: &Self, robot, _| {
                robot.leave();
                Ok(())
            })
    }

    async fn stop(&self, _: &Robot) -> anyhow::Result<()> {
        tokio::time::sleep(LOGOUT).await;
        self.log.lock().unwrap().logouts += 1;
        Ok(())
    }
}

/// A worker and the way to its master.
pub(crate) struct Scene {
    pub(crate) joins: mpsc::Receiver<Joined>,
    pub(crate) way: Arc<Mutex<Way>>,
    pub(crate) log: SharedLog,
    pub(crate) began: Instant,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) worker: JoinHandle<Ended>,
}

async fn dial(way: Way, pipes: mpsc::Sender<io::Result<DuplexStream>>) -> io::Result<DuplexStream> {
    match way {
        Way::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
        Way::Silent => std::future::pending().await,
        Way::Open => {
            let (here, there) = tokio::io::duplex(1 << 16);
            pipes.send(Ok(there)).await.map_err(io::Error::other)?;
            Ok(here)
        }
    }
}

pub(crate) fn start() -> Scene {
    let log = SharedLog::default();
    let told = log.clone();
    start_with(Registry::default().with("told", move || Told::new(&told)), log)
}

/// As [`start`], with mods of the test's own.
pub(crate) fn start_with(registry: Registry, log: SharedLog) -> Scene {
    let (pipes, accepted) = mpsc::channel(4);
    let (sender, joins) = mpsc::channel(4);
    let server = tonic::transport::Server::builder().add_service(ControlServer::new(FakeMaster(sender)));
    tokio::spawn(server.serve_with_incoming(ReceiverStream::new(accepted)));
    let way = Arc::new(Mutex::new(Way::Open));
    let dials = {
        let way = way.clone();
        move |_| dial(*way.lock().unwrap(), pipes.clone())
    };
    let config = Config {
        master: "master:5557".into(),
        name: "tested".into(),
        threads: 2,
        master_max_wait: seconds(60.0),
        stop_timeout: seconds(10.0),
    };
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        if stopped.await.is_err() {
            std::future::pending().await
        }
    };
    let seam = Seam { seed: 7, threads: Threads::Local };
    let began = Instant::now();
    let worker =
        tokio::task::spawn_local(
            async move { serve_on(config, registry, dials, seam, shutdown).await.unwrap() },
        );
    Scene { joins, way, log, began, stop: Some(stop), worker }
}

/// A hundred robots at once, for ten minutes.
pub(crate) fn hundred() -> Plan {
    plan("ws://127.0.0.1:1", "told", 100, 1e6, 600.0)
}

impl Scene {
    pub(crate) fn set(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    pub(crate) fn alive(&self) -> usize {
        self.log.lock().unwrap().alive()
    }

    /// When the robots ended, which they all did at one moment.
    pub(crate) fn end(&self) -> Duration {
        let log = self.log.lock().unwrap();
        assert_eq!((log.alive(), log.ends.is_empty()), (0, false));
        assert_eq!(log.ends.iter().min(), log.ends.iter().max());
        *log.ends.last().unwrap() - self.began
    }

    pub(crate) async fn joined(&mut self) -> Joined {
        tokio::time::timeout(seconds(20.0), self.joins.recv()).await.expect("it joins").unwrap()
    }

    /// A master with the worker that plays the plan.
    pub(crate) async fn playing(&mut self, plan: &Plan) -> Joined {
        let mut master = self.joined().await;
        master.ready().await;
        master.assign(1, 1, plan, SlotSet::all()).await;
        keep(&mut master, 1.0).await;
        assert_eq!(self.alive(), 100);
        master
    }
}
