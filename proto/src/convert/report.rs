//! Reports and what they hold, to and from the wire.

use std::time::Duration;

use super::{Malformed, Wire, all_from, all_into, malformed, missing, name, us, uuid};
use crate::histogram::Sparse;
use crate::pb;
use crate::report::{
    Census, FailureDelta, KeptFailure, LONGEST_EXAMPLE, MOST_LINES, MessageDelta, Report, SeriesDelta,
};
use crate::series::{FailureClass, Kind, RobotState, Series};

impl Wire for Census {
    type Pb = pb::Census;

    fn into_wire(self) -> pb::Census {
        pb::Census { by_state: RobotState::ALL.map(|state| self.get(state)).to_vec(), class: self.class }
    }

    fn from_wire(pb: pb::Census) -> Result<Self, Malformed> {
        let mut census = Self::of(name("class", pb.class)?);
        RobotState::ALL.into_iter().zip(pb.by_state).for_each(|(state, n)| census.add(state, n));
        Ok(census)
    }
}

impl Wire for Report {
    type Pb = pb::Report;

    fn into_wire(self) -> pb::Report {
        pb::Report {
            run: self.run.as_bytes().to_vec(),
            sequence: self.sequence,
            master_from_us: us(self.from),
            master_to_us: us(self.to),
            robots: all_into(self.robots),
            series: all_into(self.series),
            failures: all_into(self.failures),
            messages: all_into(self.messages),
            kept: all_into(self.kept),
            last: self.last,
            more: self.more,
        }
    }

    fn from_wire(pb: pb::Report) -> Result<Self, Malformed> {
        Ok(Self {
            run: uuid("run", &pb.run)?,
            sequence: pb.sequence,
            from: Duration::from_micros(pb.master_from_us),
            to: Duration::from_micros(pb.master_to_us),
            robots: all_from("robots", pb.robots)?,
            series: all_from("series", pb.series)?,
            failures: all_from("failures", pb.failures)?,
            messages: all_from("messages", pb.messages)?,
            kept: all_from("kept failures", pb.kept)?,
            last: pb.last,
            more: pb.more,
        })
    }
}

impl Wire for SeriesDelta {
    type Pb = pb::SeriesDelta;

    fn into_wire(self) -> pb::SeriesDelta {
        pb::SeriesDelta {
            kind: pb::Kind::from(self.series.kind).into(),
            name: self.series.name,
            ok: some(self.ok),
            failed: some(self.failed),
            response: some(self.response),
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
        }
    }

    fn from_wire(pb: pb::SeriesDelta) -> Result<Self, Malformed> {
        Ok(Self {
            series: Series { kind: kind_from(pb.kind())?, name: name("series name", pb.name)? },
            ok: sparse(pb.ok)?,
            failed: sparse(pb.failed)?,
            response: sparse(pb.response)?,
            bytes_sent: pb.bytes_sent,
            bytes_received: pb.bytes_received,
        })
    }
}

/// A histogram's twin, if it counts anything.
fn some(sparse: Sparse) -> Option<Box<pb::Sparse>> {
    (!sparse.buckets.is_empty()).then(|| Box::new(sparse.into_wire()))
}

fn sparse(pb: Option<Box<pb::Sparse>>) -> Result<Sparse, Malformed> {
    Sparse::from_wire(pb.map_or_else(pb::Sparse::default, |pb| *pb))
}

impl Wire for KeptFailure {
    type Pb = pb::KeptFailure;

    fn into_wire(self) -> pb::KeptFailure {
        let Self { robot, at, reason, lines } = self;
        pb::KeptFailure { robot, master_at_us: us(at), reason, lines }
    }

    fn from_wire(pb: pb::KeptFailure) -> Result<Self, Malformed> {
        let pb::KeptFailure { robot, master_at_us, reason, lines } = pb;
        if lines.len() > MOST_LINES || lines.iter().chain([&reason]).any(|text| text.len() > LONGEST_EXAMPLE)
        {
            return Err(malformed(
                "kept failure",
                format!("over {MOST_LINES} lines or {LONGEST_EXAMPLE} bytes"),
            ));
        }
        Ok(Self { robot, at: Duration::from_micros(master_at_us), reason, lines })
    }
}

