//! What a hub hears of a worker's robots, and what its threads hear of the hub.

use proto::talk::Denial;

use super::*;

/// An exchange with two threads, for run 1.
struct Scene {
    exchange: Exchange,
    asks: mpsc::Sender<Asked>,
    letters: Vec<mpsc::Receiver<Letter>>,
}

const RUN: Uuid = Uuid::from_u128(1);

impl Scene {
    fn new() -> Self {
        let (asks, asked) = mpsc::channel(ASKS);
        let (senders, letters): (Vec<_>, Vec<_>) = [mpsc::channel(2), mpsc::channel(2)].into_iter().unzip();
        let mut exchange = Exchange::new(asked, senders.into_iter());
        exchange.open(RUN);
        Self { exchange, asks, letters }
    }

    /// What a hub hears when robots ask this, each with its thread.
    async fn ask(&mut self, asks: Vec<(usize, Ask)>) -> Vec<Asks> {
        let none = asks.is_empty();
        for (thread, ask) in asks {
            self.asks.send(Asked { thread, run: RUN, ask }).await.unwrap();
        }
        if !none {
            self.exchange.work().await;
        }
        tokio::time::advance(PACE).await;
        std::iter::from_fn(|| self.exchange.next_asks()).collect()
    }

    fn tell(&mut self, number: u64, list: Vec<Tell>) {
        self.exchange.hear(Tells { run: RUN, number, list });
    }

    fn letter(&mut self, thread: usize) -> Option<News> {
        self.letters[thread].try_recv().ok().map(|letter| letter.news)
    }
}

fn gather(robot: u64, ticket: u64) -> Ask {
    let timeout = Duration::from_secs(5);
    Ask::Gather(Gather { robot, ticket, key: "party".into(), size: 2, timeout })
}

#[tokio::test(start_paused = true)]
async fn a_hub_hears_of_a_topic_once_and_every_listening_thread_of_its_messages() {
    let mut scene = Scene::new();
    let subscribe = || Ask::Subscribe("war".into());
    let heard = scene.ask(vec![(0, subscribe()), (1, subscribe())]).await;
    assert_eq!(heard[0].list, [subscribe()]);
    let war = Tell::Published { topic: "war".into(), robot: 9, value: "[1]".into() };
    let broken = Tell::Published { topic: "war".into(), robot: 9, value: "[1".into() };
    scene.tell(1, vec![broken, war]);
    for thread in 0..2 {
        let Some(News::Published { robot: 9, value, .. }) = scene.letter(thread) else { panic!("no letter") };
        assert_eq!(*value, serde_json::json!([1]));
    }
    let unsubscribe = || Ask::Unsubscribe("war".into());
    assert_eq!(scene.ask(vec![(0, unsubscribe())]).await[0].list, []);
    assert_eq!(scene.ask(vec![(1, unsubscribe())]).await[0].list, [unsubscribe()]);
}

#[tokio::test(start_paused = true)]
async fn a_group_reaches_the_threads_of_its_members_and_nobody_else() {
    let mut scene = Scene::new();
    scene.ask(vec![(0, gather(1, 1)), (1, gather(2, 1))]).await;
    let members: Arc<[u64]> = [1, 7].into();
    scene.tell(1, vec![Tell::Formed { group: 4, members, yours: vec![(1, 1), (2, 99)] }]);
    let set = Tell::Set { group: 4, key: "map".into(), value: "1".into() };
    scene.tell(2, vec![set, Tell::Expired { robot: 2, ticket: 1 }]);
    assert!(matches!(scene.letter(0), Some(News::Formed { yours, .. }) if yours == [(1, 1)]));
    assert!(matches!(scene.letter(0), Some(News::Set { group: 4, .. })));
    assert!(matches!(scene.letter(1), Some(News::Expired { robot: 2, ticket: 1 })));
    assert!(scene.letter(0).is_none() && scene.letter(1).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_new_stream_is_told_what_is_so_and_then_what_was_not_said() {
    let mut scene = Scene::new();
    scene.ask(vec![(0, gather(1, 1)), (0, gather(3, 2)), (1, Ask::Subscribe("war".into()))]).await;
    scene.tell(1, vec![Tell::Formed { group: 4, members: [3, 7].into(), yours: vec![(3, 2)] }]);
    scene.exchange.close();
    let publish = || Ask::Publish { robot: 1, topic: "war".into(), value: "1".into() };
    assert!(scene.ask(vec![(0, gather(5, 3)), (0, publish()), (0, Ask::Gone { robot: 5 })]).await.is_empty());
    tokio::time::advance(Duration::from_secs(1)).await;
    scene.exchange.open(RUN);
    let heard = scene.ask(vec![]).await;
    assert_eq!((heard[0].restating, heard[0].seen), (true, 0));
    let Ask::Gather(again) = &heard[0].list[2] else { panic!("{heard:?}") };
    assert!(again.timeout < Duration::from_secs(4) && (again.robot, again.ticket) == (1, 1));
    assert_eq!(heard[0].list[..2], [Ask::Subscribe("war".into()), Ask::Hold { robot: 3, group: 4 }]);
    let rest = scene.ask(vec![]).await;
    assert_eq!(rest[0], Asks { run: RUN, seen: 0, restating: false, list: vec![publish()] });
}

#[tokio::test(start_paused = true)]
async fn the_hub_is_not_told_that_it_was_heard_while_a_thread_has_no_room() {
    let mut scene = Scene::new();
    scene.ask(vec![(0, Ask::Subscribe("war".into()))]).await;
    let message = |n: u64| Tell::Published { topic: "war".into(), robot: 9, value: n.to_string().into() };
    scene.tell(1, (0..3).map(message).collect());
    assert!(scene.ask(vec![]).await.is_empty());
    assert!(scene.letter(0).is_some());
    scene.exchange.work().await;
    assert_eq!(scene.ask(vec![]).await[0].seen, 1);
}

#[tokio::test(start_paused = true)]
async fn another_run_s_asks_and_tells_go_nowhere() {
    let mut scene = Scene::new();
    let old = Uuid::from_u128(9);
    scene.ask(vec![(0, Ask::Subscribe("war".into()))]).await;
    scene.asks.send(Asked { thread: 0, run: old, ask: gather(1, 1) }).await.unwrap();
    scene.exchange.work().await;
    assert!(scene.ask(vec![]).await.is_empty());
    let list = vec![Tell::Published { topic: "war".into(), robot: 9, value: "1".into() }];
    scene.exchange.hear(Tells { run: old, number: 1, list });
    assert!(scene.letter(0).is_none());
    scene.exchange.open(old);
    assert_eq!(scene.ask(vec![]).await[0], Asks { run: old, ..Asks::default() }, "of run 1 nothing is left");
}

#[tokio::test(start_paused = true)]
async fn a_denial_of_what_nobody_waits_for_is_counted_by_some_thread() {
    let mut scene = Scene::new();
    let why = Denial::Behind;
    scene.tell(1, vec![Tell::Denied { robot: 5, ticket: 0, about: "war".into(), why }]);
    assert!(matches!(scene.letter(0), Some(News::Denied { ticket: 0, why: Denial::Behind, .. })));
}
