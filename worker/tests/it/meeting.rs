//! A worker whose robots meet those of other workers, through a master that the test plays.

use std::time::Duration;

use crate::common::plan;
use crate::control::{Joined, start_with};
use proto::slots::SlotSet;
use proto::talk::{Ask, Asks, Gather, Tell, Tells};
use proto::{Down, Up};
use uuid::Uuid;
use worker::{Mod, Registry, Robot, Tasks, Wait};

const RUN: u128 = 1;

/// Meets one other, and writes on their board who they are.
#[derive(Default)]
struct Social;

impl Mod for Social {
    async fn start(&self, robot: &Robot) -> anyhow::Result<()> {
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::none()).task("meet", 1, async |_: &Self, robot: &Robot| {
            let pair = robot.gather("pair", 2, Duration::from_secs(10)).await?;
            pair.set("pair", pair.members().to_vec())?;
            let map = pair.wait_for("map", Duration::from_secs(10)).await?;
            pair.set("seen", serde_json::Value::clone(&map))?;
            robot.sleep(Duration::from_secs(60)).await;
            Ok(())
        })
    }
}

async fn asks(master: &mut Joined) -> Asks {
    master.next("asks", |up| if let Up::Groups(asks) = up { Some(asks) } else { None }).await
}

/// The next thing that is asked.
async fn ask(master: &mut Joined) -> (Asks, Ask) {
    loop {
        let mut asks = asks(master).await;
        assert_eq!(asks.run, Uuid::from_u128(RUN));
        if let Some(ask) = asks.list.pop() {
            return (asks, ask);
        }
    }
}

async fn waiting(master: &mut Joined) -> Gather {
    let (_, ask) = ask(master).await;
    let Ask::Gather(gather) = ask else { panic!("{ask:?}") };
    gather
}

async fn tell(master: &Joined, run: u128, number: u64, tell: Tell) {
    master.send(Down::Groups(Tells { run: Uuid::from_u128(run), number, list: vec![tell] })).await;
}

fn written(ask: Ask) -> String {
    let Ask::Set { robot: 0, group: 3, key, value } = ask else { panic!("{ask:?}") };
    format!("{key} {value}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_robots_ask_goes_to_the_master_and_its_answers_to_them() {
    let mut pair = start_with(Registry::default().with("social", Social::default)).await;
    let mut master = pair.joins.recv().await.unwrap();
    master.ready().await;
    let plan = plan("ws://127.0.0.1:1", "social", 1, 1_000.0, 20.0);
    master.assign(RUN, 1, &plan, SlotSet::all()).await;
    let first = waiting(&mut master).await;
    assert_eq!((first.robot, &*first.key, first.size), (0, "pair", 2));
    let formed = Tell::Formed { group: 3, members: [9, 0].into(), yours: vec![(0, first.ticket)] };
    tell(&master, RUN + 1, 1, Tell::Expired { robot: 0, ticket: first.ticket }).await;
    tell(&master, RUN, 1, formed).await;
    let (_, pair_of) = ask(&mut master).await;
    assert_eq!(written(pair_of), "pair [9,0]");
    tell(&master, RUN, 2, Tell::Set { group: 3, key: "map".into(), value: "\"ice\"".into() }).await;
    let (asks, seen) = ask(&mut master).await;
    assert_eq!((asks.seen, written(seen).as_str()), (2, "seen \"ice\""));
    // The stream breaks: its robots play on, and it says again what is so.
    drop(master);
    let mut again = pair.joins.recv().await.expect("it joins again");
    again.ready().await;
    again.assign(RUN, 2, &plan, SlotSet::all()).await;
    let (asks, held) = ask(&mut again).await;
    assert_eq!((asks.restating, held), (true, Ask::Hold { robot: 0, group: 3 }));
    // In another run all begins anew.
    again.welcome(RUN + 1).await;
    again.assign(RUN + 1, 1, &plan, SlotSet::all()).await;
    let anew = |up| {
        let Up::Groups(mut asks) = up else { return None };
        asks.list.pop().filter(|_| asks.run == Uuid::from_u128(RUN + 1))
    };
    let Ask::Gather(second) = again.next("asks of the other run", anew).await else { panic!("it waits") };
    assert_ne!(second.ticket, first.ticket);
}
