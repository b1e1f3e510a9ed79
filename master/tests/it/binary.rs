//! The binary as users meet it: exit codes, and faults in one line. Real time and real sockets.

use std::net::TcpListener;
use std::process::Output;

use proto::speech::Dialect;

use crate::common::fake::Worker;
use crate::common::process::{HOST, Running, end, master};

fn ended(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    master(args, folder.path()).output().unwrap()
}

/// The lines on stderr of a command line that can't be used.
fn faults(args: &[&str]) -> Vec<String> {
    let output = ended(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn each_bad_input_is_one_line_with_fault_and_remedy_and_exit_code_2() {
    let table: [(&[&str], &str, &str); 12] = [
        (&["--usres", "5"], "unexpected argument '--usres'", "'--users'"),
        (&["--users"], "a value is required for '--users <N>'", "--help"),
        (&["--users", "0"], "--users 0 (command line): 0 is too few", "give a whole number from 1"),
        (&["--users", "-1"], "--users -1 (command line): not such a number", "give a whole number from 1"),
        (&["--users", "9223372036854775808"], "too many", "to 1000000000"),
        (&["--spawn-rate", "nan"], "--spawn-rate nan (command line): not a rate", "such as 10 or 0.5"),
        (&["--run-time", "1 hour"], "--run-time 1 hour (command line): not a time", "1h30m"),
        (&["--host", "localhost:8765"], "no scheme", "write ws://localhost:8765"),
        (&["--host", "http://localhost"], "robots do not speak http", "write ws://localhost"),
        (&["--schema", "nowhere"], "no such folder", "name one with .sproto files"),
        (&["--json", "no/such/folder.json"], "can't be written", "name a file in a folder that exists"),
        (&["--csv", "no/such/prefix"], "can't be written", "name a file in a folder that exists"),
    ];
    for (args, fault, remedy) in table {
        let host: &[&str] = if args.contains(&"--host") { &[] } else { &HOST };
        let lines = faults(&[host, args].concat());
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with("Error: ") && lines[0].contains(fault) && lines[0].contains(remedy),
            "{}",
            lines[0]
        );
    }
}

#[test]
fn all_faults_come_at_once() {
    assert_eq!(faults(&["--users", "0", "--run-time", "x", "--seed", "-"]).len(), 4); // and the host is missing
}

#[test]
fn a_port_in_use_is_told_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let lines = faults(&[&HOST[..], &["--bind", &address]].concat());
    let begin = format!("Error: --bind {address}: the port is in use; ");
    assert!(
        lines.len() == 1 && lines[0].starts_with(&begin) && lines[0].ends_with("give another port"),
        "{lines:?}"
    );
}

#[test]
fn an_unknown_key_in_horde_toml_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("horde.toml"), "user = 5\n").unwrap();
    let output = master(&HOST, folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "Error: horde.toml: unknown key `user`; did you mean `users`?\n");
}

#[test]
fn help_and_version_are_no_faults() {
    for (option, part) in [("--help", "--expect-workers-max-wait"), ("--version", "master ")] {
        let output = ended(&[option]);
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(part));
    }
}

#[test]
fn nobody_coming_in_time_ends_with_exit_code_1_and_the_reason() {
    let output = ended(
        &[
            &HOST[..],
            &[
                "--bind",
                "127.0.0.1:0",
                "--headless",
                "--expect-workers",
                "3",
                "--expect-workers-max-wait",
                "200ms",
            ],
        ]
        .concat(),
    );
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("not enough workers within 200ms: 0 of 3 workers"), "{text}");
}

#[tokio::test]
async fn a_run_over_loopback_passes_and_leaves_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let args =
        ["--users", "100", "--spawn-rate", "100", "--run-time", "3s", "--expect-workers", "2", "--headless"];
    let files = ["--json", "run.json", "--csv", "run"];
    let master = Running::start(&[&args[..], &files].concat(), folder.path());
    let workers = (Worker::dial(master.port, "ann").await, Worker::dial(master.port, "bob").await);
    let (code, text) = end(master).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 s of 3.0 s · 100 robots") && text.contains("Verdict: passed"), "{text}");
    let merged = workers.0.ended().await.samples.len() + workers.1.ended().await.samples.len();
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("run.json")).unwrap()).unwrap();
    assert_eq!(json["aggregated"]["count"].as_u64(), Some(merged as u64));
    for name in ["stats", "stats_history", "failures", "exceptions"] {
        assert!(folder.path().join(format!("run_{name}.csv")).exists(), "{name}");
    }
}

