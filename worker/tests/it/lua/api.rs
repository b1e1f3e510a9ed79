//! What a robot can do in Lua without a server: numbers, data, waits, tasks, coroutines of its own.

use proto::data::{DataPolicy, DataSet};
use proto::message::Bundle;
use proto::series::Kind;
use proto::tags::Tags;

use super::{alone, failed, one, play, start};
use crate::common::{counts, plan};

#[tokio::test]
async fn a_robot_knows_its_number_host_and_class() {
    let code = r#"
        assert(robot.number == 0 and robot.host == "ws://127.0.0.1:1" and robot.class == "default")
        assert(robot.retired == false and robot:now_us() >= 0)
        local drawn = {}
        for _ = 1, 100 do drawn[robot:random(1, 3)] = true end
        assert(#drawn == 3 and math.type(math.random()) == "float")
        for _ = 1, 100 do local n = math.random(2, 4) assert(n >= 2 and n <= 4) end"#;
    assert_eq!(start(code).await, "");
}

#[tokio::test]
async fn random_numbers_are_the_robots_own_and_the_same_in_each_run() {
    let code = r#"
        local m = {}
        function m:start(robot) robot:count(("%d %d %d"):format(robot.number, robot:random(1, 1000000), math.random(1000000))) end
        return m"#;
    let names = |reports: &[proto::report::Report]| {
        let custom =
            reports.iter().flat_map(|report| &report.series).filter(|s| s.series.kind == Kind::Custom);
        let mut names: Vec<_> = custom.map(|delta| delta.series.name.clone()).collect();
        names.sort();
        names
    };
    let (first, second) = (names(&alone(3, code).await), names(&alone(3, code).await));
    assert_eq!((first.len(), &first), (3, &second));
}

#[tokio::test]
async fn what_a_mod_counts_and_times_is_in_its_series() {
    let code = r#"
        robot:count("won") robot:count("won")
        robot:count_failure("won", "lost after all")
        robot:time("match", 1.5)
        robot:log("played") print("played", 2)"#;
    assert_eq!(start(code).await, "");
    let code = format!("local m = {{}} function m:start(robot) {code} end return m");
    let reports = alone(1, &code).await;
    assert_eq!(counts(&reports, Kind::Custom, "won"), (2, 1));
    assert_eq!(counts(&reports, Kind::Custom, "match"), (1, 0));
}

#[tokio::test]
async fn two_robots_of_one_state_share_no_self() {
    let code = r#"
        local m, seen = {}, {}
        function m:start(robot)
          assert(self.mine == nil, "not mine")
          self.mine = robot.number
          for other in pairs(seen) do assert(other ~= self) end
          seen[self] = robot
          robot:sleep(0.01)
          assert(self.mine == robot.number)
          for _, other in pairs(seen) do
            if other ~= robot then
              local ok, failure = pcall(other.leave, other)
              assert(not ok and failure.message:find("can't act for another one"), failure.message)
              robot:count("refused")
            end
          end
          robot:run_tasks()
        end
        return m"#;
    let reports = alone(2, code).await;
    assert_eq!(failed(&reports), (0, String::new()));
    assert!(counts(&reports, Kind::Custom, "refused").0 > 0);
}

#[tokio::test]
async fn coroutines_of_a_mods_own_may_wait() {
    let code = r#"
        local made = coroutine.wrap(function(a)
          robot:sleep(0.001)
          local b = coroutine.yield(a + 1)
          robot:sleep(0.001)
          return b * 2
        end)
        assert(made(1) == 2 and made(21) == 42)
        local co = coroutine.create(function() robot:sleep(0.001) error("inside", 0) end)
        local ok, fault = coroutine.resume(co)
        assert(not ok and fault == "inside" and coroutine.status(co) == "dead")"#;
    assert_eq!(start(code).await, "");
}

#[tokio::test]
async fn spawned_work_runs_beside_and_its_failures_are_counted() {
    let code = r#"
        local m = {}
        function m:start(robot)
          robot:spawn(function() robot:sleep(0.01) robot:count("later") error("spawned fault") end)
          robot:count("first")
          robot:run_tasks()
        end
        return m"#;
    let reports = alone(1, code).await;
    assert_eq!(counts(&reports, Kind::Custom, "later"), (1, 0));
    assert_eq!(counts(&reports, Kind::Task, "spawn"), (0, 1));
    assert_eq!(failed(&reports).0, 0);
}

const TASKS: &str = r#"
    local m = { wait = horde.constant(0.01) }
    function m:start(robot) robot:run_tasks() end
    local function nothing() end
    m.tasks = {
      { name = "chat", weight = 1, tags = { "talk" }, run = nothing },
      { name = "walk", weight = 1, tags = { "move" }, sequence = {
        { name = "there", run = nothing },
        { name = "either", choice = { { name = "left", weight = 1, run = nothing }, { name = "right", weight = 0, run = nothing } } },
        { name = "back", tags = { "slow" }, run = nothing },
      } },
    }
    m.background = { { name = "beat", wait = horde.pacing(0.02), run = function(self, robot) self.beats = (self.beats or 0) + 1 end } }
    function m:stop(robot) if self.beats > 3 then robot:count("beaten") end end
    return m"#;

#[tokio::test]
async fn tasks_sequences_choices_and_background_loops_run() {
    let reports = alone(2, TASKS).await;
    let runs = |name| counts(&reports, Kind::Task, name).0;
    assert!(runs("chat") > 0 && runs("beat") > 4, "{} {}", runs("chat"), runs("beat"));
    assert!(runs("there") > 0 && runs("there").abs_diff(runs("left")) <= 2);
    assert!(runs("left").abs_diff(runs("back")) <= 2 && runs("right") == 0);
    assert_eq!(counts(&reports, Kind::Custom, "beaten"), (2, 0));
}

#[tokio::test]
async fn tags_and_a_classes_choice_select_tasks() {
    let run = async |only: &[&str], without: &[&str]| {
        let list = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        let tags = Tags { only: list(only), without: list(without) };
        let plan = proto::plan::Plan { tags, ..plan("ws://127.0.0.1:1", "m", 1, 1000.0, 0.4) };
        let reports = play(plan, one(TASKS)).await.unwrap();
        ["chat", "there", "back"].map(|name| counts(&reports, Kind::Task, name).0 > 0)
    };
    assert_eq!(run(&["talk"], &[]).await, [true, false, false]);
    assert_eq!(run(&["move"], &["slow"]).await, [false, true, false]);
}

#[tokio::test]
async fn rows_of_data_are_tables() {
    let code = r#"
        local m = {}
        function m:start(robot)
          local row = robot.data.accounts
          assert(row.name == ({ [0] = "ann", "bob" })[robot.number] and row.level == 3 and row.bag[2] == "b")
          assert(robot.data == robot.data and robot.data.other == nil and row.none == nil)
        end
        return m"#;
    let rows =
        ["ann", "bob"].map(|name| format!(r#"{{"name":"{name}","level":3,"bag":["a","b"],"none":null}}"#));
    let mut files = one(code).files;
    files.push(("accounts.jsonl".into(), rows.join("\n").into_bytes()));
    let set = DataSet { name: "accounts".into(), path: "accounts.jsonl".into(), policy: DataPolicy::Cycle };
    let plan = proto::plan::Plan { data: vec![set], ..plan("ws://127.0.0.1:1", "m", 2, 1000.0, 0.3) };
    assert_eq!(failed(&play(plan, Bundle::new(files)).await.unwrap()), (0, String::new()));
}
