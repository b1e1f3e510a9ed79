//! `worker run`, as people who write mods use it: the binary, and the example of a worker with a mod of one's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Server;

/// Runs a worker binary; exit code, standard output, standard error.
async fn run(binary: impl AsRef<Path>, args: Vec<String>) -> (Option<i32>, String, String) {
    let mut command = Command::new(binary.as_ref());
    command.arg("run").args(args).args(["--log", "warn"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn args(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

/// Where cargo puts an example of this package.
fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(example.exists(), "{} is not built: a plain `cargo test` builds it", example.display());
    example
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_tells_each_step_of_a_robot_s_life() {
    let server = Server::start();
    let asked = args(&["--host", &server.host, "--run-time", "500ms", "--trace"]);
    let (code, told, faults) = run(env!("CARGO_BIN_EXE_worker"), asked).await;
    assert_eq!((code, faults.as_str()), (Some(0), ""));
    let steps = [
        "#0 connected lobby to ws://",
        "#0 is logging in",
        "#0 -> lobby ServerListRequest {} (33 B)",
        "#0 <- lobby ServerListResponse {ServerList={\"ws://",
        "#0 closed lobby",
        "#0 -> game LoginReuest {} (27 B)",
        "#0 <- game LoginRespone {MyValue=",
        "#0 is playing",
        "#0 is leaving",
        "#0 closed game",
        "Messages: ",
    ];
    let mut rest = told.as_str();
    for step in steps {
        let at = rest.find(step).unwrap_or_else(|| panic!("`{step}` is missing or out of order in\n{told}"));
        rest = &rest[at..];
    }
    assert!(!told.contains('\u{1b}'), "no colours where there is no terminal");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_mod_runs_in_an_own_worker() {
    let server = Server::start();
    let asked = args(&["--host", &server.host, "--mod", "chat", "--robots", "5", "--run-time", "1500ms"]);
    let (code, told, faults) = run(example("chat_worker"), asked).await;
    assert_eq!((code, faults.as_str()), (Some(0), ""), "{told}");
    assert!(told.contains("task     say"), "{told}");
    assert_eq!(server.totals().await.logins, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_faults_are_told_by_exit_code_and_sentence() {
    let nobody = args(&["--host", "ws://127.0.0.1:1", "--run-time", "200ms"]);
    let (code, told, faults) = run(env!("CARGO_BIN_EXE_worker"), nobody).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("lobby: ws://127.0.0.1:1 can't be reached: Connection refused"), "{told}");
    assert!(faults.ends_with(" samples failed\n"), "{faults}");
    let wrong = args(&["--host", "http://x", "--mod", "chat", "--reply", "a", "--robots", "9999999999999"]);
    let (code, _, faults) = run(env!("CARGO_BIN_EXE_worker"), wrong).await;
    assert_eq!(code, Some(2));
    assert_eq!(faults.lines().count(), 3, "{faults}");
    assert!(faults.contains("Error: --host http://x: `http` is not a scheme that robots speak"), "{faults}");
    let unknown = args(&["--host", "ws://127.0.0.1:1", "--mod", "chat"]);
    let (code, _, faults) = run(env!("CARGO_BIN_EXE_worker"), unknown).await;
    assert_eq!((code, faults.as_str()), (Some(2), "Error: this worker has no mod `chat`; it has: role\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mods_that_are_saved_are_taken_over_and_broken_ones_are_told() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m/m_mod.lua");
    std::fs::create_dir(folder.path().join("m")).unwrap();
    let save = move |text: &str| std::fs::write(&path, text).unwrap();
    let says = |word: &str| {
        format!("local m = {{}} function m:start(robot) robot:log('{word}') robot:run_tasks() end return m")
    };
    save(&says("first"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    let mods = folder.path().to_str().unwrap();
    command.args(["run", "--host", "ws://127.0.0.1:1", "--mods", mods, "--trace", "--run-time", "60s"]);
    let mut child = command.args(["--log", "warn"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // Bounded by the run time, after which there are no more lines.
    let mut await_line =
        |part: &str| lines.find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}"));
    await_line("says: first");
    save("local m = {");
    let told = await_line("not taken over: mods/m/m_mod.lua:1:");
    assert!(told.ends_with("unexpected symbol near <eof>"), "{told}");
    save(&says("second"));
    await_line("the mods were saved: robots begin anew");
    await_line("says: second");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn annotations_for_editors_go_to_standard_output() {
    let mods = concat!(env!("CARGO_MANIFEST_DIR"), "/../mods");
    let output =
        Command::new(env!("CARGO_BIN_EXE_worker")).args(["annotate", "--mods", mods]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("---@meta"), "{text}");
    assert!(text.contains("EchoRequest") && text.contains("function Robot:gather(key, size, seconds) end"));
    let output =
        Command::new(env!("CARGO_BIN_EXE_worker")).args(["annotate", "--mods", "/nowhere"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "Error: --mods /nowhere: no such folder; name one with mods\n");
}
