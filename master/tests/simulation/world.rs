//! One seed: a master and its workers in a simulated network, faults as the schedule has them, and the oracle's judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use master::Ground;
use master::change::Wish;
use master::clock::Clock;
use master::config::{Config, Muster, Sources};
use master::desk::{self, Ask, Command, Desk};
use master::summary::Summary;
use proto::class::{Class, Classes, Share};
use proto::message::Bundle;
use proto::mutant::{Mutant, is_planted};
use proto::plan::{Plan, Timeouts};
use proto::profile::Profile;
use proto::series::Kind;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};
use uuid::Uuid;
use worker::{Ended, Seam, Threads};

use crate::disk::Disk;
use crate::faults::{Act, Mode, Schedule};
use crate::oracle::{Oracle, Process, place};
use crate::player::{Player, now};

const WORKERS: usize = 4;
const ROBOTS: u64 = 24;
const PORT: u16 = 5557;
const STEP: Duration = Duration::from_millis(5);

/// For how long robots play on while no master is there, in every other seed.
const HOLD: Duration = Duration::from_secs(10);

/// How long robots are alive; faults come until some time before that, or until its end.
const RUN: Duration = Duration::from_secs(52);
const LAST_FAULT: Duration = Duration::from_secs(40);

/// All has to be as it should be so long after the last fault was mended.
const SETTLED: Duration = Duration::from_millis(3_500);

/// There has to be a verdict so long after the end of the run.
const VERDICT: Duration = Duration::from_secs(20);

/// What a seed gave.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<String>,
    pub(crate) trace: Vec<String>,
    pub(crate) faults: u64,
    pub(crate) settled: Option<Duration>,
    pub(crate) simulated: Duration,
}

impl Outcome {
    /// What happened, up to the last robot's end. Then the workers are sent home, and the server wakes its connections in an
    /// order that tokio draws; nothing depends on it.
    pub(crate) fn course(&self) -> &[String] {
        let last = self.trace.iter().rposition(|line| line.contains(" ends on "));
        &self.trace[..last.map_or(0, |last| last + 1)]
    }

    /// There is nothing to look at.
    pub(crate) fn broken(how: String) -> Self {
        Self { violations: vec![how], ..Self::default() }
    }
}

/// What lives longer than any process.
#[derive(Clone)]
struct Machines {
    oracle: Oracle,
    disk: Disk,
    seed: u64,
    verdict: Arc<Mutex<Option<Summary>>>,
    /// How often each worker was started.
    starts: Arc<Mutex<[u32; WORKERS]>>,
    /// Whether the master's machine is there without its process.
    killed: Arc<AtomicBool>,
    /// Between which workers and the master something is lost on the way.
    cut: Arc<[AtomicBool; WORKERS]>,
    /// Where people ask of the master that is there.
    desk: Arc<Mutex<Option<Desk>>>,
    hold: Duration,
    /// Tells the process of each worker to stop.
    stops: Arc<[watch::Sender<u32>; WORKERS]>,
}

/// Plays a seed.
pub(crate) fn play(seed: u64, mode: Mode) -> Outcome {
    let mut rng = Rng::with_seed(seed);
    let end = if mode == Mode::Safety { RUN } else { LAST_FAULT };
    let schedule = Schedule::new(&mut rng, WORKERS, end);
    let machines = Machines {
        oracle: Oracle::new(profile()),
        disk: Disk::default(),
        seed,
        verdict: Arc::default(),
        killed: Arc::default(),
        cut: Arc::default(),
        desk: Arc::default(),
        hold: if rng.bool() { HOLD } else { Duration::ZERO },
        starts: Arc::default(),
        stops: Arc::new([(); WORKERS].map(|()| watch::Sender::new(0))),
    };
    let mut sim = build(&machines, seed);
    let mut watched = Watched { settled: None, healed: schedule.healed, mode };
    let mut acts = schedule.acts.iter().peekable();
    let mut wishes = schedule.wishes.iter().peekable();
    loop {
        let at = sim.elapsed();
        while let Some((_, wish)) = wishes.next_if(|(due, _)| *due <= at) {
            machines.ask(at, wish.clone());
        }
        while let Some((_, act)) = acts.next_if(|(due, _)| *due <= at) {
            machines.oracle.note(at, format!("{act:?}"));
            machines.carry_out(&mut sim, *act);
        }
        if let Err(e) = sim.step() {
            machines.oracle.violate(at, format!("a process broke: {e}"));
            break;
        }
        machines.hear(at);
        watched.look(at, &machines);
        let over = machines.verdict.lock().unwrap().is_some();
        if over || at > schedule.healed.max(RUN) + VERDICT {
            break;
        }
    }
    machines.conclude(sim.elapsed());
    Outcome {
        violations: machines.oracle.violations(),
        trace: machines.oracle.trace(),
        faults: schedule.faults,
        settled: watched.settled,
        simulated: sim.elapsed(),
    }
}

