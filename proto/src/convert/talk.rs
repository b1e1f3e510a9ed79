//! What robots say to each other, there and back. In: texts, sizes and counts are bounded before anybody sees them.

use std::sync::Arc;
use std::time::Duration;

use super::{Malformed, Wire, all_into, malformed, missing, us, uuid};
use crate::pb;
use crate::talk::{Ask, Asks, Denial, Gather, LARGEST_BATCH, LARGEST_VALUE, MOST_IN_BATCH, Tell, Tells};

/// What a message weighs at most: it is closed by the entry that takes it beyond [`LARGEST_BATCH`].
const HEAVIEST: usize = LARGEST_BATCH + 8 * LARGEST_VALUE;

/// Each of a message's entries, if they are not too many and weigh not too much.
fn batch<T: Wire>(
    field: &'static str,
    list: Vec<T::Pb>,
    weight: impl Fn(&T) -> usize,
) -> Result<Vec<T>, Malformed> {
    if list.len() > MOST_IN_BATCH {
        return Err(malformed(field, format!("{} entries; at most {MOST_IN_BATCH} are taken", list.len())));
    }
    let list: Vec<_> = list.into_iter().map(T::from_wire).collect::<Result<_, _>>()?;
    match list.iter().map(weight).sum::<usize>() {
        bytes if bytes > HEAVIEST => {
            Err(malformed(field, format!("{bytes} bytes; at most {HEAVIEST} are taken")))
        }
        _ => Ok(list),
    }
}

impl Wire for Asks {
    type Pb = pb::Asks;

    fn into_wire(self) -> pb::Asks {
        pb::Asks {
            run: self.run.as_bytes().to_vec(),
            seen: self.seen,
            restating: self.restating,
            list: all_into(self.list),
        }
    }

    fn from_wire(pb: pb::Asks) -> Result<Self, Malformed> {
        Ok(Self {
            run: uuid("run", &pb.run)?,
            seen: pb.seen,
            restating: pb.restating,
            list: batch("asks", pb.list, Ask::weight)?,
        })
    }
}

impl Wire for Tells {
    type Pb = pb::Tells;

    fn into_wire(self) -> pb::Tells {
        pb::Tells { run: self.run.as_bytes().to_vec(), number: self.number, list: all_into(self.list) }
    }

    fn from_wire(pb: pb::Tells) -> Result<Self, Malformed> {
        let list = batch("tells", pb.list, Tell::weight)?;
        Ok(Self { run: uuid("run", &pb.run)?, number: pb.number, list })
    }
}

impl Wire for Ask {
    type Pb = pb::Ask;

    fn into_wire(self) -> pb::Ask {
        use pb::ask::Kind;
        let member = |robot, group| pb::Membership { robot, group };
        let kind = match self {
            Self::Gather(gather) => Kind::Gather(gather.into_wire()),
            Self::Cancel { robot, ticket } => Kind::Cancel(pb::Waiting { robot, ticket }),
            Self::Hold { robot, group } => Kind::Hold(member(robot, group)),
            Self::Quit { robot, group } => Kind::Quit(member(robot, group)),
            Self::Gone { robot } => Kind::Gone(robot),
            Self::Publish { robot, topic, value } => Kind::Publish(message(robot, &topic, &value)),
            Self::Subscribe(topic) => Kind::Subscribe(topic.to_string()),
            Self::Unsubscribe(topic) => Kind::Unsubscribe(topic.to_string()),
            Self::Set { robot, group, key, value } => Kind::Set(entry(robot, group, &key, &value)),
        };
        pb::Ask { kind: Some(kind) }
    }

    fn from_wire(pb: pb::Ask) -> Result<Self, Malformed> {
        use pb::ask::Kind;
        let ask = match pb.kind.ok_or_else(|| missing("ask"))? {
            Kind::Gather(gather) => Self::Gather(Gather::from_wire(gather)?),
            Kind::Cancel(pb::Waiting { robot, ticket }) => Self::Cancel { robot, ticket },
            Kind::Hold(pb::Membership { robot, group }) => Self::Hold { robot, group },
            Kind::Quit(pb::Membership { robot, group }) => Self::Quit { robot, group },
            Kind::Gone(robot) => Self::Gone { robot },
            Kind::Publish(pb::TopicMessage { robot, topic, value }) => {
                Self::Publish { robot, topic: topic.into(), value: value.into() }
            }
            Kind::Subscribe(topic) => Self::Subscribe(topic.into()),
            Kind::Unsubscribe(topic) => Self::Unsubscribe(topic.into()),
            Kind::Set(pb::BoardEntry { robot, group, key, value }) => {
                Self::Set { robot, group, key: key.into(), value: value.into() }
            }
        };
        ask.check().map_err(|e| malformed("ask", e))?;
        Ok(ask)
    }
}

