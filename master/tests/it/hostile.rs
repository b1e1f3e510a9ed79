//! Hostile peers of the workers' port. For each: no panic, no hang over 2 s, less than 32 MiB more memory, a named error,
//! and a run beside it that passes with exact totals. Where each is tried:
//!
//! | what comes                              | test                                                              |
//! |-----------------------------------------|-------------------------------------------------------------------|
//! | 1 plain HTTP/1, 2 TLS, 3 random bytes   | `refusal::connections_that_are_no_worker_s_are_closed...`          |
//! | 4 10,000 idle connections               | `ten_thousand_idle_connections...`                                |
//! | 5 CONTINUATION flood                    | `headers_that_never_end...`, `each_flood_is_answered_by_name`     |
//! | 6 100,000 streams opened and reset      | `streams_that_are_opened_and_reset...`, `each_flood...`           |
//! | 7 PING and SETTINGS flood               | `pings_and_settings...`, `a_peer_that_floods_and_reads_nothing...` |
//! | 8 length prefix of 4 GiB                | `lengths_that_lie...`, `messages::what_is_no_message...`          |
//! | 9 gzip bomb                             | `a_bomb_is_not_unpacked...`, `messages::what_is_compressed...`    |
//! | 10 stream without Hello                 | `refusal::each_is_told_why...`                                    |
//! | 11 Hello with a bad name                | `messages::what_is_no_message...`; proto `a_worker_name_can...`    |
//! | 12 one name twice, 13 another protocol  | `refusal::each_is_told_why...`                                    |
//! | 14 certificates and tokens              | nowhere: there are none yet                                       |
//! | 15 sequences 0, repeated, skipped, MAX  | `reports::a_number_that_is_not_next...`                           |
//! | 16 foreign run, old epoch               | `reports::what_belongs_to_another_run...`                         |
//! | 17 counts and histograms that can't be  | `reports::figures_that_nobody_measured...`; proto, totals         |
//! | 17 a million names                      | `reports::a_million_names...`; totals `names_beyond_the_cap...`     |
//! | 17 wide histograms of them              | `wide::...`                                                       |
//! | 18 names that act                       | `reports::names_that_act...`, `outputs::a_name_from_a_peer...`    |
//! | 19 more robots than assigned            | `reports::more_robots_than_assigned...`                           |
//! | 20 100,000 beats a second               | `a_hundred_thousand_beats...`                                     |

mod floods;
mod mad;
mod messages;
mod reports;
mod wide;

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use proto::message::{Beat, Down, Up};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

use crate::common::LONG;
use crate::common::fake::{Worker, hello, open};
use crate::common::process::{Output, Running, end, requests};

/// The longest that the master may not answer.
const MOST_SILENCE: Duration = Duration::from_secs(2);

/// What a hostile peer may cost.
const MOST_MEMORY: u64 = 32 << 20;

/// No kind of fault is logged more often than a few times.
const MOST_LINES: usize = 30;

/// A master as a process with a run that goes on, and a peer that asks for an echo all the time.
struct Scene {
    master: Running,
    folder: tempfile::TempDir,
    ann: Worker,
    canary: Canary,
    log: JoinHandle<String>,
    output: Output,
    before: u64,
}

impl Scene {
    async fn start() -> Self {
        Self::with(1).await
    }

    /// A run that begins with so many workers; ann is one of them.
    async fn with(workers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workers = workers.to_string();
        let args =
            ["--headless", "--users", "20", "--spawn-rate", "100", "--json", "run.json", "--csv", "run"];
        let args = [&args[..], &["--expect-workers", &workers]].concat();
        let mut master = Running::start(&args, folder.path());
        let canary = Canary::dial(master.port).await;
        let ann = Worker::dial(master.port, "ann").await;
        let (log, output, before) = (master.drain_log(), master.drain_output(), master.memory("VmRSS"));
        Self { master, folder, ann, canary, log, output, before }
    }

    fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.master.port).into()
    }

    /// Lets the flood pass and checks what became of the run.
    async fn stands(mut self, flood: impl Future<Output = ()>) -> After {
        tokio::select! {
            flooded = timeout(LONG, flood) => flooded.expect("the flood passes"),
            () = self.canary.sing() => {}
        }
        let grown = self.master.memory("VmHWM").saturating_sub(self.before);
        assert!(grown < MOST_MEMORY, "it took {grown} bytes more");
        self.canary.echo().await;
        self.passes().await
    }

    async fn passes(self) -> After {
        let Self { master, folder, ann, log, output: Output { table, text }, .. } = self;
        let stopped = tokio::task::spawn_blocking(move || {
            table.recv_timeout(LONG).expect("a table of two seconds");
            master.signal("-TERM");
            master
        });
        let (code, _) = end(stopped.await.unwrap()).await;
        let (text, log) = (text.join().unwrap(), log.join().unwrap());
        assert_eq!(code, Some(0), "{text}\n{log}");
        assert_eq!(requests(folder.path()), ann.ended().await.samples.len() as u64);
        assert!(log.lines().count() < MOST_LINES && !log.contains("panicked"), "{log}");
        After { log, text, folder }
    }
}

/// What a run left.
struct After {
    log: String,
    text: String,
    folder: tempfile::TempDir,
}

/// A peer that is no hostile one: it said who it is, and beats.
struct Canary {
    up: mpsc::Sender<Up>,
    down: Streaming<Down>,
}

impl Canary {
    async fn dial(port: u16) -> Self {
        let (up, down) = open(channel(port).await, vec![Up::Hello(hello("canary"))]).await;
        Self { up, down }
    }

    async fn echo(&mut self) {
        self.up.send(beat(Uuid::nil(), 0)).await.unwrap();
        let answered = async { while !matches!(self.down.message().await.unwrap(), Some(Down::Echo(_))) {} };
        timeout(MOST_SILENCE, answered).await.expect("the master answers in time");
    }

    /// Asks for one echo after the other, for ever.
    async fn sing(&mut self) {
        let mut paces = interval(Duration::from_millis(20));
        loop {
            paces.tick().await;
            self.echo().await;
        }
    }
}

async fn channel(port: u16) -> Channel {
    Endpoint::try_from(format!("http://127.0.0.1:{port}")).unwrap().connect().await.unwrap()
}

async fn connect(address: SocketAddr) -> TcpStream {
    timeout(MOST_SILENCE, TcpStream::connect(address)).await.expect("a connection in time").unwrap()
}

fn beat(run: Uuid, epoch: u64) -> Up {
    Up::Beat(Beat {
        sent: Duration::ZERO,
        run,
        epoch,
        robots: vec![],
        lag: Duration::ZERO,
        busy_permille: 0,
        settled: epoch,
        leaving: false,
        backlog: 0,
    })
}
