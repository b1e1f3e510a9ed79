//! The head of a frame: a struct with the fields `type`, `session` and perhaps `ud`, found by their names.

use crate::error::{Error, Result};
use crate::pack::{pack, unpack};
use crate::schema::{Schema, Type};
use crate::scratch;
use crate::value::{Struct, Value};

/// The type of a host's frame heads.
#[derive(Debug, Clone)]
pub(super) struct Package {
    ty: Type,
    /// Whether frames are 0-packed.
    pub packed: bool,
}

/// What a head says.
pub(super) struct PackageHead {
    /// The protocol's tag in a request; absent in a response.
    pub tag: Option<i64>,
    pub session: Option<i64>,
    pub ud: Value,
}

impl Package {
    pub(super) fn new(schema: &Schema, name: &str) -> Result<Self> {
        Ok(Self { ty: schema.require_type(name)?, packed: true })
    }

    /// Appends a frame: the head and what `content` writes, packed together if frames are. User data without a field for it is dropped.
    pub(super) fn frame(
        &self,
        head: PackageHead,
        content: impl FnOnce(&mut Vec<u8>) -> Result<()>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let head = Struct::new().with("type", head.tag).with("session", head.session).with("ud", head.ud);
        scratch::with(|plain| {
            self.ty.encode(&head.into(), plain)?;
            content(plain)?;
            if self.packed {
                pack(plain, out)
            } else {
                out.extend_from_slice(plain)
            }
            Ok(())
        })
    }

    /// Undoes [`Package::frame`]'s packing into `plain`.
    pub(super) fn unpack(&self, frame: &[u8], limit: usize, plain: &mut Vec<u8>) -> Result<()> {
        if self.packed {
            return unpack(frame, limit, plain);
        }
        if frame.len() > limit {
            return Err(Error::UnpackLimit { limit });
        }
        plain.extend_from_slice(frame);
        Ok(())
    }

    /// The head at the start of an unpacked frame, and its length.
    pub(super) fn open(&self, plain: &[u8]) -> Result<(PackageHead, usize)> {
        let (head, used) = self.ty.decode_prefix(plain)?;
        let ud = head["ud"].clone();
        Ok((PackageHead { tag: head["type"].as_i64(), session: head["session"].as_i64(), ud }, used))
    }
}
