//! Robots of several workers that meet through the master: over real streams, with losses, foreign runs and floods.

use std::time::Duration;

use crate::common::fake::{Worker, hello, next, open, over};
use crate::common::{Master, config, plan};
use proto::talk::{Ask, Asks, Gather, MOST_IN_BATCH, Tell};
use proto::{Down, Up};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tonic::Streaming;
use uuid::Uuid;

const S: Duration = Duration::from_secs(1);

/// A worker that says what the test wants, and beats by itself.
struct Talker {
    up: mpsc::Sender<Up>,
    down: Streaming<Down>,
    run: Uuid,
}

impl Talker {
    async fn join(master: &Master, name: &str) -> Self {
        let (up, mut down) = open(over(&master.network).await, vec![Up::Hello(hello(name))]).await;
        let Some(Down::Part(part)) = next(&mut down).await else { panic!("no bundle") };
        up.send(Up::Ready(part.bundle)).await.unwrap();
        Self { up, down, run: Uuid::nil() }
    }

    /// Waits for its assignment, and beats from then on.
    async fn assigned(&mut self) {
        let (run, epoch) = loop {
            match next(&mut self.down).await {
                Some(Down::Assignment(order)) => break (order.run, order.epoch),
                Some(_) => {}
                None => panic!("no assignment"),
            }
        };
        self.run = run;
        let up = self.up.downgrade();
        tokio::spawn(async move {
            let mut beats = interval(S / 2);
            loop {
                beats.tick().await;
                let Some(up) = up.upgrade() else { return };
                let zero = Duration::ZERO;
                let beat = proto::message::Beat {
                    sent: zero,
                    run,
                    epoch,
                    robots: vec![],
                    lag: zero,
                    busy_permille: 0,
                    settled: epoch,
                    leaving: false,
                    backlog: 0,
                };
                if up.send(Up::Beat(beat)).await.is_err() {
                    return;
                }
            }
        });
    }

    async fn ask(&self, list: Vec<Ask>) {
        let asks = Asks { run: self.run, seen: u64::MAX, restating: false, list };
        // The master may have sent it home.
        _ = self.up.send(Up::Groups(asks)).await;
    }

    async fn told(&mut self) -> Vec<Tell> {
        let tells = async {
            loop {
                let told = next(&mut self.down).await.expect("the stream stands");
                if let Down::Groups(tells) = told {
                    return tells.list;
                }
            }
        };
        timeout(20 * S, tells).await.expect("an answer in time")
    }
}

fn gather(robot: u64, key: &str, size: u32) -> Ask {
    Ask::Gather(Gather { robot, ticket: robot + 1, key: key.into(), size, timeout: 10 * S })
}

async fn pair() -> (Master, Talker, Talker) {
    let master = Master::start(config(2, plan(10, 10.0, 30)));
    let mut ann = Talker::join(&master, "ann").await;
    let mut bob = Talker::join(&master, "bob").await;
    ann.assigned().await;
    bob.assigned().await;
    (master, ann, bob)
}

#[tokio::test(start_paused = true)]
async fn a_group_spans_two_workers_and_shares_a_board_and_topics() {
    let (_master, mut ann, mut bob) = pair().await;
    ann.ask(vec![gather(0, "party", 2), Ask::Subscribe("war".into())]).await;
    bob.ask(vec![gather(1, "party", 2)]).await;
    let formed =
        |yours: u64| Tell::Formed { group: 1, members: [0, 1].into(), yours: vec![(yours, yours + 1)] };
    // Who came first is a matter of the two streams.
    let turned =
        |yours: u64| Tell::Formed { group: 1, members: [1, 0].into(), yours: vec![(yours, yours + 1)] };
    let (heard, other) = (ann.told().await, bob.told().await);
    assert!((heard == [formed(0)] && other == [formed(1)]) || (heard == [turned(0)] && other == [turned(1)]));
    let set = Ask::Set { robot: 1, group: 1, key: "map".into(), value: "\"ice\"".into() };
    bob.ask(vec![set, Ask::Publish { robot: 1, topic: "war".into(), value: "1".into() }]).await;
    let map = Tell::Set { group: 1, key: "map".into(), value: "\"ice\"".into() };
    let war = Tell::Published { topic: "war".into(), robot: 1, value: "1".into() };
    assert_eq!(ann.told().await, [map.clone(), war]);
    assert_eq!(bob.told().await, [map]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_lost_while_its_robots_wait_is_in_no_group() {
    let (_master, mut ann, bob) = pair().await;
    bob.ask(vec![gather(1, "party", 2)]).await;
    // Its answer shows that the master has heard the first.
    let mut bob = bob;
    bob.ask(vec![gather(3, "alone", 1)]).await;
    bob.told().await;
    drop(bob);
    tokio::time::sleep(2 * proto::message::BREAK_GRACE).await; // until then it could come back
    ann.ask(vec![gather(0, "party", 2)]).await;
    assert_eq!(ann.told().await, [Tell::Expired { robot: 0, ticket: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn asks_of_an_unknown_run_go_nowhere() {
    let (_master, mut ann, bob) = pair().await;
    let list = vec![gather(1, "party", 2)];
    bob.up.send(Up::Groups(Asks { run: Uuid::new_v4(), list, ..Asks::default() })).await.unwrap();
    ann.ask(vec![gather(0, "party", 2)]).await;
    assert_eq!(ann.told().await, [Tell::Expired { robot: 0, ticket: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_floods_and_never_reads_harms_nobody() {
    let master = Master::start(config(3, plan(10, 10.0, 20)));
    let mut ann = Talker::join(&master, "ann").await;
    let good = Worker::join(&master.network, "bob").await;
    let mut mad = Talker::join(&master, "mad").await;
    ann.assigned().await;
    mad.assigned().await;
    ann.ask(vec![Ask::Subscribe("war".into())]).await;
    let heavy = Ask::Publish { robot: 2, topic: "war".into(), value: "7".repeat(65_536).into() };
    for round in 0..900u64 {
        mad.ask(match round % 3 {
            0 => vec![gather(2, "party", 1); MOST_IN_BATCH],
            1 => vec![gather(0, "not mine", 2); MOST_IN_BATCH],
            _ => vec![heavy.clone(); 8],
        })
        .await;
    }
    ann.ask(vec![gather(0, "mine", 1)]).await;
    let mine = async {
        loop {
            let told = ann.told().await;
            let seen = u64::MAX;
            ann.up.send(Up::Groups(Asks { run: ann.run, seen, ..Asks::default() })).await.unwrap();
            if told.iter().any(|tell| matches!(tell, Tell::Formed { yours, .. } if yours[0].0 == 0)) {
                return;
            }
        }
    };
    timeout(15 * S, mine).await.expect("ann's robot is answered");
    drop((ann, mad));
    assert_eq!(master.summary().await.losses.len(), 2, "those two, and the run goes on with bob");
    assert!(good.ended().await.dismissed.is_some());
}
