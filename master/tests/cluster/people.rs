//! People steer a master with real workers: more robots in mid-run, an end, another run with the same workers, a pause, and
//! commands to robots.

use std::fs;

use crate::cluster::Cluster;
use crate::process::Process;

/// What `master ctl` prints when it is done, and exit code 0.
fn ctl(url: &str, args: &[&str]) -> String {
    let process = Process::start("master", &[&["ctl"], args, &["--master-url", url]].concat());
    let (code, text) = process.end();
    assert_eq!(code, Some(0), "{args:?}: {text}");
    text
}

/// Where people reach the master.
fn people_at(cluster: &Cluster) -> String {
    let port = cluster.master.logs("http://127.0.0.1:");
    format!("http://127.0.0.1:{}", port.split(',').next().unwrap())
}

#[test]
fn robots_come_when_they_are_asked_for_and_another_run_has_the_same_workers() {
    let options =
        ["--users", "20", "--spawn-rate", "100", "--run-time", "10m", "--web-port", "0", "--autostart"];
    let mut cluster = Cluster::start(2, &options);
    let url = people_at(&cluster);
    cluster.master.prints(" 20 playing");
    assert!(ctl(&url, &["users", "40", "--rate", "100"]).starts_with("40 robots at 100 per second"));
    cluster.master.prints(" 40 playing");
    ctl(&url, &["stop"]);
    cluster.master.prints("Verdict: passed");
    let again = ctl(&url, &["start", "--users", "10", "--run-time", "3s"]);
    assert!(again.starts_with("a run is started: 2 of 2 workers"), "{again}");
    cluster.master.prints(" 10 robots at most");
    cluster.master.signal("TERM");
    let workers = std::mem::take(&mut cluster.workers);
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    assert_eq!(outcome.summary["plan"]["users"], 10);
    assert!(again.contains(outcome.summary["run"].as_str().unwrap()));
    assert_eq!((outcome.shares().iter().sum::<u64>(), outcome.samples("session", "default").1), (10, 0));
    for worker in workers {
        assert_eq!(worker.end().0, Some(0), "there is no more work, and all is well");
    }
}

/// Robots that beat, and do what people say.
const HERALD: &str = r#"
local herald = {}
function herald:start(robot)
  robot:connect("lobby", robot.host):request("ServerListRequest")
  robot:run_tasks()
end
herald.wait = horde.constant(0.05)
herald.tasks = { { name = "beat", run = function(self, robot) robot:count("beat") end } }
herald.commands = {
  storm = function(self, robot, args) robot:count("storm " .. args.map) end,
}
return herald
"#;

#[test]
fn robots_do_what_people_say_and_begin_no_task_in_a_pause() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("herald")).unwrap();
    fs::write(folder.path().join("herald/herald_mod.lua"), HERALD).unwrap();
    let mods = folder.path().to_str().unwrap();
    let options =
        ["--users", "30", "--spawn-rate", "100", "--run-time", "10m", "--mods", mods, "--web-port", "0"];
    let cluster = Cluster::start(2, &[&options[..], &["--autostart"]].concat());
    let url = people_at(&cluster);
    cluster.master.prints(" 30 playing");
    let told = ctl(&url, &["command", "storm", "--args", r#"{"map": 7}"#]);
    assert!(told.starts_with("command storm"), "{told}");
    cluster.master.prints("storm 7");
    ctl(&url, &["pause"]);
    // Tasks that had begun end, and then one table after the other tells the same.
    cluster.master.shows("a pause", |text| {
        let beats =
            text.lines().filter_map(|line| line.strip_prefix("task     beat ")?.split_whitespace().next());
        beats.clone().zip(beats.skip(1)).any(|(before, after)| before == after)
    });
    ctl(&url, &["resume"]);
    cluster.master.signal("TERM");
    let outcome = cluster.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    assert_eq!(outcome.samples("custom", "storm 7"), (30, 0));
    assert_eq!(outcome.samples("task", "command storm"), (30, 0));
}
