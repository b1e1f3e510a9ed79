//! What a thread's robots say when there is room and when there is none, and who hears what.

use super::*;
use crate::orders::Orders;

const RUN: Uuid = Uuid::from_u128(1);

/// A thread's context, and what its robots ask; there is room for so many asks.
fn context(room: usize) -> (Rc<Context>, mpsc::Receiver<Asked>) {
    let context = Rc::new(Context::new(&Orders::for_one(RUN), None).unwrap());
    let (asks, asked) = mpsc::channel(room);
    context.post.connect(Line { thread: 0, run: RUN, asks, tickets: Tickets::default() });
    (context, asked)
}

fn next(asked: &mut mpsc::Receiver<Asked>) -> Option<Ask> {
    asked.try_recv().ok().map(|asked| asked.ask)
}

fn tell(context: &Rc<Context>, news: News) {
    deliver(context, Letter { run: RUN, news });
}

fn formed(group: u64, yours: &[(u64, u64)]) -> News {
    News::Formed { group, members: [1, 2].into(), yours: yours.into() }
}

const WAIT: Duration = Duration::from_secs(5);

#[test]
fn what_finds_no_room_fails_and_goodbyes_are_kept_until_there_is() {
    let (context, mut asked) = context(1);
    let (ticket, _answer) = context.post.gather(1, "k", 2, WAIT).unwrap();
    let busy = context.post.gather(2, "k", 2, WAIT).map(drop).unwrap_err();
    assert_eq!(busy.to_string(), "`k`: not said: this worker's robots say more than can be sent");
    context.post.cancel(1, ticket);
    assert!(matches!(next(&mut asked), Some(Ask::Gather(_))));
    context.post.flush();
    assert_eq!(next(&mut asked), Some(Ask::Cancel { robot: 1, ticket }));
    context.post.cancel(1, ticket);
    assert_eq!(next(&mut asked), None, "it does not wait any more");
}

#[test]
fn without_anybody_who_listens_nothing_is_said() {
    assert!(Post::default().gather(1, "k", 2, WAIT).is_err());
}

#[test]
fn a_group_that_nobody_takes_is_left_again() {
    let (context, mut asked) = context(8);
    let (ticket, answer) = context.post.gather(1, "k", 2, WAIT).unwrap();
    next(&mut asked);
    // It has given up, and that is not known yet.
    drop(answer);
    tell(&context, formed(7, &[(1, ticket)]));
    assert_eq!(next(&mut asked), Some(Ask::Quit { robot: 1, group: 7 }));
    assert!(context.post.parties.borrow().is_empty() && context.post.members.borrow().is_empty());
}

#[test]
fn whoever_leaves_is_out_of_its_own_groups_only() {
    let (context, mut asked) = context(8);
    let mut answers: Vec<_> = Vec::new();
    for (group, robot) in [(7, 1), (7, 2), (8, 2)] {
        let (ticket, mut answer) = context.post.gather(robot, "k", 2, WAIT).unwrap();
        tell(&context, formed(group, &[(robot, ticket)]));
        let Ok(Answer::Formed(membership)) = answer.try_recv() else { panic!("no group") };
        answers.push(membership);
    }
    context.post.leave(1, &Ears::default());
    let left: Vec<_> = answers.iter().map(|membership| membership.party().left()).collect();
    assert_eq!(left, [vec![1], vec![1], vec![]]);
    while let Some(ask) = next(&mut asked) {
        assert!(matches!(ask, Ask::Gather(_) | Ask::Gone { robot: 1 }));
    }
    drop(answers);
    let quits = [next(&mut asked), next(&mut asked), next(&mut asked)];
    let quit = |group| Some(Ask::Quit { robot: 2, group });
    assert_eq!(quits, [quit(7), quit(8), None]);
}

#[test]
fn a_letter_of_another_run_is_thrown_away() {
    let (context, _asked) = context(8);
    let (ticket, mut answer) = context.post.gather(1, "k", 2, WAIT).unwrap();
    let news = News::Expired { robot: 1, ticket };
    deliver(&context, Letter { run: Uuid::nil(), news: news.clone() });
    assert!(answer.try_recv().is_err());
    tell(&context, news);
    assert!(matches!(answer.try_recv(), Ok(Answer::Expired)));
}

#[test]
fn a_thread_says_once_that_somebody_listens_and_once_that_nobody_does() {
    let (context, mut asked) = context(8);
    let ears = [Rc::new(Ears::default()), Rc::new(Ears::default())];
    context.post.subscribe(1, "war", &ears[0]).unwrap();
    context.post.subscribe(2, "war", &ears[1]).unwrap();
    let value = Arc::new(Value::from(5));
    tell(&context, News::Published { topic: "war".into(), robot: 1, value });
    assert!(ears[0].take().is_none(), "its own words");
    assert_eq!(ears[1].take().map(|heard| heard.value), Some(Arc::new(Value::from(5))));
    context.post.leave(1, &ears[0]);
    context.post.leave(2, &ears[1]);
    let expected = [Ask::Subscribe("war".into()), Ask::Gone { robot: 1 }, Ask::Unsubscribe("war".into())];
    assert_eq!(std::iter::from_fn(|| next(&mut asked)).take(3).collect::<Vec<_>>(), expected);
}
