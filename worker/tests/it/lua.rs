//! Mods in Lua, from the bundle to what they count. Here: bundles and plans for them. One topic per file below.

mod annotate;
mod api;
mod check;
mod errors;
mod handlers;
mod limits;
mod readme;
mod sandbox;
mod skynet;
mod talk;
mod twin;

use proto::message::Bundle;
use proto::plan::Plan;
use proto::report::Report;
use proto::series::{FailureClass, Kind};
use worker::Registry;
use worker::solo::SoloError;

use crate::common::{counts, failures, plan, seconds};

/// A bundle of files under `mods/`.
fn bundle(files: &[(&str, &str)]) -> Bundle {
    let files = files.iter().map(|(path, text)| (format!("mods/{path}"), text.as_bytes().to_vec()));
    Bundle::new(files.collect())
}

/// A bundle of one mod `m`.
fn one(code: &str) -> Bundle {
    bundle(&[("m/m_mod.lua", code)])
}

/// A bundle of a folder of `mods/` as it ships.
fn shipped(name: &str) -> Bundle {
    let folder = format!("{}/../mods/{name}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        (format!("mods/{name}/{file}"), std::fs::read(path).unwrap())
    });
    Bundle::new(files.collect())
}

/// Runs a plan with a bundle on one thread, to its end.
async fn play(plan: Plan, bundle: Bundle) -> Result<Vec<Report>, SoloError> {
    let mut reports = Vec::new();
    let run = worker::solo::play(plan, bundle, Registry::shipped(), 1, |report| reports.push(report));
    tokio::time::timeout(seconds(30.0), run).await.expect("the run ends")?;
    Ok(reports)
}

/// Runs robots of the mod `m` that need no server, for a short time.
async fn alone(robots: u64, code: &str) -> Vec<Report> {
    play(plan("ws://127.0.0.1:1", "m", robots, 1000.0, 0.4), one(code)).await.unwrap()
}

/// Runs the code of a `start` once; what its session failed with, empty if it did not.
async fn start(code: &str) -> String {
    let code = format!("local m = {{}} function m:start(robot) {code} robot:run_tasks() end return m");
    let reports = alone(1, &code).await;
    assert_eq!(counts(&reports, Kind::Session, "default").0 + failed(&reports).0, 1);
    failed(&reports).1
}

/// Sessions that the mods' own code failed, with an example.
fn failed(reports: &[Report]) -> (u64, String) {
    failures(reports, Kind::Session, FailureClass::Task)
}