impl Wire for Gather {
    type Pb = pb::Gather;

    fn into_wire(self) -> pb::Gather {
        let Self { robot, ticket, key, size, timeout } = self;
        pb::Gather { robot, ticket, key: key.to_string(), size, timeout_us: us(timeout) }
    }

    fn from_wire(pb: pb::Gather) -> Result<Self, Malformed> {
        let timeout = Duration::from_micros(pb.timeout_us);
        Ok(Self { robot: pb.robot, ticket: pb.ticket, key: pb.key.into(), size: pb.size, timeout })
    }
}

impl Wire for Tell {
    type Pb = pb::Tell;

    fn into_wire(self) -> pb::Tell {
        use pb::tell::Kind;
        let kind = match self {
            Self::Formed { group, members, yours } => Kind::Formed(pb::Formed {
                group,
                members: members.to_vec(),
                yours: yours.into_iter().map(|(robot, ticket)| pb::Waiting { robot, ticket }).collect(),
            }),
            Self::Expired { robot, ticket } => Kind::Expired(pb::Waiting { robot, ticket }),
            Self::Denied { robot, ticket, about, why } => {
                let why = pb::Denial::from(why).into();
                Kind::Denied(pb::Denied { robot, ticket, about: about.to_string(), why })
            }
            Self::Published { topic, robot, value } => Kind::Published(message(robot, &topic, &value)),
            Self::Set { group, key, value } => Kind::Set(entry(0, group, &key, &value)),
            Self::Left { group, robot } => Kind::Left(pb::Membership { robot, group }),
        };
        pb::Tell { kind: Some(kind) }
    }

    fn from_wire(pb: pb::Tell) -> Result<Self, Malformed> {
        use pb::tell::Kind;
        let tell = match pb.kind.ok_or_else(|| missing("tell"))? {
            Kind::Formed(formed) => Self::Formed {
                group: formed.group,
                members: formed.members.into(),
                yours: formed.yours.into_iter().map(|yours| (yours.robot, yours.ticket)).collect(),
            },
            Kind::Expired(pb::Waiting { robot, ticket }) => Self::Expired { robot, ticket },
            Kind::Denied(denied) => {
                let why = denial_from(denied.why())?;
                let about = denied.about.into();
                Self::Denied { robot: denied.robot, ticket: denied.ticket, about, why }
            }
            Kind::Published(pb::TopicMessage { robot, topic, value }) => {
                Self::Published { topic: topic.into(), robot, value: value.into() }
            }
            Kind::Set(pb::BoardEntry { group, key, value, .. }) => {
                Self::Set { group, key: key.into(), value: value.into() }
            }
            Kind::Left(pb::Membership { robot, group }) => Self::Left { group, robot },
        };
        tell.check().map_err(|e| malformed("tell", e))?;
        Ok(tell)
    }
}

fn message(robot: u64, topic: &Arc<str>, value: &Arc<str>) -> pb::TopicMessage {
    pb::TopicMessage { robot, topic: topic.to_string(), value: value.to_string() }
}

fn entry(robot: u64, group: u64, key: &Arc<str>, value: &Arc<str>) -> pb::BoardEntry {
    pb::BoardEntry { robot, group, key: key.to_string(), value: value.to_string() }
}

impl From<Denial> for pb::Denial {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Size => Self::Size,
            Denial::Twice => Self::Twice,
            Denial::TooMany => Self::TooMany,
            Denial::NoMember => Self::NoMember,
            Denial::BoardFull => Self::BoardFull,
            Denial::Behind => Self::Behind,
            Denial::NotYours => Self::NotYours,
        }
    }
}

fn denial_from(pb: pb::Denial) -> Result<Denial, Malformed> {
    Ok(match pb {
        pb::Denial::Unspecified => return Err(missing("denial")),
        pb::Denial::Size => Denial::Size,
        pb::Denial::Twice => Denial::Twice,
        pb::Denial::TooMany => Denial::TooMany,
        pb::Denial::NoMember => Denial::NoMember,
        pb::Denial::BoardFull => Denial::BoardFull,
        pb::Denial::Behind => Denial::Behind,
        pb::Denial::NotYours => Denial::NotYours,
    })
}

#[cfg(test)]
mod tests;