fn profile() -> Profile {
    Profile::ramp(ROBOTS, 12.0, RUN).expect("a profile")
}

fn build(machines: &Machines, seed: u64) -> Sim<'static> {
    let mut builder = Builder::new();
    builder.rng_seed(seed).tick_duration(STEP).simulation_duration(Duration::from_secs(600));
    builder.min_message_latency(Duration::from_millis(1)).max_message_latency(Duration::from_millis(40));
    let mut sim = builder.build();
    let here = machines.clone();
    sim.host("master", move || {
        let here = here.clone();
        async move { here.master().await }
    });
    for worker in 0..WORKERS {
        let here = machines.clone();
        sim.host(place(worker), move || {
            let here = here.clone();
            async move { here.worker(worker).await }
        });
    }
    sim
}

impl Machines {
    /// A process of the master: it goes on where the one before was, unless there is a verdict.
    async fn master(self) -> turmoil::Result {
        if self.killed.load(Ordering::Relaxed) {
            return std::future::pending().await; // the machine alone
        }
        if self.verdict.lock().unwrap().is_some() {
            return Ok(());
        }
        if is_planted(Mutant::NoJournal) {
            self.disk.wipe();
        }
        let (records, journal) = self.disk.open();
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
        let incoming = accepted(listener);
        let (clock, id) = (Clock::at(now()), Uuid::from_u128(u128::from(self.seed)));
        let ground = Ground { clock, id, records, journal: Some(journal) };
        let (desk, office) = desk::desk();
        *self.desk.lock().unwrap() = Some(desk);
        let summary = master::serve(self.config(), incoming, ground, office).await?;
        *self.verdict.lock().unwrap() = Some(summary);
        Ok(())
    }

    /// A place for a worker. A process that the master refuses is started again, as by any supervisor.
    async fn worker(self, worker: usize) -> turmoil::Result {
        let mut stop = self.stops[worker].subscribe();
        loop {
            let process = self.next_process(worker);
            let config = worker::config::Config {
                master: format!("master:{PORT}"),
                name: place(worker),
                threads: 2,
                master_max_wait: Duration::from_secs(600),
                stop_timeout: Duration::from_secs(15),
            };
            let seed = self.seed.wrapping_mul(1_000_003) ^ (u64::from(process.1) << 8) ^ worker as u64;
            let seam = Seam { seed, threads: Threads::Local };
            let registry = Player::registry(self.oracle.clone(), process);
            let here = self.clone();
            let dial = move |address| here.clone().dial(worker, address);
            let shutdown = async { drop(stop.changed().await) };
            let ended = worker::serve_on(config, registry, dial, seam, shutdown).await?;
            self.oracle.note(now(), format!("{} ends: {ended:?}", crate::oracle::name(process)));
            match ended {
                Ended::Refused(_) => tokio::time::sleep(Duration::from_millis(500)).await,
                _ => return Ok(()),
            }
        }
    }

    /// Connects. The simulated network says of what it loses that it was refused; there nobody would hear anything.
    async fn dial(self, worker: usize, address: String) -> io::Result<TcpStream> {
        let dialled = TcpStream::connect(address).await;
        let is_whole = self.killed.load(Ordering::Relaxed) && !self.cut[worker].load(Ordering::Relaxed);
        match dialled {
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused && !is_whole => {
                std::future::pending().await
            }
            dialled => dialled,
        }
    }

    fn next_process(&self, worker: usize) -> Process {
        let start = &mut self.starts.lock().unwrap()[worker];
        *start += 1;
        (worker, *start)
    }

