//! One message of each dialect, there and back.

use super::*;
use crate::game::{EchoRequest, MsgRef};
use crate::protocol::Schemas;
use proto::message::Bundle;
use proto::speech::Speech;
use sproto::MessageRef as _;

#[test]
fn an_envelope_is_what_generated_code_writes() {
    let protocol = Schemas::from_bundle(&Bundle::new(Vec::new())).unwrap().spoken(&Speech::default());
    let mut dialect = Dialect::msg(&protocol).unwrap();
    let (id, mut scratch) = (protocol.id("EchoRequest").unwrap(), Scratch::default());
    let reply = protocol.message(id).reply;
    let echo = EchoRequest { text: Some("hello".into()) };
    let (frame, key) = dialect.encode(&protocol, id, &echo, reply, &mut scratch).unwrap();
    assert_eq!(key, reply.map(Key::Name));
    let msg = MsgRef::decode(&frame).unwrap();
    assert_eq!(msg.name, Some("EchoRequest"));
    let back = dialect.open(&protocol, &frame, &mut scratch).unwrap();
    assert_eq!((back.message, &*back.body), (Some(id), msg.bin.unwrap()));
}

#[test]
fn calls_and_answers_go_both_ways() {
    let package = ".package { type 0 : integer  session 1 : integer }\n";
    let ours = format!("{package}get 2 {{ request {{ what 0 : string }} response {{ result 0 : string }} }}");
    let theirs = format!("{package}heartbeat 1 {{ response nil }}");
    let files = [("a.c2s.sproto", &ours), ("a.s2c.sproto", &theirs)];
    let bundle = Bundle::new(files.map(|(path, text)| (path.into(), text.as_bytes().to_vec())).into());
    let protocol = Schemas::from_bundle(&bundle).unwrap().spoken(&Speech::default());
    let mut scratch = Scratch::default();
    let mut robot = Dialect::rpc(&protocol, true).unwrap();
    let server = Host::new(protocol.schema()).unwrap();
    let get = protocol.id("get").unwrap();
    let asked = sproto::value!({ what: "hello" });
    let (frame, key) = robot.encode(&protocol, get, &asked, Some(get), &mut scratch).unwrap();
    let sproto::rpc::Dispatch::Request(request) = server.dispatch(&frame).unwrap() else { panic!() };
    assert_eq!(request.message, asked);
    let answer = request.responder.unwrap().respond(&sproto::value!({ result: "world" })).unwrap();
    let back = robot.open(&protocol, &answer.into(), &mut scratch).unwrap();
    assert!(matches!(back.role, Role::Reply(k) if Some(k) == key) && back.message == Some(get));
    let beat = server.attach(protocol.server()).request("heartbeat", &(), Some(7)).unwrap();
    let back = robot.open(&protocol, &beat.into(), &mut scratch).unwrap();
    let Role::Call(Some(responder)) = back.role else { panic!() };
    let answer = Dialect::answer(&responder, &(), &mut scratch).unwrap();
    assert!(
        matches!(server.dispatch(&answer).unwrap(), sproto::rpc::Dispatch::Response(r) if r.session == 7)
    );
}
