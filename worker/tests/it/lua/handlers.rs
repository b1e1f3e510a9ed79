//! Messages that nobody asked for, in both dialects: what handlers see, when they run, what they answer.

use proto::message::Bundle;
use proto::series::{FailureClass, Kind};
use sproto::rpc::{Dispatch, Host};
use sproto::{Schema, Value, value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{bundle, failed, play};
use crate::common::{counts, failures, plan};

/// Both sides ask: the robot `poke`s, the server then says `notice` and asks `question`.
const PACKAGE: &str = ".package { type 0 : integer  session 1 : integer }\n";
const OURS: &str = "poke 1 { request { n 0 : integer } response { seen 0 : string } }\ntell 2 { request { answer 0 : string } }";
const THEIRS: &str = ".Item { id 0 : integer  name 1 : binary }\n\
    notice 1 { request { sent_at 0 : integer  items 1 : *Item(id)  counts 2 : *integer  big 3 : integer  rate 4 : integer(2) } }\n\
    question 2 { request { text 0 : string } response { text 0 : string } }";

fn schema(text: &str) -> Schema {
    Schema::parse(&format!("{PACKAGE}{text}")).unwrap()
}

async fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let length = stream.read_u16().await.ok()?;
    let mut frame = vec![0; length.into()];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

async fn write_frame(stream: &mut TcpStream, frame: &[u8]) {
    let length = u16::try_from(frame.len()).unwrap();
    stream.write_u16(length).await.unwrap();
    stream.write_all(frame).await.unwrap();
}

/// A server that answers each `poke` after it has said `notice` and asked `question`; what it was told and answered.
async fn server(listener: TcpListener) -> Vec<Value> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let host = Host::new(&schema(OURS)).unwrap();
    let remote = host.attach(&schema(THEIRS));
    let mut told = Vec::new();
    while let Some(frame) = read_frame(&mut stream).await {
        match host.dispatch(&frame).unwrap() {
            Dispatch::Request(asked) if asked.protocol.name() == "poke" => {
                let items = value!([{ id: 7, name: b"\xff\x00" }, { id: 9, name: b"b" }]);
                let notice =
                    value!({ sent_at: 0, items: items, counts: [1, 2, 3], big: i64::MAX, rate: 1.25 });
                write_frame(&mut stream, &remote.request("notice", &notice, None).unwrap()).await;
                let question = value!({ text: "who" });
                write_frame(&mut stream, &remote.request("question", &question, Some(5)).unwrap()).await;
                let answer = asked.responder.unwrap().respond(&value!({ seen: "poked" })).unwrap();
                write_frame(&mut stream, &answer).await;
            }
            Dispatch::Request(asked) => told.push(asked.message),
            Dispatch::Response(answer) => told.push(answer.message),
        }
    }
    told
}

async fn run(code: &str) -> (Vec<proto::report::Report>, Vec<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(server(listener));
    let (ours, theirs) = (format!("{PACKAGE}{OURS}"), format!("{PACKAGE}{THEIRS}"));
    let files: Bundle =
        bundle(&[("m/m_mod.lua", code), ("m/m.c2s.sproto", &ours), ("m/m.s2c.sproto", &theirs)]);
    let reports = play(plan(&host, "m", 1, 1000.0, 0.4), files).await.unwrap();
    (reports, server.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_run_before_the_task_that_waits_and_answer_the_server() {
    let (reports, told) = run(r#"
        local m = { handlers = {}, markers = { notice = "sent_at" } }
        function m:start(robot)
          local game = robot:connect("game", robot.host, { dialect = "rpc" })
          local reply = game:request("poke", { n = 1 })
          assert(reply.seen == "poked" and self.noticed, "the notice came first")
          robot:run_tasks()
        end
        function m.handlers.notice(self, robot, msg)
          assert(msg.items[7].name == "\xff\0" and msg.items[9].id == 9 and #msg.counts == 3)
          assert(msg.big == math.maxinteger and math.type(msg.big) == "integer" and msg.rate == 1.25)
          self.noticed = true
          robot:connection("game"):send("tell", { answer = "noted" })
        end
        function m.handlers.question(self, robot, msg) return { text = msg.text .. "? me" } end
        return m"#)
    .await;
    assert_eq!(failed(&reports), (0, String::new()));
    assert_eq!(told, [value!({ answer: "noted" }), value!({ text: "who? me" })]);
    assert_eq!(counts(&reports, Kind::Push, "notice"), (1, 0));
    let timed = reports.iter().flat_map(|report| &report.series).find(|s| s.series.name == "notice").unwrap();
    assert!(timed.ok.max_us > 0, "the marker times it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_waits_goes_on_beside_and_answers_later() {
    let (reports, told) = run(r#"
        local m = { handlers = {} }
        function m:start(robot)
          local game = robot:connect("game", robot.host, { dialect = "rpc" })
          game:request("poke", {})
          assert(not self.answered and self.begun)
          robot:run_tasks()
        end
        function m.handlers.question(self, robot, msg)
          self.begun = true
          robot:sleep(0.02)
          self.answered = true
          return { text = "late" }
        end
        function m.handlers.notice(self, robot)
          robot:sleep(0.01)
          error("after the pause")
        end
        return m"#)
    .await;
    assert_eq!(failed(&reports), (0, String::new()));
    assert_eq!(told, [value!({ text: "late" })]);
    let (count, example) = failures(&reports, Kind::Push, FailureClass::Task);
    assert!(
        count == 1 && example.starts_with("handler of notice: mods/m/m_mod.lua:17: after the pause"),
        "{example}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mod_can_resume_when_a_connection_is_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
        let (mut second, _) = listener.accept().await.unwrap();
        while read_frame(&mut second).await.is_some() {}
    });
    let code = r#"
        local m = { wait = horde.constant(0.01), tasks = { { name = "rest", run = function() end } } }
        local function connect(robot) robot:connect("game", robot.host, { dialect = "rpc" }) end
        function m:start(robot) connect(robot) robot:run_tasks() end
        function m:resume(robot, connection)
          robot:count("lost " .. connection)
          connect(robot)
          return true
        end
        return m"#;
    let package = format!("{PACKAGE}{OURS}");
    let files = bundle(&[("m/m_mod.lua", code), ("m/m.sproto", &package)]);
    let reports = play(plan(&host, "m", 1, 1000.0, 0.4), files).await.unwrap();
    assert_eq!(counts(&reports, Kind::Custom, "lost game"), (1, 0));
    assert_eq!(counts(&reports, Kind::Session, "default"), (1, 0));
    assert_eq!(counts(&reports, Kind::Connect, "game"), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_fit_is_told_by_field() {
    let (reports, told) = run(r#"
        local m = { handlers = { question = function() return { text = 3 } end } }
        function m:start(robot)
          robot:connect("game", robot.host, { dialect = "rpc" }):request("poke", {})
          robot:run_tasks()
        end
        return m"#)
    .await;
    let (count, example) = failures(&reports, Kind::Push, FailureClass::Task);
    assert_eq!((count, told.len()), (1, 0));
    assert!(example.contains("text: expected a string, got integer 3"), "{example}");
    assert_eq!(counts(&reports, Kind::Push, "notice"), (1, 0));
}
