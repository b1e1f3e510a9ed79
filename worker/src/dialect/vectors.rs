//! The conversations that the reference's peers had, with a robot in the place of each peer in turn.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use proto::message::Bundle;
use proto::speech::Speech;
use serde_json::Value as Json;
use sproto::rpc::Responder;
use sproto::{Schema, Struct, Value};

use super::{Dialect, Incoming, Role, Scratch};
use crate::protocol::{MessageId, Protocol, Schemas};
use crate::requests::Key;

/// What became of each step, as each peer, packed and then not.
const STEPS: [[(&str, usize); 7]; 2] = [
    [
        (WRITTEN, 69),
        (OPENED, 110),
        (REFUSED, 30),
        (ELSEWHERE, 30),
        (NOTHING, 5),
        (USER_DATA, 38),
        (NOT_PACKED, 0),
    ],
    [
        (WRITTEN, 69),
        (OPENED, 110),
        (REFUSED, 21),
        (ELSEWHERE, 30),
        (NOTHING, 5),
        (USER_DATA, 38),
        (NOT_PACKED, 9),
    ],
];

const WRITTEN: &str = "a frame is the reference's, byte for byte";
const OPENED: &str = "a frame opens to what the reference takes it for";
const REFUSED: &str = "what the reference refuses is refused";
const ELSEWHERE: &str = "skipped: a frame that the other peer is given";
const NOTHING: &str = "skipped: the other peer makes no frame, or the reference does not look at it";
const USER_DATA: &str = "skipped: robots write no user data into the head";
const NOT_PACKED: &str = "skipped: a frame that does not unpack has no other form";

/// One peer, played by a robot.
struct Player<'v> {
    name: &'v str,
    protocol: Protocol,
    dialect: Dialect,
    packed: bool,
    has_user_data: bool,
    scratch: Scratch,
    responders: HashMap<u64, Responder>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn text<'v>(json: &'v Json, key: &str) -> &'v str {
    json[key].as_str().unwrap_or_default()
}

/// The messages of these vectors hold nothing else.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Object(fields) => {
            fields.iter().fold(Struct::new(), |all, (name, json)| all.with(name, value(json))).into()
        }
        Json::String(text) => text.as_str().into(),
        Json::Bool(is) => (*is).into(),
        other => other.as_i64().unwrap().into(),
    }
}

impl<'v> Player<'v> {
    fn new(vector: &'v Json, name: &'v str, packed: bool) -> Self {
        let peers = vector["peers"].as_object().unwrap();
        let (me, other) = (&peers[name], peers.iter().find(|(other, _)| *other != name).unwrap().1);
        let files = [("a.c2s.sproto", text(other, "schema")), ("a.s2c.sproto", text(me, "schema"))];
        let bundle = Bundle::new(files.map(|(path, text)| (path.into(), text.as_bytes().to_vec())).into());
        let package = text(me, "package");
        let head = Schema::parse(text(me, "schema")).unwrap().require_type(package).unwrap();
        let speech = Speech { package: package.into(), ..Speech::default() };
        let protocol = Schemas::from_bundle(&bundle).unwrap().spoken(&speech);
        Self {
            name,
            dialect: Dialect::rpc(&protocol, packed).unwrap(),
            protocol,
            packed,
            has_user_data: head.field("ud").is_some(),
            scratch: Scratch::default(),
            responders: HashMap::new(),
        }
    }

