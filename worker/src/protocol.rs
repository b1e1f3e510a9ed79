//! The messages that may come and go: the schema of a run from its bundle, and how the plan says it is spoken.

use proto::message::Bundle;
use proto::speech::Speech;
use rustc_hash::{FxHashMap, FxHashSet};
use sproto::{Kind, Protocol as Call, Schema, Type, Value};

/// A message by its place in the [`Protocol`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MessageId(u32);

impl MessageId {
    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }
}

/// One name that a message can have.
#[derive(Debug)]
pub(crate) struct MessageDef {
    pub(crate) name: Box<str>,
    /// What it is in dialect `msg`.
    pub(crate) ty: Option<Type>,
    /// What robots ask by this name in dialect `rpc`.
    pub(crate) ours: Option<Call>,
    /// What the server asks by this name in dialect `rpc`.
    pub(crate) theirs: Option<Call>,
    /// The protocol whose request this type is, in dialect `rpc`.
    pub(crate) call: Option<MessageId>,
    /// What answers it in dialect `msg`.
    pub(crate) reply: Option<MessageId>,
    /// Whether it answers something in dialect `msg`.
    pub(crate) is_reply: bool,
}

/// Where the envelope of dialect `msg` has its two parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvelopeTags {
    pub(crate) name: u16,
    pub(crate) body: u16,
}

/// The schema of a run.
#[derive(Debug)]
pub(crate) struct Protocol {
    /// What robots send; in dialect `msg` also what they get.
    schema: Schema,
    /// What the server asks in dialect `rpc`.
    server: Schema,
    envelope: Option<EnvelopeTags>,
    speech: Speech,
    messages: Vec<MessageDef>,
    by_name: FxHashMap<Box<str>, MessageId>,
}

/// The schemas of a bundle.
#[derive(Debug, Clone)]
pub(crate) struct Schemas {
    ours: Schema,
    server: Schema,
}

impl Schemas {
    /// The schemas of all `.sproto` files in a bundle: [`Schemas::played`], if every mod is.
    ///
    /// # Errors
    /// As [`Schemas::played`].
    #[cfg(test)]
    pub(crate) fn from_bundle(bundle: &Bundle) -> Result<Self, Vec<String>> {
        Self::played(bundle, |_| true)
    }

    /// The schemas of the `.sproto` files in a bundle; the role protocol if there are none. What stands in the folder of a mod,
    /// `mods/NAME/`, counts only if that mod is played, so that mods of different games live in one bundle. A file that ends in
    /// `.c2s.sproto` is only what robots ask, one in `.s2c.sproto` only what the server asks.
    ///
    /// # Errors
    /// What is wrong in the files, with file and line; one sentence each.
    pub(crate) fn played(bundle: &Bundle, is_played: impl Fn(&str) -> bool) -> Result<Self, Vec<String>> {
        let mut texts = Vec::new();
        let mut faults = Vec::new();
        let counts = |path: &str| path.ends_with(".sproto") && mod_of(path).is_none_or(&is_played);
        for (path, content) in bundle.files.iter().filter(|(path, _)| counts(path)) {
            match std::str::from_utf8(content) {
                Ok(text) => texts.push((path.as_str(), text)),
                Err(e) => faults.push(format!(
                    "{path}: not UTF-8 from byte {} on; save the file as UTF-8",
                    e.valid_up_to()
                )),
            }
        }
        if texts.is_empty() {
            texts.extend(proto::game::FILES);
        }
        let (ours, theirs) = ("c2s.sproto", "s2c.sproto");
        let without =
            |other: &'static str| texts.iter().copied().filter(move |(path, _)| !is_of(path, other));
        let mut parse =
            |texts: Vec<_>| Schema::from_texts(texts).map_err(|e| faults.push(e.to_string())).ok();
        let two = texts.iter().any(|(path, _)| is_of(path, ours) || is_of(path, theirs));
        let ours = parse(without(theirs).collect());
        let server = if two { parse(without("c2s.sproto").collect()) } else { ours.clone() };
        match (ours, server) {
            (Some(ours), Some(server)) if faults.is_empty() => Ok(Self { ours, server }),
            _ => Err(faults),
        }
    }

