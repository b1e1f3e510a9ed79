//! Whatever workers ask in whatever order: every waiting gets one answer at most, groups are whole and in order of
//! coming, and whoever is lost is nowhere.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Gather { robot: u64, key: u8, timeout: u64 },
    Cancel(usize),
    Gone(u64),
    Quit { robot: u64, group: u64 },
    Lose(u32),
    Join(u32),
    Foreign(u64),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..12u64, 0..3u8, 0..8u64).prop_map(|(robot, key, timeout)| Step::Gather { robot, key, timeout }),
        2 => (0..40usize).prop_map(Step::Cancel),
        2 => (0..12u64).prop_map(Step::Gone),
        2 => (0..12u64, 0..6u64).prop_map(|(robot, group)| Step::Quit { robot, group }),
        1 => (0..3u32).prop_map(Step::Lose),
        1 => (0..3u32).prop_map(Step::Join),
        1 => (0..12u64).prop_map(Step::Foreign),
        3 => (1..4u64).prop_map(Step::Pass),
    ]
}

/// A robot's worker; the keys' sizes are 2, 3 and 4.
fn peer_of(robot: u64) -> Peer {
    Peer((robot % 3) as u32)
}

/// What was heard of the hub.
#[derive(Default)]
struct Heard {
    /// Robots of each ticket, in the order of asking.
    asked: Vec<(u64, u8)>,
    groups: BTreeMap<u64, Vec<u64>>,
    answers: BTreeMap<u64, usize>,
}

impl Heard {
    fn take(&mut self, hub: &mut Hub) {
        for peer in (0..3).map(Peer) {
            let told: Vec<_> = std::iter::from_fn(|| hub.take(peer)).flat_map(|tells| tells.list).collect();
            told.into_iter().for_each(|tell| self.note(tell));
        }
    }

    fn note(&mut self, tell: Tell) {
        match tell {
            Tell::Formed { group, members, yours } => {
                assert_eq!(self.groups.entry(group).or_insert(members.to_vec()), &members.to_vec());
                for (robot, ticket) in yours {
                    assert!(members.contains(&robot));
                    assert_eq!(members.len(), usize::from(self.asked[ticket as usize].1) + 2);
                    *self.answers.entry(ticket).or_default() += 1;
                }
            }
            Tell::Expired { ticket, .. } | Tell::Denied { ticket, .. } => {
                *self.answers.entry(ticket).or_default() += 1;
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn everybody_gets_one_answer_and_every_group_is_whole(steps in prop::collection::vec(step(), 0..120)) {
        let (mut hub, mut heard, mut now) = (Hub::new(Uuid::nil()), Heard::default(), Duration::ZERO);
        let mut lost = BTreeSet::new();
        (0..3).map(Peer).for_each(|peer| hub.joined(peer));
        for step in steps {
            let ask = |robot| Asks { seen: u64::MAX, list: vec![robot], ..Asks::default() };
            match step {
                Step::Gather { robot, key, timeout } => {
                    let ticket = heard.asked.len() as u64;
                    heard.asked.push((robot, key));
                    let (key, size) = (format!("key {key}").into(), u32::from(key) + 2);
                    let gather = Gather { robot, ticket, key, size, timeout: S * timeout as u32 };
                    hub.hear(now, peer_of(robot), ask(Ask::Gather(gather))).unwrap();
                }
                Step::Cancel(ticket) => {
                    if let Some((robot, _)) = heard.asked.get(ticket) {
                        let cancel = Ask::Cancel { robot: *robot, ticket: ticket as u64 };
                        hub.hear(now, peer_of(*robot), ask(cancel)).unwrap();
                    }
                }
                Step::Gone(robot) => hub.hear(now, peer_of(robot), ask(Ask::Gone { robot })).unwrap(),
                Step::Quit { robot, group } => {
                    hub.hear(now, peer_of(robot), ask(Ask::Quit { robot, group })).unwrap();
                }
                Step::Lose(peer) => {
                    heard.take(&mut hub);
                    hub.lost(Peer(peer));
                    lost.insert(peer);
                    let left = |robot: &u64| peer_of(*robot) == Peer(peer);
                    prop_assert!(!hub.robots.keys().any(left));
                }
                Step::Join(peer) => {
                    if lost.remove(&peer) {
                        hub.joined(Peer(peer));
                    }
                }
                Step::Foreign(robot) => {
                    let asks = Asks { run: Uuid::from_u128(1), ..ask(Ask::Gone { robot }) };
                    prop_assert!(hub.hear(now, peer_of(robot), asks).is_err());
                }
                Step::Pass(seconds) => {
                    now += S * seconds as u32;
                    hub.tick(now);
                }
            }
            heard.take(&mut hub);
        }
        prop_assert!(heard.answers.values().all(|answers| *answers == 1), "{:?}", heard.answers);
        for members in heard.groups.values() {
            prop_assert_eq!(members.iter().collect::<BTreeSet<_>>().len(), members.len(), "nobody twice");
        }
        (0..3).map(Peer).for_each(|peer| hub.lost(peer));
        prop_assert_eq!((hub.waiting(), hub.groups(), hub.robots.len()), (0, 0, 0));
        prop_assert!(hub.next_due().is_none());
    }
}
