//! `master ctl` against a real master: what it prints, and its exit codes.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::common::fake::Worker;
use crate::common::process::master;

/// A master that stays, with the ports for workers and for people; killed if the test ends before it.
struct Staying {
    child: Child,
    workers: u16,
    url: String,
}

impl Staying {
    fn start(args: &[&str], folder: &Path) -> Self {
        let fixed = ["--host", "ws://127.0.0.1:8765", "--bind", "127.0.0.1:0", "--web-port", "0"];
        let mut command = master(&[&fixed[..], args].concat(), folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut behind = |mark: &str| {
            let mut line = String::new();
            while !line.contains(mark) {
                line.clear();
                assert!(log.read_line(&mut line).unwrap() > 0, "the log ends without {mark}");
            }
            let (_, rest) = line.split_once(mark).unwrap();
            rest.trim().split([',', ' ']).next().unwrap().to_owned()
        };
        let workers = behind("listening on 127.0.0.1:").parse().unwrap();
        let url = format!("http://127.0.0.1:{}", behind("http://127.0.0.1:"));
        // What it logs from here on must not fill the pipe.
        std::thread::spawn(move || _ = log.read_to_end(&mut Vec::new()));
        Self { child, workers, url }
    }

    /// Exit code, standard output and errors of a command to it.
    fn ctl(&self, args: &[&str]) -> (i32, String, String) {
        ctl(&[args, &["--master-url", &self.url]].concat())
    }

    /// Asks for the status until it tells that.
    fn until(&self, part: &str) -> String {
        let end = tokio::time::Instant::now() + crate::common::LONG;
        loop {
            let (code, text, _) = self.ctl(&["status"]);
            if code == 0 && text.contains(part) {
                return text;
            }
            assert!(tokio::time::Instant::now() < end, "the status never tells {part}: {text}");
        }
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn ctl(args: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = master(&[&["ctl"], args].concat(), folder.path()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_run_is_steered_from_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut staying = Staying::start(&["--users", "20", "--spawn-rate", "100"], folder.path());
    let worker = Worker::dial(staying.workers, "ann").await;
    let commands = tokio::task::spawn_blocking(move || {
        staying.until("idle: no run goes on; 1 workers are there");
        let (code, _, told) = staying.ctl(&["stop"]);
        assert_eq!((code, told.as_str()), (1, "Error: no run goes on; start one first\n"));
        let (code, told, _) = staying.ctl(&["start", "--users", "30", "--run-time", "10m"]);
        assert!(code == 0 && told.starts_with("a run is started"), "{told}");
        staying.until("running: run");
        let table = [
            (vec!["users", "60", "--rate", "200"], "60 robots at 200 per second"),
            (vec!["pause"], "paused: no task begins"),
            (vec!["resume"], "resumed: tasks begin again"),
            (
                vec!["command", "storm", "--share", "30%", "--args", "[1]"],
                "command storm to 30 % of the robots with [1]",
            ),
        ];
        for (args, begin) in table {
            let (code, told, error) = staying.ctl(&args);
            assert!(code == 0 && told.starts_with(begin), "{args:?}: {told}{error}");
        }
        let (code, _, told) = staying.ctl(&["users", "9223372036854775808"]);
        assert_eq!(
            (code, told.as_str()),
            (2, "Error: 9223372036854775808 robots are more than a plan can hold (1000000000)\n")
        );
        assert_eq!(staying.ctl(&["arrivals", "5"]).0, 2);
        let text = staying.until("60 of 60 robots");
        assert!(
            text.contains("ann") && text.contains("60 robots at 200 per second (master ctl from 127.0.0.1)"),
            "{text}"
        );
        assert!(staying.ctl(&["status", "--json"]).1.starts_with("{\"phase\":\"running\""));
        let file = folder.path().join("plan.toml");
        assert_eq!(staying.ctl(&["plan", "-o", file.to_str().unwrap()]).0, 0);
        assert!(std::fs::read_to_string(&file).unwrap().contains("plan of run"));
        assert_eq!(staying.ctl(&["stop"]).0, 0);
        let text = staying.until("last run");
        assert!(text.contains(": passed"), "{text}");
        let pid = staying.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(staying.child.wait().unwrap().code(), Some(0));
        let mut text = String::new();
        staying.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text
    });
    let text = commands.await.unwrap();
    assert!(text.contains("\nChanges\n") && text.contains("command storm"), "{text}");
    assert_eq!(worker.ended().await.commands.len(), 1);
}

#[test]
fn nobody_and_somebody_else_there_are_named() {
    let free = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let (code, _, told) = ctl(&["status", "--master-url", &free]);
    assert!(
        code == 1 && told.starts_with(&format!("Error: no master listens at {free}; start one")),
        "{told}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        _ = stream.read(&mut head).unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    });
    let (code, _, told) = ctl(&["status", "--master-url", &url]);
    other.join().unwrap();
    assert_eq!((code, told), (1, format!("Error: what listens at {url} is no master of this release\n")));
}

#[test]
fn bad_usage_is_one_line_and_exit_code_2() {
    let table: [(&[&str], &str); 5] = [
        (&["users", "-1"], "invalid value '-1' for '<N>'"),
        (&["users", "5", "--rate", "nan"], "not a number; give one such as 10 or 0.5"),
        (&["command", "x", "--share", "200%"], "not a share; give more than 0 and up to 1, or such as 30%"),
        (
            &["status", "--master-url", "localhost"],
            "not such an address; write it like http://127.0.0.1:8089",
        ),
        (&["dance"], "unrecognized subcommand 'dance'"),
    ];
    for (args, part) in table {
        let (code, out, told) = ctl(args);
        assert!(
            code == 2 && out.is_empty() && told.starts_with("Error: ") && told.contains(part),
            "{args:?}: {code} {told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    assert_eq!(ctl(&["--help"]).0, 0);
}
