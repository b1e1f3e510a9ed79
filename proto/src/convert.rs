//! The edge between our types and the generated ones. Out never fails; in checks every bound that the types promise,
//! so that whatever a peer sends is either one of our values or an error that names the field.

mod plan;
mod report;
mod talk;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::bounds;
use crate::command::Command;
use crate::message::{
    Assignment, Beat, Bundle, BundleHash, Dismissal, Down, Echo, Hello, Up, Welcome, is_worker_name,
};
use crate::pb;
use crate::plan::Plan;
use crate::report::{MOST_SERIES, Report};
use crate::series::LONGEST_NAME;
use crate::shipping::Part;
use crate::slots::SlotSet;
use crate::talk::{Asks, Tells};

/// Why a message can't be one of ours: the field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct Malformed {
    field: &'static str,
    fault: String,
}

fn malformed(field: &'static str, fault: impl ToString) -> Malformed {
    Malformed { field, fault: fault.to_string() }
}

fn missing(field: &'static str) -> Malformed {
    malformed(field, "missing")
}

/// A type of ours with its generated twin.
pub trait Wire: Sized {
    /// The twin.
    type Pb: prost::Message + Default;
    /// Ours -> twin.
    fn into_wire(self) -> Self::Pb;
    /// Twin -> ours.
    fn from_wire(pb: Self::Pb) -> Result<Self, Malformed>;
}

fn all_into<T: Wire>(list: Vec<T>) -> Vec<T::Pb> {
    list.into_iter().map(T::into_wire).collect()
}

fn all_from<T: Wire>(field: &'static str, list: Vec<T::Pb>) -> Result<Vec<T>, Malformed> {
    if list.len() > MOST_SERIES {
        return Err(malformed(field, format!("{} entries; at most {MOST_SERIES} are taken", list.len())));
    }
    list.into_iter().map(T::from_wire).collect()
}