    fn config(&self) -> Config {
        let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["player".into()]);
        let timeouts = Timeouts { stop: Duration::from_secs(1), ..Timeouts::default() };
        let classes = Classes::new(vec![class]).expect("a class");
        Config {
            bind: String::new(),
            log: String::new(),
            journal: None,
            muster: Muster { workers: WORKERS, patience: None },
            plan: Plan {
                timeouts,
                seed: self.seed,
                hold: self.hold,
                ..Plan::new(profile(), classes, "ws://nowhere:1")
            },
            bundle: Arc::new(Bundle::new(Vec::new())),
            thresholds: Vec::new(),
            outputs: Vec::new(),
            sources: Sources::default(),
            life: Default::default(),
        }
    }

    fn carry_out(&self, sim: &mut Sim<'_>, act: Act) {
        match act {
            Act::Cut(worker) | Act::CutUp(worker) | Act::CutDown(worker) => {
                self.cut[worker].store(true, Ordering::Relaxed);
            }
            Act::Mend(worker) => self.cut[worker].store(false, Ordering::Relaxed),
            _ => {}
        }
        match act {
            Act::CrashWorker(worker) => sim.crash(place(worker)),
            Act::StartWorker(worker) => sim.bounce(place(worker)),
            Act::CrashMaster => sim.crash("master"),
            Act::KillMaster => {
                self.killed.store(true, Ordering::Relaxed);
                sim.bounce("master");
            }
            Act::StartMaster => {
                self.killed.store(false, Ordering::Relaxed);
                sim.bounce("master");
            }
            Act::Cut(worker) => sim.partition("master", place(worker)),
            Act::CutUp(worker) => sim.partition_oneway(place(worker), "master"),
            Act::CutDown(worker) => sim.partition_oneway("master", place(worker)),
            Act::Mend(worker) => sim.repair("master", place(worker)),
            Act::Hold(worker) => sim.hold("master", place(worker)),
            Act::Release(worker) => sim.release("master", place(worker)),
            Act::Leave(worker) => self.stops[worker].send_modify(|stops| *stops += 1),
        }
    }

    /// Somebody asks something of the master, if one is there.
    fn ask(&self, at: Duration, wish: Wish) {
        let desk = self.desk.lock().unwrap();
        let ask = Ask { wish: wish.clone(), who: "somebody".into(), answer: oneshot::channel().0 };
        let asked = desk.as_ref().is_some_and(|desk| desk.commands.try_send(Command::Ask(ask)).is_ok());
        self.oracle.note(at, format!("{wish:?}{}", if asked { "" } else { ", and nobody hears it" }));
    }

    /// What the master says is planned.
    fn hear(&self, at: Duration) {
        let desk = self.desk.lock().unwrap();
        let news = desk.as_ref().and_then(|desk| desk.news.borrow().clone());
        news.into_iter().for_each(|news| self.oracle.planned(at, &news.plan.profile));
    }

    /// There must be a verdict, and it must tell the truth about each sample.
    fn conclude(&self, at: Duration) {
        let verdict = self.verdict.lock().unwrap();
        let Some(summary) = verdict.as_ref() else {
            return self.oracle.violate(at, "there is no verdict");
        };
        self.oracle.note(at, format!("{} robots met others", self.oracle.meetings()));
        self.oracle.note(at, format!("{} {:?}", summary.verdict, summary.verdict.warnings));
        let custom = summary.series.iter().filter(|line| line.kind == Some(Kind::Custom));
        let merged: BTreeMap<_, _> = custom.map(|line| (line.name.clone(), line.count)).collect();
        let lossy = summary.losses.iter().filter(|loss| !loss.missing.is_zero());
        let declared: BTreeSet<_> = lossy.map(|loss| loss.worker.clone()).collect();
        self.oracle.audit(at, &merged, &declared);
        let epochs = self.disk.epochs();
        let different: BTreeSet<_> = epochs.iter().collect();
        if !epochs.is_sorted_by_key(|(epoch, _)| epoch) || different.len() < epochs.len() {
            self.oracle.violate(at, format!("epochs did not only grow: {epochs:?}"));
        }
    }
}

/// Looks at the whole from outside, step by step.
struct Watched {
    settled: Option<Duration>,
    healed: Duration,
    mode: Mode,
}

impl Watched {
    fn look(&mut self, at: Duration, machines: &Machines) {
        let over = machines.verdict.lock().unwrap().is_some();
        if self.mode == Mode::Safety || at < self.healed || at > RUN || over {
            return;
        }
        let (alive, wanted) = (machines.oracle.alive(), machines.oracle.wanted(at));
        if wanted.contains(&(alive.len() as u64)) {
            self.settled.get_or_insert(at - self.healed);
        } else if at >= self.healed + SETTLED {
            self.settled = None;
            let (count, wanted) = (alive.len(), wanted.end());
            let missing: Vec<_> = (0..*wanted).filter(|robot| !alive.contains(robot)).collect();
            let told =
                format!("{count} of {wanted} robots live, without {missing:?}, so long after all was mended");
            machines.oracle.violate(at, told);
            self.mode = Mode::Safety; // once is enough
        }
    }
}

/// Gives what is logged its simulated time, and whose it is.
pub(crate) struct Time;

impl FormatTime for Time {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        write!(w, "{:>9.3}", now().as_secs_f64())
    }
}

/// Takes connections from a listener of the simulated network.
fn accepted(listener: TcpListener) -> impl Stream<Item = (TcpStream, String)> {
    let (sender, incoming) = mpsc::channel(16);
    tokio::task::spawn_local(async move {
        while let Ok((stream, address)) = listener.accept().await {
            if sender.send((stream, address.to_string())).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(incoming)
}