#[tokio::test]
async fn sigterm_ends_a_run_cleanly_with_all_files_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut master = Running::start(
        &["--headless", "--users", "10", "--spawn-rate", "100", "--json", "run.json"],
        folder.path(),
    );
    let worker = Worker::dial(master.port, "ann").await;
    let master = tokio::task::spawn_blocking(move || {
        master.wait_for("the run begins");
        master.wait_for_table();
        master.signal("-TERM");
        master
    });
    let (code, text) = end(master.await.unwrap()).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("(stopped: asked to stop)"), "{text}");
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("run.json")).unwrap()).unwrap();
    assert_eq!(json["aggregated"]["count"].as_u64(), Some(worker.ended().await.samples.len() as u64));
    assert_eq!(json["verdict"]["passed"], true);
}

#[tokio::test]
async fn ctrl_c_while_waiting_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let master = Running::start(&["--headless", "--expect-workers", "5"], folder.path());
    master.signal("-INT");
    let (code, text) = end(master).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("stopped before it began: 0 of 5 workers"), "{text}");
}

const TWO_CLASSES: &str = r#"
users = 40
spawn-rate = 100
run-time = "2s"
headless = true
mods = "game"
exclude-tags = ["slow"]

[[class]]
name = "fighter"
weight = 3
mods = ["role", "hero"]
tasks = ["echo", { name = "walk", weight = 2 }]

[[class]]
name = "watcher"
count = 4
host = "ws://127.0.0.1:8766"

[[data]]
name = "accounts"
file = "accounts.csv"

[speech]
dialect = "rpc"

[speech.replies]
EnterScene = "Scene"
"#;

/// A folder with that horde.toml, a mod `hero` and accounts.
fn folder_of(toml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("game/hero")).unwrap();
    std::fs::write(folder.path().join("game/hero/hero_mod.lua"), "return {}").unwrap();
    std::fs::write(folder.path().join("accounts.csv"), "name\nann\n").unwrap();
    std::fs::write(folder.path().join("horde.toml"), toml).unwrap();
    folder
}

#[tokio::test]
async fn a_horde_toml_of_two_classes_reaches_the_workers_as_it_is_meant() {
    let folder = folder_of(TWO_CLASSES);
    let master = Running::start(&["--mod", "role"], folder.path());
    let worker = Worker::dial(master.port, "ann").await;
    let (code, text) = end(master).await;
    assert_eq!(code, Some(0), "{text}");
    let plan = &worker.ended().await.orders[0].plan;
    let [fighter, watcher] = plan.classes.list() else { panic!("{plan:?}") };
    assert_eq!((&fighter.mods[..], fighter.tasks[1].weight), (&["role".into(), "hero".into()][..], Some(2)));
    assert_eq!(
        (&watcher.mods[..], watcher.host.as_deref()),
        (&["role".into()][..], Some("ws://127.0.0.1:8766"))
    );
    assert_eq!(plan.classes.counts(40), [36, 4]);
    assert_eq!((plan.data[0].path.as_str(), plan.tags.without[0].as_str()), ("data/accounts.csv", "slow"));
    assert_eq!((plan.speech.dialect, plan.speech.reply_of("EnterScene")), (Dialect::Rpc, "Scene".into()));
}

#[tokio::test]
async fn a_mod_that_nobody_has_ends_the_run_with_exit_code_2_before_any_robot() {
    let folder = folder_of(&TWO_CLASSES.replace("\"hero\"", "\"battle\""));
    let master = Running::start(&["--mod", "role"], folder.path());
    let worker = Worker::dial(master.port, "ann").await;
    let (code, text) = end(master).await;
    assert_eq!(code, Some(2), "{text}");
    let sentence = "worker ann can't play mod `battle`: the bundle has no mods/battle/battle_mod.lua, and the worker \
                    has only role";
    assert!(text.contains(sentence), "{text}");
    assert!(worker.ended().await.orders.is_empty());
}

#[test]
fn faults_of_tables_are_lines_too_and_all_come_at_once() {
    let toml = TWO_CLASSES.replace("count = 4", "count = 4\nweight = 1").replace("accounts.csv", "none.csv");
    let folder = folder_of(&toml);
    let output = master(&HOST, folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "Error: horde.toml: [[data]] `accounts`: none.csv can't be read (No such file or directory (os error 2)); \
             check name and rights",
            "Error: horde.toml: [[class]] `watcher`: count and weight; give one of the two",
        ]
    );
}
