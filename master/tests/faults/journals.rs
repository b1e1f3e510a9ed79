//! Journals that are torn, foreign, taken, or can't be written.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::figures::Figures;
use crate::losses::sessions;
use crate::process::{Launch, Process};
use crate::scene::{Place, Scene, Size};

const S: Duration = Duration::from_secs(1);

/// What a journal begins with, and what each record does.
const HEADING: usize = 16;
const FRAME: usize = 8;

/// A crash in the middle of a write leaves half a record.
pub(crate) fn torn(size: &Size, figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().display().to_string();
    let mut scene = Scene::start(size, &["--journal", &journal, "--hold", "30s"]);
    scene.steady();
    let mark = scene.watch.mark();
    scene.kill_master();
    scene.master.ended();
    let half = tear(&folder.path().join("run.journal"));
    let started = scene.start_master(&[]);
    let told = format!("the last {half} bytes of the journal were half written; they are cut off");
    (0..4).for_each(|n| drop(scene.master.logs_since(started, &format!("worker w{n} came back"))));
    figures.says("the master", &scene.master.log(), &told);
    scene.watch.pass(2 * S);
    sessions(&scene, mark, figures, scene.robots);
    scene.stop().totals(figures, 0);
}

/// Appends the first half of the last record once more; of how many bytes.
fn tear(path: &Path) -> usize {
    let bytes = std::fs::read(path).unwrap();
    let (mut at, mut last) = (HEADING, HEADING);
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        (last, at) = (at, at + FRAME + length as usize);
    }
    let half = &bytes[last..last + (at - last) / 2];
    OpenOptions::new().append(true).open(path).unwrap().write_all(half).unwrap();
    half.len()
}

pub(crate) fn unusable(size: &Size, figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own").display().to_string();
    let scene = Scene::start(size, &["--journal", &own]);
    scene.steady();
    let refused = |figures: &mut Figures, what: &str, within: &[String], folder: &str, told: &str| {
        let (code, log) = lone(size, within, folder);
        figures.says(what, &log, &format!("--journal: the journal {folder}/run.journal: {told}"));
        figures.code(&format!("{what}: exit code"), code, 2);
    };
    refused(figures, "one in use", &[], &own, "another master is using it");
    let make = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("run.journal"), bytes).unwrap();
        path.display().to_string()
    };
    let mut bytes = std::fs::read(format!("{own}/run.journal")).unwrap();
    let notes = b"notes of mine, which are no journal";
    let foreign = make("foreign", notes);
    refused(figures, "something else", &[], &foreign, "it is no journal of this release");
    let kept = std::fs::read(format!("{foreign}/run.journal")).unwrap() == notes;
    figures.count("something else: it is as it was", kept.into(), 1);
    bytes[HEADING + FRAME + 4] ^= 1;
    let damaged = make("damaged", &bytes);
    refused(figures, "a damaged one", &[], &damaged, &format!("it is damaged at byte {HEADING}"));
    let empty = make("read-only", b"");
    match mounted(&format!("mount --bind '{empty}' '{empty}' && mount -o remount,ro,bind '{empty}'")) {
        Some(within) => refused(figures, "a read-only folder", &within, &empty, "Read-only file system"),
        None => figures.note("a read-only folder: skipped, it takes the right to mount", "-"),
    }
    // Whatever others tried.
    scene.stop().totals(figures, 0);
}

pub(crate) fn full(size: &Size, figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().display().to_string();
    let Some(for_master) = mounted(&format!("mount -t tmpfs -o size=64k tmpfs '{journal}'")) else {
        return figures.note("skipped: it takes the right to mount", "-");
    };
    let place = Place { for_master, ..Place::here() };
    let scene = Scene::start_at(size, place, 4, &["--journal", &journal]);
    scene.steady();
    let mark = scene.watch.mark();
    scene.master.logs("the journal can't be written any more");
    scene.watch.pass(2 * S);
    figures.says("the master", &scene.master.log(), "run.journal: No space left on device");
    sessions(&scene, mark, figures, scene.robots);
    figures.count("robots that logged in anew", scene.watch.last().logins - scene.robots, 0);
    scene.stop().totals(figures, 0);
}

/// What starts a process with other mounts than all others; none without the right to.
fn mounted(mount: &str) -> Option<Vec<String>> {
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    let words = ["unshare", "--mount", "sh", "-c", &script].map(str::to_owned).to_vec();
    let tried = Command::new(&words[0]).args(&words[1..]).arg("true").output();
    tried.is_ok_and(|output| output.status.success()).then_some(words)
}

/// A master that has nothing but a journal; how it ends.
fn lone(size: &Size, within: &[String], journal: &str) -> (Option<i32>, String) {
    let plan = "--bind 127.0.0.1:0 --users 1 --run-time 1s --headless --host ws://127.0.0.1:1 --journal";
    let args = plan.split(' ').chain([journal]).map(str::to_owned).collect();
    let mut master = Process::start(Launch { binaries: &size.binaries, binary: "master", within, args });
    (master.ended(), master.log())
}