impl Wire for MessageDelta {
    type Pb = pb::MessageDelta;

    fn into_wire(self) -> pb::MessageDelta {
        let Self { name, sent, bytes_sent, received, bytes_received } = self;
        pb::MessageDelta { name, sent, bytes_sent, received, bytes_received }
    }

    fn from_wire(pb: pb::MessageDelta) -> Result<Self, Malformed> {
        let pb::MessageDelta { name: told, sent, bytes_sent, received, bytes_received } = pb;
        Ok(Self { name: name("message name", told)?, sent, bytes_sent, received, bytes_received })
    }
}

impl Wire for Sparse {
    type Pb = pb::Sparse;

    fn into_wire(self) -> pb::Sparse {
        pb::Sparse { buckets: self.buckets, sum_us: self.sum_us, min_us: self.min_us, max_us: self.max_us }
    }

    fn from_wire(pb: pb::Sparse) -> Result<Self, Malformed> {
        let sparse = Self { buckets: pb.buckets, sum_us: pb.sum_us, min_us: pb.min_us, max_us: pb.max_us };
        sparse.check().map_err(|e| malformed("series", e))?;
        Ok(sparse)
    }
}

impl Wire for FailureDelta {
    type Pb = pb::FailureDelta;

    fn into_wire(self) -> pb::FailureDelta {
        pb::FailureDelta {
            kind: pb::Kind::from(self.series.kind).into(),
            name: self.series.name,
            class: pb::FailureClass::from(self.class).into(),
            count: self.count,
            master_first_us: us(self.first),
            master_last_us: us(self.last),
            example: self.example,
        }
    }

    fn from_wire(pb: pb::FailureDelta) -> Result<Self, Malformed> {
        if pb.example.len() > LONGEST_EXAMPLE {
            return Err(malformed("failure example", format!("over {LONGEST_EXAMPLE} bytes")));
        }
        Ok(Self {
            series: Series { kind: kind_from(pb.kind())?, name: name("series name", pb.name.clone())? },
            class: failure_class_from(pb.class())?,
            count: pb.count,
            first: Duration::from_micros(pb.master_first_us),
            last: Duration::from_micros(pb.master_last_us),
            example: pb.example,
        })
    }
}

impl From<Kind> for pb::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Connect => Self::Connect,
            Kind::Request => Self::Request,
            Kind::Push => Self::Push,
            Kind::Task => Self::Task,
            Kind::Session => Self::Session,
            Kind::Tls => Self::Tls,
            Kind::Login => Self::Login,
            Kind::Wait => Self::Wait,
            Kind::Custom => Self::Custom,
        }
    }
}

fn kind_from(pb: pb::Kind) -> Result<Kind, Malformed> {
    Ok(match pb {
        pb::Kind::Unspecified => return Err(missing("kind")),
        pb::Kind::Connect => Kind::Connect,
        pb::Kind::Request => Kind::Request,
        pb::Kind::Push => Kind::Push,
        pb::Kind::Task => Kind::Task,
        pb::Kind::Session => Kind::Session,
        pb::Kind::Tls => Kind::Tls,
        pb::Kind::Login => Kind::Login,
        pb::Kind::Wait => Kind::Wait,
        pb::Kind::Custom => Kind::Custom,
    })
}

impl From<FailureClass> for pb::FailureClass {
    fn from(class: FailureClass) -> Self {
        match class {
            FailureClass::Timeout => Self::Timeout,
            FailureClass::Closed => Self::Closed,
            FailureClass::Refused => Self::Refused,
            FailureClass::Decode => Self::Decode,
            FailureClass::Protocol => Self::Protocol,
            FailureClass::Task => Self::Task,
        }
    }
}

fn failure_class_from(pb: pb::FailureClass) -> Result<FailureClass, Malformed> {
    Ok(match pb {
        pb::FailureClass::Unspecified => return Err(missing("failure class")),
        pb::FailureClass::Timeout => FailureClass::Timeout,
        pb::FailureClass::Closed => FailureClass::Closed,
        pb::FailureClass::Refused => FailureClass::Refused,
        pb::FailureClass::Decode => FailureClass::Decode,
        pb::FailureClass::Protocol => FailureClass::Protocol,
        pb::FailureClass::Task => FailureClass::Task,
    })
}