    /// The schemas as a plan says that they are spoken.
    pub(crate) fn spoken(self, speech: &Speech) -> Protocol {
        let mut protocol = Protocol {
            envelope: envelope_tags(&self.ours, speech),
            schema: self.ours,
            server: self.server,
            speech: speech.clone(),
            messages: Vec::new(),
            by_name: FxHashMap::default(),
        };
        protocol.gather();
        protocol
    }
}

/// The mod in whose folder a file stands.
pub(crate) fn mod_of(path: &str) -> Option<&str> {
    path.strip_prefix("mods/")?.split_once('/').map(|(name, _)| name)
}

/// Whether a file, alone or in a folder of that name, belongs to one side.
fn is_of(path: &str, side: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file == side || file.strip_suffix(side).is_some_and(|start| start.ends_with('.'))
}

fn envelope_tags(schema: &Schema, speech: &Speech) -> Option<EnvelopeTags> {
    let ty = schema.type_by_name(&speech.envelope.type_name)?;
    let tag = |name: &str| ty.field(name).map(sproto::Field::tag);
    Some(EnvelopeTags { name: tag(&speech.envelope.name_field)?, body: tag(&speech.envelope.body_field)? })
}

impl Protocol {
    /// Finds all names that messages can have.
    fn gather(&mut self) {
        for ty in self.schema.clone().types() {
            let name = ty.name().to_owned();
            self.def(&name).ty = Some(ty);
        }
        for call in self.schema.clone().protocols() {
            self.note_call(&call);
            let name = call.name().to_owned();
            self.def(&name).ours = Some(call);
        }
        for call in self.server.clone().protocols() {
            self.note_call(&call);
            let name = call.name().to_owned();
            self.def(&name).theirs = Some(call);
        }
        for place in 0..self.messages.len() {
            let reply = self.id(&self.speech.reply_of(&self.messages[place].name));
            self.messages[place].reply = reply;
            if let Some(reply) = reply {
                self.messages[reply.place()].is_reply = true;
            }
        }
    }

    fn note_call(&mut self, call: &Call) {
        let Some(request) = call.request() else { return };
        self.def(call.name());
        let id = self.id(call.name());
        self.def(request.name()).call = id;
    }

    fn def(&mut self, name: &str) -> &mut MessageDef {
        let next = MessageId(self.messages.len() as u32);
        let id = *self.by_name.entry(name.into()).or_insert(next);
        if id == next {
            let name = name.into();
            self.messages.push(MessageDef {
                name,
                ty: None,
                ours: None,
                theirs: None,
                call: None,
                reply: None,
                is_reply: false,
            });
        }
        &mut self.messages[id.place()]
    }

    /// The message of a name, if the schema has it.
    pub(crate) fn id(&self, name: &str) -> Option<MessageId> {
        self.by_name.get(name).copied()
    }

    /// What travels for a message in dialect `rpc`: the protocol, if it is the request of one.
    pub(crate) fn call_of(&self, id: MessageId) -> MessageId {
        self.message(id).call.unwrap_or(id)
    }

    /// Reads the reply known by `id`: a type of its own, or the response of a protocol.
    ///
    /// # Errors
    /// Bytes that are no such message.
    pub(crate) fn decode_reply(&self, id: MessageId, body: &[u8]) -> Result<Value, sproto::Error> {
        self.reply_type(id).map_or(Ok(Value::Nil), |ty| ty.decode(body))
    }

    /// What the reply known by `id` is: a type of its own, or the response of a protocol; none if there is nothing in it.
    pub(crate) fn reply_type(&self, id: MessageId) -> Option<Type> {
        let def = self.message(id);
        def.ours.as_ref().map_or_else(|| def.ty.clone(), Call::response)
    }

    /// What a message that comes unasked is, by its type or, in dialect `rpc`, as the server's request.
    pub(crate) fn push_type(&self, id: MessageId, is_rpc: bool) -> Option<Type> {
        let def = self.message(id);
        if is_rpc { def.theirs.as_ref().and_then(Call::request) } else { def.ty.clone() }
    }

    /// The message of an id.
    pub(crate) fn message(&self, id: MessageId) -> &MessageDef {
        &self.messages[id.place()]
    }

