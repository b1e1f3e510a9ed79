//! Workers that are killed or stopped.

use std::time::Duration;

use rustix::process::Signal;

use crate::figures::Figures;
use crate::scene::{Place, Scene, Size};
use crate::watch::Mark;

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);

/// Robots whose requests may be under way at the moment when a worker is stopped or drops them: the server answers, and nobody
/// reads that.
pub(crate) const UNDER_WAY: u64 = 3;

/// Never more robots than planned, and never fewer than there should be.
pub(crate) fn sessions(scene: &Scene<'_>, mark: Mark, figures: &mut Figures, fewest: u64) {
    let (lowest, highest) = scene.watch.range(mark);
    figures.at_most("live sessions, the most", highest, scene.robots);
    figures.at_least("live sessions, the fewest", lowest, fewest);
}

pub(crate) fn killed(size: &Size, figures: &mut Figures) {
    let scene = Scene::start(size, &[]);
    scene.steady();
    let (mark, robots, share) = (scene.watch.mark(), scene.robots, scene.share());
    let killed = scene.workers[1].signal(Signal::KILL);
    let (noticed, _) = scene.master.logs_since(killed, "worker w1 is gone");
    figures.within("the master notices", noticed - killed, 100 * MS);
    let again = scene
        .watch
        .until("its robots elsewhere", mark, |s| s.sessions == robots && s.logins == robots + share);
    figures.within("its robots live again", scene.watch.after(killed, again), 2 * S);
    scene.watch.pass(S);
    sessions(&scene, mark, figures, robots - share);
    figures.count("robots that logged in anew", scene.watch.last().logins - robots, share);
    let outcome = scene.stop();
    figures.code("exit code of the master", outcome.code, 0);
}

pub(crate) fn stopped_briefly(size: &Size, figures: &mut Figures) {
    let scene = Scene::start(size, &[]);
    scene.steady();
    let mark = scene.watch.mark();
    // A beat every 0.5 s and a lease of 2.75 s: 2 s are sure, with 0.25 s for the way. A busy machine may take more.
    let time = if size.slack == 1 { 2 * S } else { 1_500 * MS };
    let stopped = scene.workers[1].signal(Signal::STOP);
    scene.watch.pass_after(stopped, time);
    scene.workers[1].signal(Signal::CONT);
    scene.watch.pass(3 * S);
    sessions(&scene, mark, figures, scene.robots);
    figures.count("robots that logged in anew", scene.watch.last().logins - scene.robots, 0);
    let outcome = scene.stop();
    figures.count("losses", outcome.summary["losses"].as_array().unwrap().len() as u64, 0);
    outcome.totals(figures, 0);
}

pub(crate) fn stopped_for_long(size: &Size, figures: &mut Figures) {
    let scene = Scene::start(size, &[]);
    scene.steady();
    let (mark, robots, share) = (scene.watch.mark(), scene.robots, scene.share());
    let stopped = scene.workers[1].signal(Signal::STOP);
    let (dead, _) = scene.master.logs_since(stopped, "silent for 3 s");
    // Its last beat was up to 0.5 s old, or older where the machine is busy.
    figures.at_least(
        "dead after, ms",
        (dead - stopped).as_millis() as u64,
        2_500 - 100 * u64::from(size.slack),
    );
    figures.within("dead after", dead - stopped, 3_100 * MS);
    let moved = scene.watch.until("its robots elsewhere", mark, |s| s.logins == robots + share);
    figures.within("its robots live elsewhere", scene.watch.after(stopped, moved), 5 * S);
    scene.watch.pass_after(stopped, 10 * S);
    figures.count("robots that logged in anew", scene.watch.last().logins - robots, share);
    let mark = scene.watch.mark();
    let continued = scene.workers[1].signal(Signal::CONT);
    let (back, _) = scene.master.logs_since(continued, "worker w1 came back");
    figures.within("it rejoins", back - continued, 2 * S);
    // Until now its old sockets were open, and nobody behind them.
    let dropped = scene.watch.until("the end of its old sessions", mark, |s| s.sessions <= robots);
    figures.within("its old sessions are dropped", scene.watch.after(continued, dropped), S / 2);
    let mark = scene.watch.mark();
    // An even share of slots is not quite the same of robots.
    let logins = robots + share + share - share / 50;
    let whole = scene.watch.until("its share again", mark, |s| s.sessions == robots && s.logins >= logins);
    figures.note("it has its share again, ms", scene.watch.after(continued, whole).as_millis());
    scene.watch.pass(S);
    figures.at_most("live sessions from then on, the most", scene.watch.range(mark).1, robots);
    scene.stop().totals(figures, UNDER_WAY);
}

pub(crate) fn last_one(size: &Size, figures: &mut Figures) {
    let mut scene = Scene::start_at(size, Place::here(), 1, &[]);
    scene.steady();
    let stopped = scene.workers[0].signal(Signal::STOP);
    let code = scene.master.ended();
    // Three seconds until it is dead, and two for it to hang up.
    figures.within("the master ends", stopped.elapsed(), 6 * S);
    figures.code("exit code of the master", code, 4);
    figures.says("its reason", &scene.master.log(), "the last worker, w0, was lost");
    // All of its robots are late for something by now.
    let before = scene.watch.pass_after(stopped, 8 * S);
    figures.count("sessions without anybody behind them", before.sessions, scene.robots);
    let mark = scene.watch.mark();
    let continued = scene.workers[0].signal(Signal::CONT);
    let none = scene.watch.until("the end of its sessions", mark, |s| s.sessions == 0);
    figures.within("they are dropped", scene.watch.after(continued, none), S / 2);
    let after = scene.watch.pass(2 * S);
    figures.count("messages of theirs after that", after.messages - before.messages, 0);
    let outcome = scene.end();
    figures.count("losses", outcome.summary["losses"].as_array().unwrap().len() as u64, 1);
}
