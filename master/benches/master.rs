//! What a large fleet costs a master: many workers that each report 50 series a second; a bundle of 16 MiB to all of them; and
//! 200 of them that come back at once. `cargo xtask bench master`.

use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use master::config::{Config, Muster, Sources};
use master::{Ground, door};
use proto::class::{Class, Classes, Share};
use proto::control::LARGEST_MESSAGE;
use proto::control::control_client::ControlClient;
use proto::histogram::{Histogram, Sparse};
use proto::message::{
    Assignment, BEAT_EVERY, Beat, Bundle, Hello, PROTOCOL_MAJOR, PROTOCOL_MINOR, REPORT_EVERY,
};
use proto::plan::Plan;
use proto::profile::Profile;
use proto::report::{Census, Report, SeriesDelta};
use proto::series::{Kind, RobotState, Series};
use proto::shipping::Arrival;
use proto::slots::Share as SlotShare;
use proto::{Down, Up};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use uuid::Uuid;

#[derive(Debug, Parser)]
struct Args {
    /// Workers that report
    #[arg(long, default_value_t = 1_000)]
    workers: usize,
    /// Series in each report
    #[arg(long, default_value_t = 50)]
    series: usize,
    /// Samples of each series in a report
    #[arg(long, default_value_t = 100)]
    samples: usize,
    /// How long they are measured
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// The bundle's size in MiB
    #[arg(long, default_value_t = 16)]
    bundle: usize,
    /// Workers that come back at once
    #[arg(long, default_value_t = 200)]
    back: usize,
    /// Shorter, with fewer workers
    #[arg(long)]
    quick: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    side: Option<Side>,
}

/// What the child process does.
#[derive(Debug, Clone, Subcommand)]
enum Side {
    /// A master; the first line that it prints is its port
    #[command(hide = true)]
    Master { workers: usize, mebibytes: usize, seconds: u64 },
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if args.quick {
        (args.workers, args.seconds, args.bundle) =
            (args.workers.min(200), args.seconds.min(6), args.bundle.min(4));
        args.back = args.back.min(50);
    }
    match args.side {
        Some(Side::Master { workers, mebibytes, seconds }) => serve(workers, mebibytes, seconds),
        None => measure(&args),
    }
}

/// The master's process.
fn serve(workers: usize, mebibytes: usize, seconds: u64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = master::bind("127.0.0.1:0").await?;
        let mut out = std::io::stdout();
        writeln!(out, "{}", listener.local_addr()?.port())?;
        out.flush()?;
        let class = Class::new("default", Share::Weight(NonZeroU32::MIN), vec!["role".into()]);
        let profile = Profile::ramp(100_000, 1e6, Duration::from_secs(seconds))?;
        let content = (0..mebibytes << 20).map(|i| (i * 31 % 251) as u8).collect();
        let config = Config {
            bind: String::new(),
            log: String::new(),
            journal: None,
            muster: Muster { workers, patience: Some(Duration::from_secs(300)) },
            plan: Plan::new(profile, Classes::new(vec![class])?, "ws://127.0.0.1:1"),
            bundle: Arc::new(Bundle::new(vec![("data/all.csv".into(), content)])),
            thresholds: Vec::new(),
            outputs: Vec::new(),
            sources: Sources::default(),
            life: Default::default(),
        };
        let (_commands, orders) = mpsc::channel(1);
        let incoming = door::accept(listener);
        master::serve::<tokio::net::TcpStream>(config, incoming, Ground::fresh(), orders).await?;
        Ok(())
    })
}

/// A process, looked at from outside.
struct Watched {
    child: Child,
    port: u16,
}

impl Watched {
    fn start(args: &Args) -> Result<Self> {
        let numbers = [args.workers.to_string(), args.bundle.to_string(), "86400".into()];
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("master").args(numbers).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        Ok(Self { child, port: line.trim().parse()? })
    }

    /// User and system time so far.
    fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("no such process")?;
        let ticks =
            fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// Resident memory, now and at most, in MiB.
    fn memory(&self) -> Result<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
            anyhow::Ok(line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<f64>()? / 1024.0)
        };
        Ok((of("VmRSS:")?, of("VmHWM:")?))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// What the workers of this process have reached.
#[derive(Default)]
struct Reached {
    loaded: AtomicUsize,
    assigned: AtomicUsize,
    merged: AtomicU64,
}

