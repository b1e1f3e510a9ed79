//! Faults as users read them, and which source wins.

mod export;
mod life;
mod robots;
mod stages;

use std::collections::HashMap;
use std::fs;

use clap::Parser;

use super::*;
use crate::args::Args;

const HOST: [&str; 2] = ["--host", "ws://127.0.0.1:8765"];

fn check(args: &[&str], environment: &[(&str, &str)]) -> Result<Config, Faults> {
    let args = Args::try_parse_from([&["master"], args].concat()).unwrap();
    let environment: HashMap<_, _> = environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    Config::check(&Settings::gather(args, environment)?)
}

fn faults(args: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let faults = check(args, environment).err().unwrap_or_default();
    faults.0.iter().map(Fault::to_string).collect()
}

/// One fault on the command line, beside a good host.
fn fault(args: &[&str]) -> String {
    let faults = faults(&[&HOST, args].concat(), &[]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults[0].clone()
}

#[test]
fn a_fault_names_setting_value_place_and_remedy() {
    let most = "give a whole number from 1 to 1000000000";
    let time = "not a time; write 20, 20s, 3m, 1h30m or 500ms";
    let rate = "not a rate; give robots per second as a number above 0, such as 10 or 0.5";
    let table = [
        (["--users", "0"], format!("--users 0 (command line): 0 is too few; {most}")),
        (["--users", "-1"], format!("--users -1 (command line): not such a number; {most}")),
        (
            ["--users", "9223372036854775808"],
            format!("--users 9223372036854775808 (command line): too many; {most}"),
        ),
        (["--spawn-rate", "nan"], format!("--spawn-rate nan (command line): {rate}")),
        (["--spawn-rate", "-inf"], format!("--spawn-rate -inf (command line): {rate}")),
        (["--run-time", "10 minutes"], format!("--run-time 10 minutes (command line): {time}")),
        (["--run-time", "-5s"], format!("--run-time -5s (command line): {time}")),
        (["--run-time", "0"], "--run-time 0 (command line): too short; give at least 1ms".into()),
        (["--run-time", "25h"], "--run-time 25h (command line): too long; give at most 24h".into()),
        (["--bind", "5557"], "--bind 5557 (command line): not an address with a port; write 127.0.0.1:5557, or 0.0.0.0:5557 for all networks".into()),
        (["--on-worker-loss", "panic"], "--on-worker-loss panic (command line): no such policy; give rebalance, continue or fail".into()),
        (["--log-level", "loud"], "--log-level loud (command line): no such level; give error, warn, info, debug or a filter such as info,master=debug".into()),
        (["--schema", "/no/such"], "--schema /no/such (command line): no such folder; name one with .sproto files".into()),
        (["--json", "/no/such/a.json"], "--json /no/such/a.json (command line): /no/such/a.json can't be written (No such file or directory); name a file in a folder that exists and is yours".into()),
        (["--spawn-rate", "1e-9"], "--spawn-rate 1e-9 (command line): 1 robots at 0.000000001 per second take longer than 24 h; give a rate of at least 0.000012".into()),
    ];
    for (args, sentence) in table {
        assert_eq!(fault(&args), sentence);
    }
}

#[test]
fn a_host_must_be_a_web_socket_address() {
    let table = [
        ("127.0.0.1:8765", "no scheme; write ws://127.0.0.1:8765"),
        ("localhost", "no scheme; write ws://localhost"),
        ("http://a:1", "robots do not speak http; write ws://a:1"),
        ("ws://", "empty host; write it like ws://127.0.0.1:8765"),
        ("ws://a:99999", "invalid port number; write it like ws://127.0.0.1:8765"),
    ];
    for (text, wrong) in table {
        assert_eq!(faults(&["--host", text], &[]), [format!("--host {text} (command line): {wrong}")]);
    }
    let missing =
        "--host: missing; give the address that robots begin with, such as --host ws://127.0.0.1:8765";
    assert_eq!(faults(&[], &[]), [missing]);
}

#[test]
fn all_faults_are_told_at_once_each_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("horde.toml");
    fs::write(&file, "users = -1\nrun-time = \"soon\"\n").unwrap();
    let path = file.to_str().unwrap();
    let told =
        faults(&["--config", path, "--seed", "x"], &[("HORDE_SPAWN_RATE", "fast"), ("HORDE_HOST", "a:1")]);
    let begins = [
        "HORDE_HOST=a:1 (environment): ".to_owned(),
        "--seed x (command line): ".into(),
        format!("users = -1 (in {path}): "),
        "HORDE_SPAWN_RATE=fast (environment): ".into(),
        format!("run-time = soon (in {path}): "),
    ];
    assert_eq!(told.len(), begins.len(), "{told:?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(&begin), "{told} does not begin with {begin}");
    }
}