    /// All names, each with whether it is a message that robots can send or get: parts of other messages, the envelope and the
    /// head of frames are none.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        let parts = self.parts();
        self.messages.iter().map(move |def| {
            let is_call = def.ours.is_some() || def.theirs.is_some();
            (&*def.name, is_call || !parts.contains(&def.name))
        })
    }

    /// Types that are no messages by themselves.
    fn parts(&self) -> FxHashSet<Box<str>> {
        let mut parts = FxHashSet::default();
        let mut note = |name: &str| {
            parts.insert(name.into());
        };
        note(&self.speech.envelope.type_name);
        note(&self.speech.package);
        for schema in [&self.schema, &self.server] {
            for ty in schema.types() {
                let inside = ty.fields().iter().filter(|field| matches!(field.kind(), Kind::Struct(_)));
                inside.filter_map(|field| ty.type_of(field)).for_each(|part| note(part.name()));
            }
            let of_calls = schema.protocols().flat_map(|call| [call.request(), call.response()]);
            of_calls.flatten().for_each(|ty| note(ty.name()));
        }
        parts
    }

    /// What robots send.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What the server asks.
    pub(crate) fn server(&self) -> &Schema {
        &self.server
    }

    /// How the plan says that it is spoken.
    pub(crate) fn speech(&self) -> &Speech {
        &self.speech
    }

    /// Where the envelope has its parts.
    ///
    /// # Errors
    /// The schema has no such envelope; with what to do.
    pub(crate) fn envelope(&self) -> Result<EnvelopeTags, String> {
        let envelope = &self.speech.envelope;
        self.envelope.ok_or_else(|| {
            format!(
                "the schema has no envelope `{}` with the fields `{}` and `{}`; name yours in [speech]",
                envelope.type_name, envelope.name_field, envelope.body_field
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &[u8])]) -> Result<Protocol, Vec<String>> {
        let bundle = Bundle::new(files.iter().map(|(path, text)| ((*path).into(), text.to_vec())).collect());
        Schemas::from_bundle(&bundle).map(|schemas| schemas.spoken(&Speech::default()))
    }

    #[test]
    fn an_empty_bundle_means_the_role_protocol() {
        let protocol = load(&[]).unwrap();
        assert!(protocol.id("LoginReuest").is_some() && protocol.id("LoginRequest").is_none());
        let echo = protocol.message(protocol.id("EchoRequest").unwrap());
        assert_eq!(echo.reply, protocol.id("EchoResponse"));
        assert_eq!((protocol.envelope().unwrap().name, protocol.envelope().unwrap().body), (0, 1));
    }

    #[test]
    fn faults_come_with_their_files() {
        let faults =
            load(&[("a.sproto", b".A {}"), ("b.sproto", b"\n.A {}"), ("c.sproto", b"\xff")]).unwrap_err();
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0], "c.sproto: not UTF-8 from byte 0 on; save the file as UTF-8");
        assert!(faults[1].contains("a.sproto:1") && faults[1].contains("b.sproto:2"), "{}", faults[1]);
    }

    #[test]
    fn two_sides_may_use_the_same_names_and_tags() {
        let package = ".package { type 0 : integer  session 1 : integer }\n";
        let ours = format!("{package}handshake 1 {{ response {{ msg 0 : string }} }}");
        let theirs = format!("{package}heartbeat 1 {{}}");
        let protocol = load(&[("x.c2s.sproto", ours.as_bytes()), ("s2c.sproto", theirs.as_bytes())]).unwrap();
        let of = |name: &str| protocol.message(protocol.id(name).unwrap());
        assert!(of("handshake").ours.is_some() && of("handshake").theirs.is_none());
        assert!(of("heartbeat").ours.is_none() && of("heartbeat").theirs.is_some());
        assert!(protocol.envelope().unwrap_err().contains("name yours in [speech]"));
    }

    #[test]
    fn only_whole_messages_are_told() {
        let text = b".Msg { Name 0 : string  Bin 1 : binary } .Role { pos 0 : Pos } .Pos {} .Hello {}";
        let protocol = load(&[("a.sproto", text)]).unwrap();
        let told: Vec<_> = protocol.names().filter(|(_, whole)| *whole).map(|(name, _)| name).collect();
        assert_eq!(told, ["Hello", "Role"]);
    }
}
