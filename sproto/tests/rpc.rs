//! Conversations beyond the vectors: hostile peers, generated messages, two schemas.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use sproto::rpc::{Dispatch, Head, Host};
use sproto::{Error, Schema, Value, value};

const SERVER: &str = "
.package { type 0 : integer  session 1 : integer }
login 1 { request { name 0 : string }  response { ok 0 : boolean } }
ping 2 { response nil }
log 3 { request { line 0 : string } }
";
const CLIENT: &str = "
.package { type 0 : integer  session 1 : integer }
push 1 { request { gold 0 : integer } }
";

fn hosts() -> (Host, Host, Schema, Schema) {
    let (server, client) = (Schema::parse(SERVER).unwrap(), Schema::parse(CLIENT).unwrap());
    (Host::new(&server).unwrap(), Host::new(&client).unwrap(), server, client)
}

#[test]
fn each_side_asks_what_the_other_takes() {
    let (server, client, server_schema, client_schema) = hosts();
    let login = client.attach(&server_schema).request("login", &value!({ name: "Bob" }), Some(7)).unwrap();
    let Dispatch::Request(asked) = server.dispatch(&login).unwrap() else { panic!("a response") };
    assert_eq!((asked.protocol.name(), &asked.message["name"]), ("login", &"Bob".into()));
    let push = server.attach(&client_schema).request("push", &value!({ gold: 5 }), None).unwrap();
    let Dispatch::Request(pushed) = client.dispatch(&push).unwrap() else { panic!("a response") };
    assert_eq!((pushed.protocol.name(), pushed.message["gold"].as_i64()), ("push", Some(5)));
    assert!(pushed.responder.is_none(), "nobody waits for an answer to a push");
    assert_eq!(client.pending(), 1);
}

#[test]
fn a_response_is_taken_once_and_only_if_asked_for() {
    let (server, client, server_schema, _) = hosts();
    let ping = client.attach(&server_schema).request("ping", &(), Some(7)).unwrap();
    let Dispatch::Request(asked) = server.dispatch(&ping).unwrap() else { panic!("a response") };
    let responder = asked.responder.unwrap();
    let pong = responder.respond(&()).unwrap();
    let error = responder.respond(&value!({ ok: true })).unwrap_err();
    assert_eq!(error.to_string(), "protocol `ping` answers with nil, not with a message");
    assert!(matches!(client.dispatch(&pong), Ok(Dispatch::Response(answer)) if answer.message.is_nil()));
    assert_eq!(client.dispatch(&pong).unwrap_err().to_string(), "unknown session 7");
    assert!(matches!(server.dispatch(&pong), Err(Error::UnknownSession(7))));
}

#[test]
fn a_request_that_is_given_up_is_forgotten() {
    let (_, client, server_schema, _) = hosts();
    let attach = client.attach(&server_schema);
    for session in 0..10 {
        attach.request("ping", &(), Some(session)).unwrap();
    }
    assert!(client.cancel(3) && !client.cancel(3));
    client.retain(|session| session >= 5);
    assert_eq!(client.pending(), 5);
}

#[test]
fn a_request_that_cannot_be_made_leaves_no_trace() {
    let (_, client, server_schema, _) = hosts();
    let attach = client.attach(&server_schema);
    let mut frame = vec![1];
    let error = attach.request_into("login", &value!({ name: 1 }), Some(1), Value::Nil, &mut frame);
    assert_eq!(error.unwrap_err().to_string(), "login.request.name: expected a string, found an integer");
    let error = attach.request("nosuch", &(), Some(1)).unwrap_err();
    assert_eq!(error.to_string(), "protocol nosuch not found");
    assert_eq!((client.pending(), frame), (0, vec![1]));
}

#[test]
fn hostile_frames_are_errors() {
    let (server, ..) = hosts();
    let server = server.limit(1024);
    assert_eq!(
        server.dispatch(&[0; 1000]).unwrap_err().to_string(),
        "unpacks to more than the limit of 1024 bytes"
    );
    assert_eq!(
        server.dispatch(&[0xff, 0xff, 1]).unwrap_err().to_string(),
        "invalid unpack stream: it ends in the middle of the word at offset 0"
    );
    assert_eq!(
        server.dispatch(&[]).unwrap_err().to_string(),
        "package: the header needs 2 bytes, 0 are left"
    );
    assert_eq!(server.dispatch(&[0]).unwrap_err().to_string(), "session not found in the response");
    for length in 0..64_u8 {
        let _ = server.dispatch(&vec![length; length.into()]);
    }
}

#[test]
fn a_frame_can_be_opened_without_a_value() {
    let (server, client, server_schema, _) = hosts();
    let log = client.attach(&server_schema).request("log", &value!({ line: "x" }), None).unwrap();
    let mut plain = Vec::new();
    let opened = server.open(&log, &mut plain).unwrap();
    assert!(matches!(opened.head, Head::Request { ref protocol, responder: None } if protocol.tag() == 3));
    assert!(opened.content.starts_with(b"\x01\0\0\0\x01\0\0\0x"));
}
