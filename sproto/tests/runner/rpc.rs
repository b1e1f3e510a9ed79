//! `rpc.json`: conversations between peers, frame by frame.

use std::collections::HashMap;

use serde_json::Value as Json;
use sproto::rpc::{Dispatch, Host, Responder};
use sproto::{Schema, Type, Value};

use super::json::{bytes, equal, field_value, hex, structure, text};
use super::{Verdict, same};

struct Peer {
    schema: Schema,
    package: Type,
    host: Host,
}

/// The response functions that were handed out, by number.
type Responders = HashMap<u64, Responder>;

pub(crate) fn conversation(vector: &Json) -> Verdict {
    let mut peers = HashMap::new();
    for (name, peer) in vector["peers"].as_object().into_iter().flatten() {
        peers.insert(name.as_str(), Peer::new(peer).map_err(|error| error.to_string())?);
    }
    let mut responders = Responders::new();
    for (index, step) in vector["steps"].as_array().into_iter().flatten().enumerate() {
        take(step, &peers, &mut responders).map_err(|differs| format!("step {index}: {differs}"))?;
    }
    Ok(())
}

impl Peer {
    fn new(json: &Json) -> sproto::Result<Self> {
        let schema = Schema::parse(text(json, "schema"))?;
        let package = schema.require_type(text(json, "package"))?;
        let host = Host::with_package(&schema, text(json, "package"))?;
        Ok(Self { schema, package, host })
    }

    fn ud(&self, step: &Json) -> Value {
        self.package.field("ud").map_or(Value::Nil, |field| field_value(&self.package, field, &step["ud"]))
    }
}

fn take(step: &Json, peers: &HashMap<&str, Peer>, responders: &mut Responders) -> Verdict {
    let peer = |key: &str| peers.get(text(step, key)).ok_or(format!("no peer {key}"));
    let (frame, at) = match text(step, "op") {
        "request" => (request(step, peer("from")?, peer("to")?), peer("to")?),
        "response" => (response(step, peer("from")?, peer("to")?, responders), peer("to")?),
        _ => (Ok(bytes(step, "frame_hex")), peer("at")?),
    };
    let frame = match (frame, step["error"].as_str()) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(frame), Some(_)) => return Err(format!("made {}", hex(&frame))),
        (frame, None) => frame.map_err(|error| error.to_string())?,
    };
    same("frame", hex(&frame), text(step, "frame_hex").to_owned())?;
    if step["dispatch"].is_null() {
        return Ok(());
    }
    dispatched(step, &frame, at, responders)
}

fn request(step: &Json, from: &Peer, to: &Peer) -> sproto::Result<Vec<u8>> {
    let protocol = to.schema.protocol_by_name(text(step, "proto"));
    let args = args(step, protocol.as_ref().and_then(|protocol| protocol.request()));
    let mut frame = Vec::new();
    let attach = from.host.attach(&to.schema);
    attach.request_into(text(step, "proto"), &args, integer(&step["session"]), from.ud(step), &mut frame)?;
    Ok(frame)
}

fn response(step: &Json, from: &Peer, to: &Peer, responders: &Responders) -> sproto::Result<Vec<u8>> {
    let _ = to;
    let protocol = from.schema.protocol_by_name(text(step, "proto"));
    let args = args(step, protocol.and_then(|protocol| protocol.response()));
    let mut frame = Vec::new();
    if let Some(responder) = step["responder"].as_u64().and_then(|number| responders.get(&number)) {
        responder.respond_into(&args, from.ud(step), &mut frame)?;
    }
    Ok(frame)
}

fn args(step: &Json, ty: Option<Type>) -> Value {
    match (ty, step["args"].is_object()) {
        (Some(ty), true) => structure(&ty, &step["args"]),
        (None, true) => sproto::Struct::new().into(),
        (_, false) => Value::Nil,
    }
}

fn integer(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| json.as_str()?.parse().ok())
}

fn dispatched(step: &Json, frame: &[u8], at: &Peer, responders: &mut Responders) -> Verdict {
    let wanted = &step["dispatch"];
    let got = at.host.dispatch(frame);
    if let Some(error) = wanted["error"].as_str() {
        let told = got.map(|_| "dispatches".to_owned()).unwrap_or_else(|error| error.to_string());
        let like = error == "decode error" || told.to_lowercase().contains(&error.to_lowercase());
        return if like && told != "dispatches" { Ok(()) } else { Err(format!("{told}, wanted {error}")) };
    }
    match got.map_err(|error| error.to_string())? {
        Dispatch::Request(request) => {
            same("kind", "REQUEST", text(wanted, "kind"))?;
            same("protocol", request.protocol.name(), text(wanted, "proto"))?;
            message("message", &request.message, &wanted["message"], request.protocol.request())?;
            ud(at, &request.ud, wanted)?;
            same("responder", request.responder.is_some(), wanted["has_responder"] == true)?;
            if let (Some(number), Some(responder)) = (step["responder"].as_u64(), request.responder) {
                responders.insert(number, responder);
            }
            Ok(())
        }
        Dispatch::Response(response) => {
            same("kind", "RESPONSE", text(wanted, "kind"))?;
            same("session", Some(response.session), integer(&wanted["session"]))?;
            message("message", &response.message, &wanted["message"], response.protocol.response())?;
            ud(at, &response.ud, wanted)
        }
    }
}

fn message(what: &str, got: &Value, wanted: &Json, ty: Option<Type>) -> Verdict {
    let wanted = ty.map_or(Value::Nil, |ty| structure(&ty, wanted));
    if equal(got, &wanted) { Ok(()) } else { Err(format!("{what}: got {got:?}, wanted {wanted:?}")) }
}

/// "dropped" stands for user data that the package has no field for.
fn ud(at: &Peer, got: &Value, wanted: &Json) -> Verdict {
    let wanted = match (at.package.field("ud"), &wanted["ud"]) {
        (Some(field), json) if !json.is_null() && json != "dropped" => field_value(&at.package, field, json),
        _ => Value::Nil,
    };
    if equal(got, &wanted) { Ok(()) } else { Err(format!("ud: got {got:?}, wanted {wanted:?}")) }
}