    fn step(&mut self, step: &Json) -> &'static str {
        let told = step["error"].is_string();
        match text(step, "op") {
            op @ ("request" | "response") if step["from"] == self.name => {
                let frame = if op == "request" { self.request(step) } else { self.respond(step) };
                match frame {
                    Err(_) if told => REFUSED,
                    Ok(_) if self.has_user_data && !step["ud"].is_null() => USER_DATA,
                    frame => self.check_written(&frame.unwrap(), step),
                }
            }
            "request" | "response" if told || step["dispatch"].is_null() => NOTHING,
            "request" | "response" => self.open(step),
            _ if step["at"] == self.name => self.open(step),
            _ => ELSEWHERE,
        }
    }

    /// The session is the vector's: a robot numbers its own.
    fn request(&mut self, step: &Json) -> Result<Bytes, String> {
        let message = self.protocol.id(text(step, "proto")).ok_or("no such name")?;
        let session = step["session"].as_i64();
        if let (Dialect::Rpc(rpc), Some(session)) = (&mut self.dialect, session) {
            rpc.last_session = session - 1;
        }
        let (args, awaited) = (value(&step["args"]), session.map(|_| message));
        let (frame, key) = self.dialect.encode(&self.protocol, message, &args, awaited, &mut self.scratch)?;
        assert_eq!(key, session.map(Key::Session));
        Ok(frame)
    }

    fn respond(&mut self, step: &Json) -> Result<Bytes, String> {
        let responder = &self.responders[&step["responder"].as_u64().unwrap()];
        Dialect::answer(responder, &value(&step["args"]), &mut self.scratch)
    }

    fn check_written(&self, frame: &[u8], step: &Json) -> &'static str {
        let mut packed = frame.to_vec();
        if !self.packed {
            packed.clear();
            sproto::pack(frame, &mut packed);
        }
        assert_eq!(hex(&packed), text(step, "frame_hex"));
        WRITTEN
    }

    fn open(&mut self, step: &Json) -> &'static str {
        let (wanted, mut frame) = (&step["dispatch"], unhex(text(step, "frame_hex")));
        if !self.packed {
            let mut plain = Vec::new();
            if sproto::unpack(&frame, 1 << 20, &mut plain).is_err() {
                return NOT_PACKED;
            }
            frame = plain;
        }
        let opened = self.dialect.open(&self.protocol, &frame.into(), &mut self.scratch);
        if let Some(error) = wanted["error"].as_str() {
            self.check_refused(opened, error);
            return REFUSED;
        }
        let Incoming { message, body, role } = opened.unwrap();
        let message = message.unwrap();
        assert_eq!(self.decode(message, &role, &body).unwrap(), value(&wanted["message"]));
        match role {
            Role::Reply(key) => {
                assert_eq!(*self.protocol.message(message).name, *text(step, "proto"));
                assert_eq!(Some(key), wanted["session"].as_i64().map(Key::Session));
            }
            Role::Call(responder) => self.check_asked(message, responder, step),
            Role::Stray => panic!("a stray"),
        }
        OPENED
    }

    fn check_asked(&mut self, message: MessageId, responder: Option<Responder>, step: &Json) {
        let wanted = &step["dispatch"];
        assert_eq!(text(wanted, "kind"), "REQUEST");
        assert_eq!(*self.protocol.message(message).name, *text(wanted, "proto"));
        assert_eq!(responder.is_some(), wanted["has_responder"] == true);
        let Some(responder) = responder else { return };
        if let Some(session) = step["session"].as_i64() {
            assert_eq!(responder.session(), session);
        }
        self.responders.insert(step["responder"].as_u64().unwrap(), responder);
    }

    /// What nobody knows is counted and the connection lives on; other faults end it, or fail who reads the message.
    fn check_refused(&self, opened: Result<Incoming, String>, error: &str) {
        match opened {
            Ok(Incoming { message: None, role: Role::Stray, .. }) => assert_eq!(error, "Unknown session"),
            Ok(Incoming { message: None, role: Role::Call(None), .. }) => {
                assert!(error.ends_with(" not found") && error != "session not found", "{error}");
            }
            Ok(Incoming { message, body, role }) => {
                let told = self.decode(message.unwrap(), &role, &body).unwrap_err();
                assert_eq!(error, "decode error", "{told}");
            }
            Err(told) => {
                let classes = ["decode error", "Invalid unpack stream", "session not found"];
                assert!(classes.contains(&error), "{told}, wanted {error}");
            }
        }
    }

    fn decode(&self, message: MessageId, role: &Role, body: &[u8]) -> Result<Value, sproto::Error> {
        match role {
            Role::Reply(_) => self.protocol.decode_reply(message, body),
            _ => self.protocol.push_type(message, true).map_or(Ok(Value::Nil), |ty| ty.decode(body)),
        }
    }
}

#[test]
fn a_robot_speaks_the_references_conversations_as_either_peer() {
    let vectors: Vec<Json> =
        serde_json::from_str(include_str!("../../../sproto/tests/vectors/rpc.json")).unwrap();
    for (packed, steps) in [true, false].into_iter().zip(STEPS) {
        let mut met = BTreeMap::from(steps.map(|(what, _)| (what, 0)));
        for vector in &vectors {
            for name in vector["peers"].as_object().unwrap().keys() {
                let mut player = Player::new(vector, name, packed);
                for (index, step) in vector["steps"].as_array().unwrap().iter().enumerate() {
                    // Shown by the test runner where an expectation fails.
                    println!("{} as {name}, packed {packed}, step {index}", text(vector, "name"));
                    *met.entry(player.step(step)).or_default() += 1;
                }
            }
        }
        assert_eq!((vectors.len(), met), (21, BTreeMap::from(steps)));
    }
}