/// What they are told by the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Told {
    /// Workers with a lower number open their streams anew, so many times.
    back: usize,
    rounds: u64,
}

fn measure(args: &Args) -> Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(measured(args))
}

async fn measured(args: &Args) -> Result<()> {
    let master = Watched::start(args)?;
    let (reached, (tell, told)) = (Arc::new(Reached::default()), watch::channel(Told::default()));
    let before = master.memory()?;
    let joined = Instant::now();
    // Connections are opened a few at a time, as they would be from many machines.
    let dials = Arc::new(Semaphore::new(64));
    for number in 0..args.workers {
        let fake = Fake::new(number, args, master.port, reached.clone());
        tokio::spawn(fake.live(told.clone(), dials.clone()));
    }
    until("all have the bundle and an assignment", || reached.assigned.load(Relaxed) >= args.workers).await?;
    let shipped = joined.elapsed();
    let after = master.memory()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (cpu, merged, began) = (master.cpu()?, reached.merged.load(Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let took = began.elapsed().as_secs_f64();
    let core = (master.cpu()? - cpu).as_secs_f64() / took;
    let rate = (reached.merged.load(Relaxed) - merged) as f64 / took;
    let (now, most) = master.memory()?;
    reached.assigned.store(0, Relaxed);
    let began = Instant::now();
    tell.send_replace(Told { back: args.back, rounds: 1 });
    until("all are back", || reached.assigned.load(Relaxed) >= args.back).await?;
    let back = began.elapsed();
    let mut out = std::io::stdout();
    let Args { workers, series, bundle, .. } = args;
    writeln!(out, "{workers} workers that report {series} series of {} samples each second", args.samples)?;
    writeln!(out, "  merged              {rate:>8.0} reports/s (acked)")?;
    writeln!(out, "  master's CPU        {core:>8.3} of a core")?;
    writeln!(out, "  master's memory     {now:>8.0} MiB, at most {most:.0}")?;
    writeln!(out, "a bundle of {bundle} MiB to all of them: {:.1} s", shipped.as_secs_f64())?;
    writeln!(
        out,
        "  master's memory     {:>8.0} MiB before, {:.0} after, at most {:.0}",
        before.0, after.0, after.1
    )?;
    writeln!(
        out,
        "{} come back at once: all told what is theirs after {:.2} s",
        args.back,
        back.as_secs_f64()
    )?;
    writeln!(
        out,
        r#"{{"name":"master","value":{core:.4},"unit":"cores","reports_per_second":{rate:.0},"memory_mib":{most:.0},"shipped_s":{:.2},"back_s":{:.3}}}"#,
        shipped.as_secs_f64(),
        back.as_secs_f64()
    )?;
    Ok(())
}

async fn until(what: &str, so: impl Fn() -> bool) -> Result<()> {
    let began = Instant::now();
    while !so() {
        ensure!(began.elapsed() < Duration::from_secs(240), "not within 240 s: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// A worker that runs no robots, and reports what it makes up.
struct Fake {
    number: usize,
    port: u16,
    incarnation: Uuid,
    reached: Arc<Reached>,
    series: Vec<SeriesDelta>,
    bundle: Option<[u8; 32]>,
    began: Instant,
    order: Option<Assignment>,
    sequence: u64,
    reported: Duration,
}

impl Fake {
    fn new(number: usize, args: &Args, port: u16, reached: Arc<Reached>) -> Self {
        Self {
            number,
            port,
            incarnation: Uuid::new_v4(),
            reached,
            series: (0..args.series).map(|i| delta(number, i, args.samples)).collect(),
            bundle: None,
            began: Instant::now(),
            order: None,
            sequence: 0,
            reported: Duration::ZERO,
        }
    }

    async fn live(mut self, mut told: watch::Receiver<Told>, dials: Arc<Semaphore>) {
        loop {
            match self.session(&mut told, &dials).await {
                Ok(()) => {}
                // At the end of all the master goes first.
                Err(_) if told.has_changed().is_err() => return,
                Err(e) => {
                    _ = writeln!(std::io::stderr(), "worker {}: {e:#}", self.number);
                    return;
                }
            }
        }
    }

    /// Until it is told to come anew.
    async fn session(&mut self, told: &mut watch::Receiver<Told>, dials: &Semaphore) -> Result<()> {
        let dial = dials.acquire().await?;
        let endpoint = Endpoint::try_from(format!("http://127.0.0.1:{}", self.port))?;
        let channel = endpoint.tcp_nodelay(true).connect().await?;
        let (up, said) = mpsc::channel(64);
        up.send(Up::Hello(self.hello())).await?;
        let mut client = ControlClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE);
        let mut down = client.join(ReceiverStream::new(said)).await?.into_inner();
        drop(dial);
        // What is reported is over by then: a report that lies ahead is refused.
        let mut beats = interval(BEAT_EVERY);
        let mut reports = interval_at(Instant::now() + REPORT_EVERY, REPORT_EVERY);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut arrival = Arrival::default();
        loop {
            tokio::select! {
                message = down.message() => self.hear(message?.context("the stream ended")?, &up, &mut arrival).await?,
                _ = beats.tick() => up.send(Up::Beat(self.beat())).await?,
                _ = reports.tick(), if self.order.is_some() => {
                    let report = self.report();
                    up.send(Up::Report(report)).await?;
                }
                Ok(()) = told.changed() => {
                    if self.number < told.borrow_and_update().back {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn hear(&mut self, message: Down, up: &mpsc::Sender<Up>, arrival: &mut Arrival) -> Result<()> {
        match message {
            Down::Welcome(welcome) if self.bundle == Some(welcome.bundle) => {
                up.send(Up::Ready(welcome.bundle)).await?
            }
            Down::Part(part) => {
                if let Some(bundle) = arrival.take(part).map_err(anyhow::Error::msg)? {
                    self.bundle = Some(bundle.hash);
                    self.reached.loaded.fetch_add(1, Relaxed);
                    up.send(Up::Ready(bundle.hash)).await?;
                }
            }
            Down::Assignment(order) => {
                self.order = Some(*order);
                self.reached.assigned.fetch_add(1, Relaxed);
            }
            Down::Ack(_) => drop(self.reached.merged.fetch_add(1, Relaxed)),
            Down::Dismiss(_, reason) => anyhow::bail!("sent away: {reason}"),
            _ => {}
        }
        Ok(())
    }

    fn hello(&self) -> Hello {
        Hello {
            name: format!("w{}", self.number),
            incarnation: self.incarnation,
            session: Uuid::new_v4(),
            version: "bench".into(),
            protocol_major: PROTOCOL_MAJOR,
            protocol_minor: PROTOCOL_MINOR,
            cores: 4,
            open_files: 20_000,
            mods: vec!["role".into()],
            bundle: self.bundle,
        }
    }

    fn beat(&self) -> Beat {
        let (run, epoch) = self.order.as_ref().map_or((Uuid::nil(), 0), |order| (order.run, order.epoch));
        Beat {
            sent: self.began.elapsed(),
            run,
            epoch,
            robots: self.census(),
            lag: Duration::from_micros(300),
            busy_permille: 400,
            settled: epoch,
            leaving: false,
            backlog: 0,
        }
    }

    fn census(&self) -> Vec<Census> {
        let robots = self.order.as_ref().map_or(0, |order| SlotShare::of(&order.slots).below(100_000));
        let mut census = Census::of("default");
        census.add(RobotState::Playing, robots);
        vec![census]
    }

    fn report(&mut self) -> Report {
        let (run, start) = self.order.as_ref().map(|order| (order.run, order.start)).unwrap_or_default();
        self.sequence += 1;
        let from = self.reported;
        self.reported += REPORT_EVERY;
        Report {
            run,
            sequence: self.sequence,
            from: start + from,
            to: start + self.reported,
            robots: self.census(),
            series: self.series.clone(),
            failures: Vec::new(),
            messages: Vec::new(),
            kept: Vec::new(),
            last: false,
            more: false,
        }
    }
}

/// A series with latencies as they come from a real target: most near a millisecond, some far away.
fn delta(worker: usize, series: usize, samples: usize) -> SeriesDelta {
    let mut rng = fastrand::Rng::with_seed((worker * 1_000 + series) as u64);
    let mut histogram = Histogram::new();
    for _ in 0..samples {
        let us = 300.0 * (1.0 / (1.0 - rng.f64() * 0.9999)).powf(0.7);
        histogram.record(Duration::from_micros(us as u64 + rng.u64(0..300)));
    }
    SeriesDelta {
        series: Series::new(Kind::Request, format!("Request{series}")),
        ok: histogram.to_sparse(),
        failed: Sparse::default(),
        response: Sparse::default(),
        bytes_sent: 4_000,
        bytes_received: 9_000,
    }
}
