//! How the messages of one connection travel: names in an envelope, or sproto's RPC. Messages and frames come in and go out;
//! nothing here waits.

use bytes::{Bytes, BytesMut};
use sproto::rpc::{Attach, Content, Head, Host, Responder};
use sproto::wire::{Fields, Length, StructWriter, put_bytes};
use sproto::{Type, Value};

use crate::protocol::{EnvelopeTags, MessageId, Protocol};
use crate::requests::Key;

/// How the messages of one connection travel.
pub(crate) enum Dialect {
    /// Each in an envelope that names it.
    Msg(EnvelopeTags),
    /// As sproto's RPC has it.
    Rpc(Box<Rpc>),
}

/// One end of a conversation in dialect `rpc`.
pub(crate) struct Rpc {
    host: Host,
    attach: Attach,
    last_session: i64,
}

/// Buffers of a thread for one message on its way; kept, so that steady traffic allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    body: Vec<u8>,
    frame: Vec<u8>,
    pool: BytesMut,
}

impl Scratch {
    /// A buffer of its own that takes its memory back when those before it are done with.
    fn pooled(pool: &mut BytesMut, bytes: &[u8]) -> Bytes {
        pool.extend_from_slice(bytes);
        pool.split().freeze()
    }
}

/// What a frame holds.
pub(crate) struct Incoming {
    /// Its message; none if the schema has no such name.
    pub(crate) message: Option<MessageId>,
    pub(crate) body: Bytes,
    pub(crate) role: Role,
}

/// What a message is to us.
pub(crate) enum Role {
    /// It may answer a request.
    Reply(Key),
    /// The server says it by itself, and may want an answer.
    Call(Option<Responder>),
    /// An answer to what nobody asked, or not any more.
    Stray,
}

impl Dialect {
    pub(crate) fn msg(protocol: &Protocol) -> Result<Self, String> {
        protocol.envelope().map(Self::Msg)
    }

    pub(crate) fn rpc(protocol: &Protocol, packed: bool) -> Result<Self, String> {
        let package = &protocol.speech().package;
        let host = Host::with_package(protocol.server(), package);
        let host = host.map_err(|e| format!("no dialect rpc: {e}; name the head of frames in [speech]"))?;
        let host = host.packed(packed);
        let attach = host.attach(protocol.schema());
        Ok(Self::Rpc(Box::new(Rpc { host, attach, last_session: 0 })))
    }

    /// The frame of a message. The key is what its reply will be known by; none if none is awaited.
    pub(crate) fn encode(
        &mut self,
        protocol: &Protocol,
        message: MessageId,
        content: &impl Content,
        awaited: Option<MessageId>,
        scratch: &mut Scratch,
    ) -> Result<(Bytes, Option<Key>), String> {
        let def = protocol.message(message);
        let Scratch { frame, pool, .. } = scratch;
        frame.clear();
        let key = match self {
            Self::Msg(tags) => {
                let ty = def.ty.as_ref().ok_or_else(|| format!("`{}` is no type of the schema", def.name))?;
                put_envelope(*tags, &def.name, ty, content, frame).map_err(|e| e.to_string())?;
                awaited.map(Key::Name)
            }
            Self::Rpc(rpc) => {
                if def.ours.is_none() {
                    return Err(format!("`{}` is no protocol that robots can ask", def.name));
                }
                let session = awaited.map(|_| rpc.next_session());
                let asked = rpc.attach.request_into(&def.name, content, session, Value::Nil, frame);
                asked.map_err(|e| e.to_string())?;
                session.map(Key::Session)
            }
        };
        Ok((Scratch::pooled(pool, frame), key))
    }

    /// The frame that answers what the server asked.
    pub(crate) fn answer(
        responder: &Responder,
        content: &impl Content,
        scratch: &mut Scratch,
    ) -> Result<Bytes, String> {
        scratch.frame.clear();
        responder.respond_into(content, Value::Nil, &mut scratch.frame).map_err(|e| e.to_string())?;
        Ok(Scratch::pooled(&mut scratch.pool, &scratch.frame))
    }

