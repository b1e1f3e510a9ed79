//! Workers that are told to stop, and others that come.

use std::time::Duration;

use rustix::process::Signal;

use crate::figures::Figures;
use crate::losses::sessions;
use crate::scene::{Scene, Size};

const S: Duration = Duration::from_secs(1);

pub(crate) fn twice(size: &Size, figures: &mut Figures) {
    let mut scene = Scene::start(size, &[]);
    scene.steady();
    for (round, newcomer) in [("first", "w4"), ("second", "w5")] {
        leave(&mut scene, round, figures);
        join(&mut scene, round, newcomer, figures);
    }
    let outcome = scene.stop();
    figures.count("losses", outcome.summary["losses"].as_array().unwrap().len() as u64, 0);
    outcome.totals(figures, 0);
}

fn leave(scene: &mut Scene<'_>, round: &str, figures: &mut Figures) {
    let (mark, robots, share) = (scene.watch.mark(), scene.robots, scene.share());
    let logins = scene.watch.last().logins + share;
    let mut worker = scene.workers.pop().unwrap();
    let told = worker.signal(Signal::TERM);
    let whole = scene
        .watch
        .until("its robots elsewhere", mark, |s| s.sessions == robots && s.logins >= logins - share / 50);
    figures.within(
        &format!("{round} leave: its robots live elsewhere"),
        scene.watch.after(told, whole),
        2 * S,
    );
    figures.code(&format!("{round} leave: its exit code"), worker.ended(), 0);
    figures.within(&format!("{round} leave: it has ended"), told.elapsed(), 15 * S);
    scene.watch.pass(S);
    sessions(scene, mark, figures, robots - share);
    let off = scene.watch.last().logins.abs_diff(logins);
    figures.at_most(&format!("{round} leave: robots of others that moved"), off, share / 50);
}

fn join(scene: &mut Scene<'_>, round: &str, name: &str, figures: &mut Figures) {
    let (mark, robots, share) = (scene.watch.mark(), scene.robots, scene.share());
    let logins = scene.watch.last().logins + share;
    let started = scene.add_worker(name, false);
    let whole = scene
        .watch
        .until("a share of its own", mark, |s| s.sessions == robots && s.logins >= logins - share / 50);
    figures.within(&format!("{round} join: it has its share"), scene.watch.after(started, whole), 2 * S);
    scene.watch.pass(S);
    sessions(scene, mark, figures, robots - share);
    let off = scene.watch.last().logins.abs_diff(logins);
    figures.at_most(&format!("{round} join: its share is off by robots"), off, share / 50);
}