fn us(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

fn uuid(field: &'static str, bytes: &[u8]) -> Result<Uuid, Malformed> {
    Uuid::from_slice(bytes).map_err(|_| malformed(field, format!("a uuid has 16 bytes, not {}", bytes.len())))
}

fn hash(bytes: &[u8]) -> Result<BundleHash, Malformed> {
    bytes
        .try_into()
        .map_err(|_| malformed("bundle hash", format!("a hash has 32 bytes, not {}", bytes.len())))
}

/// A name that may stand in tables, files and logs.
fn name(field: &'static str, name: String) -> Result<String, Malformed> {
    match name.len() {
        0 => Err(malformed(field, "empty")),
        n if n > LONGEST_NAME => {
            Err(malformed(field, format!("{n} bytes long; at most {LONGEST_NAME} are taken")))
        }
        _ => Ok(name),
    }
}

impl Wire for Up {
    type Pb = pb::Up;

    fn into_wire(self) -> pb::Up {
        use pb::up::Kind;
        let kind = match self {
            Self::Hello(hello) => Kind::Hello(hello.into_wire()),
            Self::Ready(bundle) => Kind::Ready(pb::Ready { bundle: bundle.to_vec() }),
            Self::Rejected(bundle, faults) => {
                Kind::Rejected(pb::Rejected { bundle: bundle.to_vec(), faults })
            }
            Self::Beat(beat) => Kind::Beat(beat.into_wire()),
            Self::Report(report) => Kind::Report(report.into_wire()),
            Self::Groups(asks) => Kind::Groups(asks.into_wire()),
        };
        pb::Up { kind: Some(kind) }
    }

    fn from_wire(pb: pb::Up) -> Result<Self, Malformed> {
        use pb::up::Kind;
        Ok(match pb.kind.ok_or_else(|| missing("message"))? {
            Kind::Hello(hello) => Self::Hello(Hello::from_wire(hello)?),
            Kind::Ready(ready) => Self::Ready(hash(&ready.bundle)?),
            Kind::Rejected(rejected) => Self::Rejected(hash(&rejected.bundle)?, rejected.faults),
            Kind::Beat(beat) => Self::Beat(Beat::from_wire(beat)?),
            Kind::Report(report) => Self::Report(Report::from_wire(report)?),
            Kind::Groups(asks) => Self::Groups(Asks::from_wire(asks)?),
        })
    }
}

impl Wire for Down {
    type Pb = pb::Down;

    fn into_wire(self) -> pb::Down {
        use pb::down::Kind;
        let kind = match self {
            Self::Welcome(welcome) => Kind::Welcome(pb::Welcome {
                run: welcome.run.as_bytes().to_vec(),
                bundle: welcome.bundle.to_vec(),
            }),
            Self::Part(part) => Kind::Bundle(pb::BundlePart {
                hash: part.bundle.to_vec(),
                length: part.length,
                offset: part.offset,
                bytes: part.bytes,
            }),
            Self::Assignment(assignment) => Kind::Assignment(assignment.into_wire()),
            Self::Echo(echo) => Kind::Echo(pb::Echo { sent_us: us(echo.sent), master_us: us(echo.master) }),
            Self::Ack(sequence) => Kind::Ack(pb::Ack { sequence }),
            Self::Groups(tells) => Kind::Groups(tells.into_wire()),
            Self::Command(command) => Kind::Command(command.into_wire()),
            Self::Dismiss(dismissal, reason) => {
                Kind::Dismiss(pb::Dismiss { dismissal: pb::Dismissal::from(dismissal).into(), reason })
            }
        };
        pb::Down { kind: Some(kind) }
    }

    fn from_wire(pb: pb::Down) -> Result<Self, Malformed> {
        use pb::down::Kind;
        Ok(match pb.kind.ok_or_else(|| missing("message"))? {
            Kind::Welcome(welcome) => {
                Self::Welcome(Welcome { run: uuid("run", &welcome.run)?, bundle: hash(&welcome.bundle)? })
            }
            Kind::Bundle(part) => Self::Part(Part {
                bundle: hash(&part.hash)?,
                length: part.length,
                offset: part.offset,
                bytes: part.bytes,
            }),
            Kind::Assignment(assignment) => Self::Assignment(Box::new(Assignment::from_wire(assignment)?)),
            Kind::Echo(echo) => Self::Echo(Echo {
                sent: Duration::from_micros(echo.sent_us),
                master: Duration::from_micros(echo.master_us),
            }),
            Kind::Ack(ack) => Self::Ack(ack.sequence),
            Kind::Groups(tells) => Self::Groups(Tells::from_wire(tells)?),
            Kind::Command(command) => Self::Command(Command::from_wire(command)?),
            Kind::Dismiss(dismiss) => Self::Dismiss(dismissal_from(dismiss.dismissal())?, dismiss.reason),
        })
    }
}

impl Wire for Command {
    type Pb = pb::Command;

    fn into_wire(self) -> pb::Command {
        let Self { id, name, share_permille, args } = self;
        pb::Command { id, name, share_permille, args: args.as_ref().into() }
    }

    fn from_wire(pb: pb::Command) -> Result<Self, Malformed> {
        let pb::Command { id, name, share_permille, args } = pb;
        let command = Self { id, name, share_permille, args: args.into() };
        command.check().map_err(|e| malformed("command", e))?;
        Ok(command)
    }
}

impl From<Dismissal> for pb::Dismissal {
    fn from(dismissal: Dismissal) -> Self {
        match dismissal {
            Dismissal::Over => Self::Over,
            Dismissal::Refused => Self::Refused,
        }
    }
}

fn dismissal_from(pb: pb::Dismissal) -> Result<Dismissal, Malformed> {
    match pb {
        pb::Dismissal::Unspecified => Err(missing("dismissal")),
        pb::Dismissal::Over => Ok(Dismissal::Over),
        pb::Dismissal::Refused => Ok(Dismissal::Refused),
    }
}

impl Wire for Bundle {
    type Pb = pb::Bundle;

    fn into_wire(self) -> pb::Bundle {
        let file = |(path, content)| pb::BundleFile { path, content };
        pb::Bundle { hash: self.hash.to_vec(), files: self.files.into_iter().map(file).collect() }
    }

    fn from_wire(pb: pb::Bundle) -> Result<Self, Malformed> {
        let told = hash(&pb.hash)?;
        let bundle = Self::new(pb.files.into_iter().map(|file| (file.path, file.content)).collect());
        if bundle.hash == told {
            Ok(bundle)
        } else {
            Err(malformed("bundle", "the content is not what its hash names"))
        }
    }
}

impl Wire for Hello {
    type Pb = pb::Hello;

    fn into_wire(self) -> pb::Hello {
        pb::Hello {
            name: self.name,
            incarnation: self.incarnation.as_bytes().to_vec(),
            session: self.session.as_bytes().to_vec(),
            version: self.version,
            protocol_major: self.protocol_major,
            protocol_minor: self.protocol_minor,
            cores: self.cores,
            open_files: self.open_files,
            mods: self.mods,
            bundle: self.bundle.map(|hash| hash.to_vec()),
        }
    }

    fn from_wire(pb: pb::Hello) -> Result<Self, Malformed> {
        if !is_worker_name(&pb.name) {
            return Err(malformed(
                "worker name",
                "give 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with a dot",
            ));
        }
        bounds::names("mods", pb.mods.iter().map(String::as_str)).map_err(|e| malformed("hello", e))?;
        Ok(Self {
            name: pb.name,
            incarnation: uuid("incarnation", &pb.incarnation)?,
            session: uuid("session", &pb.session)?,
            version: name("version", pb.version)?,
            protocol_major: pb.protocol_major,
            protocol_minor: pb.protocol_minor,
            cores: pb.cores,
            open_files: pb.open_files,
            mods: pb.mods,
            bundle: pb.bundle.as_deref().map(hash).transpose()?,
        })
    }
}

impl Wire for Beat {
    type Pb = pb::Beat;

    fn into_wire(self) -> pb::Beat {
        pb::Beat {
            sent_us: us(self.sent),
            run: self.run.as_bytes().to_vec(),
            epoch: self.epoch,
            robots: all_into(self.robots),
            lag_us: us(self.lag),
            busy_permille: self.busy_permille,
            settled: self.settled,
            leaving: self.leaving,
            backlog: self.backlog,
        }
    }

    fn from_wire(pb: pb::Beat) -> Result<Self, Malformed> {
        Ok(Self {
            sent: Duration::from_micros(pb.sent_us),
            run: uuid("run", &pb.run)?,
            epoch: pb.epoch,
            robots: all_from("robots", pb.robots)?,
            lag: Duration::from_micros(pb.lag_us),
            busy_permille: pb.busy_permille.min(1000),
            settled: pb.settled,
            leaving: pb.leaving,
            backlog: pb.backlog,
        })
    }
}

impl Wire for Assignment {
    type Pb = pb::Assignment;

    fn into_wire(self) -> pb::Assignment {
        pb::Assignment {
            run: self.run.as_bytes().to_vec(),
            epoch: self.epoch,
            plan: Some(Plan::clone(&self.plan).into_wire()),
            slots: self.slots.to_bytes(),
            master_start_us: us(self.start),
        }
    }

    fn from_wire(pb: pb::Assignment) -> Result<Self, Malformed> {
        Ok(Self {
            run: uuid("run", &pb.run)?,
            epoch: pb.epoch,
            plan: Arc::new(Plan::from_wire(pb.plan.ok_or_else(|| missing("plan"))?)?),
            slots: SlotSet::from_bytes(&pb.slots)
                .ok_or_else(|| malformed("slots", "not a bitmap of 16384 slots"))?,
            start: Duration::from_micros(pb.master_start_us),
        })
    }
}

/// Bytes that can be kept in a file and read back by the same or a later release.
macro_rules! kept {
    ($type:ty) => {
        impl $type {
            /// As it goes over the wire.
            pub fn to_bytes(&self) -> Vec<u8> {
                prost::Message::encode_to_vec(&self.clone().into_wire())
            }

            /// Reads what [`Self::to_bytes`] gave.
            ///
            /// # Errors
            /// When the bytes are something else, or out of bounds.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
                let pb = prost::Message::decode(bytes).map_err(|e| e.to_string())?;
                Self::from_wire(pb).map_err(|e| e.to_string())
            }
        }
    };
}

kept!(Bundle);
kept!(Plan);
kept!(Report);

#[cfg(test)]
mod tests;