    /// Takes a frame apart. The error is a rule that the server broke.
    pub(crate) fn open(
        &self,
        protocol: &Protocol,
        frame: &Bytes,
        scratch: &mut Scratch,
    ) -> Result<Incoming, String> {
        match self {
            Self::Msg(tags) => open_envelope(*tags, protocol, frame),
            Self::Rpc(rpc) => rpc.open(protocol, frame, scratch),
        }
    }

    /// What a frame says, for those who look on; nothing is changed by it.
    pub(crate) fn peek(
        &self,
        protocol: &Protocol,
        message: MessageId,
        frame: &Bytes,
    ) -> Result<Value, String> {
        let def = protocol.message(message);
        match self {
            Self::Msg(tags) => {
                let body = open_envelope(*tags, protocol, frame)?.body;
                def.ty.as_ref().map_or(Ok(Value::Nil), |ty| ty.decode(&body)).map_err(|e| e.to_string())
            }
            Self::Rpc(rpc) => {
                let call = def.ours.as_ref().or(def.theirs.as_ref()).ok_or("no such protocol")?;
                rpc.host.peek(call, frame).map_err(|e| e.to_string())
            }
        }
    }

    /// Forgets the sessions that `keep` does not take.
    pub(crate) fn retain(&self, keep: impl FnMut(i64) -> bool) {
        if let Self::Rpc(rpc) = self {
            rpc.host.retain(keep);
        }
    }
}

impl Rpc {
    fn next_session(&mut self) -> i64 {
        self.last_session += 1;
        self.last_session
    }

    fn open(&self, protocol: &Protocol, frame: &Bytes, scratch: &mut Scratch) -> Result<Incoming, String> {
        let Scratch { body: plain, pool, .. } = scratch;
        let opened = match self.host.open(frame, plain) {
            Ok(opened) => opened,
            Err(sproto::Error::UnknownSession(_)) => {
                return Ok(Incoming { message: None, body: Bytes::new(), role: Role::Stray });
            }
            Err(sproto::Error::UnknownProtocol(_)) => {
                return Ok(Incoming { message: None, body: Bytes::new(), role: Role::Call(None) });
            }
            Err(e) => return Err(format!("sent what is no message: {e}")),
        };
        let (name, role) = match &opened.head {
            Head::Request { protocol, responder } => (protocol.name(), Role::Call(responder.clone())),
            Head::Response { session, protocol } => (protocol.name(), Role::Reply(Key::Session(*session))),
        };
        Ok(Incoming { message: protocol.id(name), body: Scratch::pooled(pool, opened.content), role })
    }
}

/// The message is written where it travels, so that nothing is copied.
fn put_envelope(
    tags: EnvelopeTags,
    name: &str,
    ty: &Type,
    content: &impl Content,
    out: &mut Vec<u8>,
) -> Result<(), sproto::Error> {
    let mut writer = StructWriter::new(out, 2);
    let name_first = tags.name < tags.body;
    if name_first {
        writer.data(out, tags.name);
        put_bytes(out, name.as_bytes());
    }
    writer.data(out, tags.body);
    let length = Length::open(out);
    content.put(ty, out)?;
    length.close(out);
    if !name_first {
        writer.data(out, tags.name);
        put_bytes(out, name.as_bytes());
    }
    writer.finish(out);
    Ok(())
}

fn open_envelope(tags: EnvelopeTags, protocol: &Protocol, frame: &Bytes) -> Result<Incoming, String> {
    let no_message = |e: &dyn std::fmt::Display| format!("sent what is no message: {e}");
    let mut fields = Fields::new(frame).map_err(|e| no_message(&e))?;
    let (mut name, mut body) = (None, Bytes::new());
    while let Some((tag, slot)) = fields.next().map_err(|e| no_message(&e))? {
        if tag == u32::from(tags.name) {
            name = Some(slot.text().map_err(|e| no_message(&e))?);
        } else if tag == u32::from(tags.body) {
            body = frame.slice_ref(slot.bytes().map_err(|e| no_message(&e))?);
        }
    }
    let name = name.ok_or("sent an envelope without a name")?;
    let message = protocol.id(name);
    let role = message.map_or(Role::Call(None), |id| Role::Reply(Key::Name(id)));
    Ok(Incoming { message, body, role })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
