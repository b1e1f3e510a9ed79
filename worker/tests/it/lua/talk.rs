//! Robots in Lua that talk: tables of the worker, groups, boards, topics.

use proto::series::Kind;

use super::{alone, failed};
use crate::common::counts;

#[tokio::test(flavor = "multi_thread")]
async fn robots_share_tables_and_no_two_get_the_same_number() {
    let code = r#"
        local m = {}
        function m:start(robot)
          local items = robot:shared("items")
          local mine = items:add("next")
          assert(mine >= 1 and mine <= 4)
          robot:count("number " .. mine)
          items:push("queue", { from = robot.number, tags = { "a", "b" } })
          local taken = items:pop("queue")
          assert(taken.tags[2] == "b" and math.type(taken.from) == "integer")
          items:set("last", { deep = { 1, 2.5, true } })
          assert(items:get("last").deep[2] == 2.5 and items:get("nothing") == nil)
          assert(items:len() >= 2 and #items:keys() == items:len())
          assert(not pcall(items.set, items, "bad", function() end))
          robot:run_tasks()
        end
        return m"#;
    let reports = alone(4, code).await;
    assert_eq!(failed(&reports), (0, String::new()));
    for number in 1..=4 {
        assert_eq!(counts(&reports, Kind::Custom, &format!("number {number}")), (1, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_gather_and_read_what_the_first_of_them_writes() {
    let code = r#"
        local m = {}
        function m:start(robot)
          local party = robot:gather("party:1", 3, 5)
          assert(#party.members == 3 and party.members[party.place] == robot.number)
          if party.place == 1 then party:set("map", { name = "cave" }) end
          assert(party:wait_for("map", 5).name == "cave")
          assert(party:get("map").name == "cave" and party:get("other") == nil)
          robot:count("in")
          robot:run_tasks()
        end
        return m"#;
    let reports = alone(3, code).await;
    assert_eq!(failed(&reports), (0, String::new()));
    assert_eq!(counts(&reports, Kind::Custom, "in"), (3, 0));
    assert_eq!(counts(&reports, Kind::Wait, "party"), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_does_not_come_together_is_a_failure_that_can_be_caught() {
    let code = r#"
        local m = {}
        function m:start(robot)
          local ok, failure = pcall(robot.gather, robot, "many", 9, 0.05)
          assert(not ok and failure.class == "timeout", tostring(failure))
          assert(failure.message == "`many`: no group of 9 within 50ms", failure.message)
          assert(tostring(select(2, pcall(robot.gather, robot, "many", 0, 1))):find("the size is no integer"))
          robot:run_tasks()
        end
        return m"#;
    let reports = alone(1, code).await;
    assert_eq!(failed(&reports), (0, String::new()));
    assert_eq!(counts(&reports, Kind::Wait, "many"), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_reach_all_that_listen_but_the_speaker() {
    let code = r#"
        local m = { wait = horde.constant(0.01) }
        function m:start(robot)
          robot:subscribe("guild", function(news, topic)
            assert(topic == "guild" and news.war == "now")
            self.heard = true
            robot:sleep(0.001)
            robot:count("heard")
          end)
          robot:gather("all", 3, 5)
          if robot.number == 0 then robot:publish("guild", { war = "now" }) end
          robot:run_tasks()
        end
        m.tasks = { { name = "look", run = function(self, robot)
          if self.heard then robot:count("saw") end
        end } }
        return m"#;
    let reports = alone(3, code).await;
    assert_eq!(failed(&reports), (0, String::new()));
    assert_eq!(counts(&reports, Kind::Custom, "heard"), (2, 0));
    assert!(counts(&reports, Kind::Custom, "saw").0 >= 2);
}