#[test]
fn command_line_wins_over_environment_and_that_over_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    fs::write(
        &file,
        "users = 10\nspawn-rate = 2.5\nexpect-workers = 2\nhost = \"ws://a:1\"\nheadless = true\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let environment = [("HORDE_USERS", "20"), ("HORDE_EXPECT_WORKERS", "3"), ("HORDE_CONFIG", path)];
    let config = check(&["--users", "30", "--run-time", "1m"], &environment).unwrap();
    assert_eq!((config.plan.profile.peak(), config.muster.workers), (30, 3));
    assert_eq!(config.plan.profile.stages()[0].duration, Duration::from_secs(12));
    assert_eq!(config.plan.host, "ws://a:1");
}

#[test]
fn what_is_wrong_with_the_file_itself_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    let path = file.to_str().unwrap();
    let told = |text: &str| {
        fs::write(&file, text).unwrap();
        faults(&[&HOST[..], &["--config", path]].concat(), &[]).join("\n")
    };
    assert_eq!(told("user = 5"), format!("{path}: unknown key `user`; did you mean `users`?"));
    assert_eq!(told("run_time = 5"), format!("{path}: unknown key `run_time`; did you mean `run-time`?"));
    assert_eq!(told("users = [1]"), format!("{path}: `users` is a table or a list; give one value"));
    let broken =
        "not readable as TOML; TOML parse error at line 1, column 7: key with no value, expected `=`";
    assert_eq!(told("users 5"), format!("{path}: {broken}"));
    fs::remove_file(&file).unwrap();
    let missing = faults(&["--config", path], &[]);
    assert_eq!(missing, [format!("--config {path} (command line): no such file; name one that exists")]);
}

#[test]
fn variables_of_others_are_left_alone() {
    let environment = [
        ("HORDE_SERVICE_HOST", "10.0.0.1"),
        ("HORDE_PORT", "tcp://10.0.0.1:5557"),
        ("HORDE_MASTER", "x"),
        ("HORDE_USERS", ""),
    ];
    assert!(check(&HOST, &environment).is_ok());
}

#[test]
fn a_schema_folder_becomes_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(fault(&["--schema", path]).ends_with("no .sproto file in it; name the folder that they are in"));
    fs::create_dir(folder.path().join("inner")).unwrap();
    fs::write(folder.path().join("inner/b.sproto"), ".B {}").unwrap();
    fs::write(folder.path().join("a.sproto"), ".A {}").unwrap();
    fs::write(folder.path().join("readme.md"), "no").unwrap();
    let config = check(&[&HOST[..], &["--schema", path]].concat(), &[]).unwrap();
    let names: Vec<_> = config.bundle.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["a.sproto", "inner/b.sproto"]);
}

#[test]
fn the_check_neither_empties_an_output_that_is_there_nor_leaves_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.json"), folder.path().join("new.json"));
    fs::write(&old, "old").unwrap();
    for file in [&old, &new] {
        assert!(check(&["--json", file.to_str().unwrap()], &[]).is_err()); // no host
    }
    assert_eq!((fs::read_to_string(&old).unwrap().as_str(), new.exists()), ("old", false));
}
