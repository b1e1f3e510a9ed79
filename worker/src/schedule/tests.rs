//! What a pause does to a schedule and to a rest, on a paused clock.

use std::rc::Rc;

use uuid::Uuid;

use super::*;
use crate::context::Context;
use crate::orders::Orders;

const PERIOD: Duration = Duration::from_millis(100);

fn robot() -> Robot {
    let context = Context::new(&Orders::for_one(Uuid::nil()), None).unwrap();
    context.precise.follow_runtime();
    Robot::new(0, Rc::new(context))
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Pauses the run at one moment from now and resumes it at another.
async fn pause(robot: &Robot, from: u64, to: u64) {
    tokio::time::sleep(ms(from)).await;
    robot.context().pause.set(true, Instant::now());
    tokio::time::sleep(ms(to - from)).await;
    robot.context().pause.set(false, Instant::now());
    robot.wake();
}

/// When the next task begins, from now, and how late it is.
async fn next(schedule: &mut Schedule, robot: &Robot) -> (Duration, Option<Duration>) {
    let began = Instant::now();
    let late = schedule.turn(robot).await;
    (began.elapsed(), late)
}

fn near(time: Duration, expected: Duration) -> bool {
    time.abs_diff(expected) <= ms(2)
}

/// A schedule at the moment of its first task.
async fn begun(robot: &Robot) -> Schedule {
    let mut schedule = Schedule::new(Wait::Pacing(PERIOD), robot);
    schedule.turn(robot).await;
    schedule
}

#[tokio::test(start_paused = true)]
async fn a_schedule_goes_on_after_a_pause_as_if_that_time_had_not_been() {
    let robot = robot();
    let mut schedule = begun(&robot).await;
    let ((), (after, late)) = tokio::join!(pause(&robot, 30, 5_030), next(&mut schedule, &robot));
    assert!(near(after, ms(5_100)) && late.unwrap() <= ms(2), "{after:?} {late:?}");
    let (after, late) = next(&mut schedule, &robot).await;
    assert!(near(after, PERIOD) && late.unwrap() <= ms(2), "{after:?} {late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_over_before_the_next_task_is_due_puts_it_off_as_well() {
    let robot = robot();
    let mut schedule = begun(&robot).await;
    let ((), (after, late)) = tokio::join!(pause(&robot, 10, 50), next(&mut schedule, &robot));
    assert!(near(after, ms(140)) && late.unwrap() <= ms(2), "{after:?} {late:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_late_before_a_pause_is_as_late_after_it() {
    let robot = robot();
    let mut schedule = begun(&robot).await;
    // A task that takes 350 ms, the last 200 of them in a pause: the next is 50 ms late as that begins.
    let pauses = pause(&robot, 150, 1_000);
    let work = async {
        tokio::time::sleep(ms(350)).await;
        next(&mut schedule, &robot).await
    };
    let ((), (after, late)) = tokio::join!(pauses, work);
    assert!(near(after, ms(650)) && near(late.unwrap(), ms(50)), "{after:?} {late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_others_in_a_pause_is_taken_out_once() {
    let robot = robot();
    let mut schedule = begun(&robot).await;
    pause(&robot, 20, 1_020).await;
    schedule.excuse(Waited { all: ms(1_010), paused: ms(1_000) });
    let (after, late) = next(&mut schedule, &robot).await;
    assert!(near(after, ms(90)) && late.unwrap() <= ms(2), "{after:?} {late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rest_goes_on_after_a_pause_where_it_stopped() {
    let robot = robot();
    let mut schedule = Schedule::new(Wait::Constant(ms(1_000)), &robot);
    let rest = async |schedule: &mut Schedule| {
        let began = Instant::now();
        schedule.rest(&robot).await;
        began.elapsed()
    };
    let ((), rested) = tokio::join!(pause(&robot, 400, 10_400), rest(&mut schedule));
    assert!(near(rested, ms(11_000)), "{rested:?}");
    pause(&robot, 0, 500).await;
    let rested = rest(&mut schedule).await;
    assert!(near(rested, ms(1_000)), "a pause before it is none of its: {rested:?}");
    assert!(schedule.turn(&robot).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_goes_through_pauses_keeps_its_time() {
    let robot = robot();
    let mut schedule = Schedule::through_pauses(Wait::Pacing(PERIOD), &robot);
    schedule.turn(&robot).await;
    let beats = async {
        for _ in 0..5 {
            let (after, late) = next(&mut schedule, &robot).await;
            assert!(near(after, PERIOD) && late.unwrap() <= ms(2), "{after:?} {late:?}");
        }
    };
    tokio::join!(pause(&robot, 30, 700), beats);
}

#[tokio::test(start_paused = true)]
async fn a_robot_that_is_to_leave_does_not_wait_for_the_end_of_a_pause() {
    let robot = robot();
    let mut schedule = Schedule::new(Wait::none(), &robot);
    robot.context().pause.set(true, Instant::now());
    let leave = async {
        tokio::time::sleep(ms(100)).await;
        robot.leave();
    };
    let ((after, _), ()) = tokio::join!(next(&mut schedule, &robot), leave);
    assert!(near(after, ms(100)), "{after:?}");
}
