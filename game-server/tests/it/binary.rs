//! The binary from outside: options, signals, totals, exit codes.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::client::Client;
use crate::process::{Process, command};

const FREE_PORTS: [&str; 4] = ["--lobby-port", "0", "--game-port", "0"];

/// Exit code and stderr of a start that must fail.
fn refused(args: &[&str]) -> (Option<i32>, String) {
    let output = command(args).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, b"");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

async fn login_and_echo(process: &Process) {
    let mut client = Client::login(process.game).await;
    client.echo("x").await;
    client.close().await;
}

#[test]
fn bad_options_are_one_line_each_and_exit_code_2() {
    let table: [(&[&str], &str); 10] = [
        (
            &["--lobby-prt", "1"],
            "unexpected argument '--lobby-prt' found; a similar argument exists: '--lobby-port'",
        ),
        (
            &["--game-port", "99999"],
            "invalid value '99999' for '--game-port <PORT>': 99999 is not in 0..=65535",
        ),
        (&["--bind", "localhost"], "invalid value 'localhost' for '--bind <IP>': invalid IP address syntax"),
        (&["--max-frame", "1"], "invalid value '1' for '--max-frame <BYTES>': give 64 to 67108864 bytes"),
        (&["--advertise", "game:1"], "--advertise `game:1` is no WebSocket address: write ws://HOST:PORT"),
        (
            &["--bind", "0.0.0.0"],
            "--bind 0.0.0.0 listens everywhere, but robots need one address: add --advertise ws://HOST:PORT",
        ),
        (&["--lobby-port", "8766"], "--lobby-port and --game-port are both 8766: give each its own"),
        (
            &["--totals", "/no/such/file"],
            "--totals: can't write /no/such/file: No such file or directory (os error 2); choose another file",
        ),
        (
            &["--watch", "/no/such/file"],
            "--watch: can't write /no/such/file: No such file or directory (os error 2); choose another file",
        ),
        (&["--schema", "/no/such"], "--schema: cannot read /no/such: No such file or directory (os error 2)"),
    ];
    for (args, sentence) in table {
        let (code, said) = refused(args);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.starts_with(&format!("Error: {sentence}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for option in ["--help", "--version"] {
        let output = command(&[option]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(String::from_utf8(output.stdout).unwrap().contains("game"));
    }
}

#[test]
fn a_type_defined_twice_names_both_files() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in proto::game::FILES.into_iter().chain([("zz.sproto", ".Msg {}")]) {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let (code, said) = refused(&["--schema", directory.path().to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(said.contains("/msg.sproto:") && said.contains("/zz.sproto:"), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn a_port_in_use_is_told_plainly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = refused(&["--lobby-port", "0", "--game-port", &port]);
    assert_eq!(code, Some(2));
    let sentence = format!(
        "Error: 127.0.0.1:{port} is in use: stop what listens there, or choose another port with --game-port"
    );
    assert!(said.ends_with(&format!("{sentence}\n")), "{said}");
}

#[tokio::test]
async fn both_signals_end_it_with_one_line_of_totals() {
    for signal in ["TERM", "INT"] {
        let process = Process::start(command(&FREE_PORTS));
        login_and_echo(&process).await;
        let (code, printed) = process.end(signal);
        assert_eq!((code, printed.lines().count()), (Some(0), 1));
        let totals: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(totals["logins"], 1);
        assert_eq!(totals["requests"]["EchoRequest"], 1);
        assert_eq!(totals["protocol_errors"]["malformed"], 0);
    }
}

#[tokio::test]
async fn totals_go_to_a_file_too_and_the_schema_of_the_repository_is_the_built_in_one() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/game");
    let options = ["--totals", file.path().to_str().unwrap(), "--schema", schema, "--seed", "1"];
    let process = Process::start(command(&[&FREE_PORTS[..], &options].concat()));
    login_and_echo(&process).await;
    let (_, printed) = process.end("TERM");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), printed);
}

#[tokio::test]
async fn who_watches_sees_each_login_and_how_many_are_in() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = ["--watch", file.path().to_str().unwrap()];
    let process = Process::start(command(&[&FREE_PORTS[..], &options].concat()));
    login_and_echo(&process).await;
    login_and_echo(&process).await;
    let (code, _) = process.end("TERM");
    assert_eq!(code, Some(0));
    let text = std::fs::read_to_string(file.path()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let all = |key: &str| lines.iter().map(|line| line[key].as_u64().unwrap()).collect::<Vec<_>>();
    assert!(all("ms").is_sorted() && all("messages").is_sorted(), "{text}");
    assert_eq!(all("logins").last(), Some(&2), "{text}");
    // However short they were in: a line that comes later tells of them.
    assert_eq!((all("highest").iter().max(), all("sessions").last()), (Some(&1), Some(&0)), "{text}");
}

/// A process without a handler of its own would ignore SIGTERM as PID 1 of its namespace.
#[test]
fn sigterm_ends_it_as_pid_1_too() {
    let mut unshare = Command::new("unshare");
    unshare.args(["--pid", "--fork", "--kill-child", env!("CARGO_BIN_EXE_game-server")]).args(FREE_PORTS);
    if !Command::new("unshare")
        .args(["--pid", "--fork", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        return; // needs the right to make namespaces
    }
    let process = Process::start(unshare);
    let children = format!("/proc/{0}/task/{0}/children", process.id());
    let child = std::fs::read_to_string(children).unwrap().trim().to_owned();
    assert!(Command::new("kill").args(["-s", "TERM", &child]).status().unwrap().success());
    let (code, printed) = process.wait();
    assert_eq!(code, Some(0));
    assert!(printed.starts_with("{\"connections\":"), "{printed}");
}
