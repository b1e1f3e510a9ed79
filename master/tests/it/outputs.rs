//! JSON, CSV and the terminal tell the same, whatever the end was.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::fake::Worker;
use crate::common::{Master, config, plan};
use master::config::Config;
use master::output::{Csv, Json, Terminal};
use serde_json::Value;
use tokio::time::sleep;

/// What was written to the terminal.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A run with all outputs in a folder.
fn with_outputs(mut config: Config, folder: &Path) -> (Config, Screen) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let screen = Screen::default();
    config.outputs.push(Box::new(Json::open(&path("run.json")).unwrap()));
    config.outputs.push(Box::new(Csv::open(&path("run")).unwrap()));
    config.outputs.push(Box::new(Terminal::new(screen.clone())));
    (config, screen)
}

fn json(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("run.json")).unwrap()).unwrap()
}

/// The rows of a CSV file, each as its columns' names and values.
fn rows(folder: &Path, name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(folder.join(format!("run_{name}.csv"))).unwrap();
    let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (columns, reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect())
}

const STATS: &str = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,\
Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%";
const HISTORY: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,\
Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,Total Min Response Time,\
Total Max Response Time,Total Average Content Size";

/// The figures of a line of JSON as the CSV has them.
fn figures(line: &Value) -> Vec<f64> {
    let ms = |value: &Value| value.as_u64().unwrap() as f64 / 1e3;
    let latency = &line["latency"];
    let percentiles = latency["percentiles_us"].as_object().unwrap();
    let (count, bytes) =
        (line["count"].as_u64().unwrap() as f64, line["bytes_received"].as_u64().unwrap() as f64);
    let mut all = vec![count, line["failed"].as_u64().unwrap() as f64, ms(&percentiles["50"])];
    all.extend(["mean_us", "min_us", "max_us"].map(|name| ms(&latency[name])));
    all.push(if count > 0.0 { bytes / count } else { 0.0 });
    all.extend([line["rate"].as_f64().unwrap(), line["failed_rate"].as_f64().unwrap()]);
    let names = ["50", "66", "75", "80", "90", "95", "98", "99", "99.9", "99.99", "100"];
    all.extend(names.map(|name| ms(&percentiles[name])));
    all
}

/// Compares all files with each other; the number of requests.
fn check_equal(folder: &Path) -> u64 {
    let json = json(folder);
    let (columns, stats) = rows(folder, "stats");
    assert_eq!(columns.join(","), STATS);
    let lines: Vec<_> = json["series"].as_array().unwrap().iter().chain([&json["aggregated"]]).collect();
    assert_eq!(stats.len(), lines.len());
    for (row, line) in stats.iter().zip(&lines) {
        let number = |cell: &String| if cell == "N/A" { 0.0 } else { cell.parse::<f64>().unwrap() };
        let numbers: Vec<f64> = row[2..].iter().map(number).collect();
        let json = figures(line);
        // Reading a JSON number may lose its last binary digit.
        let equal = numbers.iter().zip(&json).all(|(a, b)| (a - b).abs() <= a.abs() * 1e-12);
        assert!(equal && numbers.len() == json.len(), "{numbers:?} in CSV, {json:?} in JSON: {row:?}");
    }
    assert_eq!(stats.last().unwrap()[..2], ["", "Aggregated"]);
    let (columns, history) = rows(folder, "stats_history");
    assert_eq!(columns.join(","), HISTORY);
    let seconds = json["timeline"].as_array().unwrap();
    assert_eq!(history.len(), seconds.len());
    let mut total = 0;
    for (row, second) in history.iter().zip(seconds) {
        let (_leaving, alive) = second["users"].as_array().unwrap().split_last().unwrap();
        let alive: u64 = alive.iter().map(|n| n.as_u64().unwrap()).sum();
        total += second["requests"].as_u64().unwrap();
        let told = [&row[0], &row[1], &row[4], &row[5], &row[17]].map(|cell| cell.parse::<u64>().unwrap());
        let (timestamp, requests) =
            (second["timestamp"].as_u64().unwrap(), second["requests"].as_u64().unwrap());
        assert_eq!(told, [timestamp, alive, requests, second["failed"].as_u64().unwrap(), total]);
    }
    assert_eq!(total, json["aggregated"]["count"].as_u64().unwrap());
    let (columns, failures) = rows(folder, "failures");
    assert_eq!(columns.join(","), "Method,Name,Error,Occurrences");
    let failed: u64 = failures.iter().map(|row| row[3].parse::<u64>().unwrap()).sum();
    assert_eq!(failed, json["aggregated"]["failed"].as_u64().unwrap());
    assert_eq!(rows(folder, "exceptions").0.join(","), "Count,Message,Traceback,Nodes");
    total
}

#[tokio::test(start_paused = true)]
async fn json_csv_and_terminal_tell_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (config, screen) = with_outputs(config(2, plan(100, 50.0, 8)), folder.path());
    let master = Master::start(config);
    let _workers = (Worker::join(&master.network, "ann").await, Worker::join(&master.network, "bob").await);
    let summary = master.summary().await;
    assert_eq!(check_equal(folder.path()), summary.aggregated.count);
    assert_eq!(json(folder.path())["verdict"]["passed"], true);
    let text = screen.text();
    assert!(text.contains("2 s of 8.0 s · 100 robots: 0 connecting, 100 playing · 2 workers"), "{text}");
    assert!(text.contains("Verdict: passed (exit code 0)"), "{text}");
    let count = format!("request {} (", summary.aggregated.count);
    assert!(text.contains(&count), "{text} has no {count}");
}

#[tokio::test(start_paused = true)]
async fn a_name_from_a_peer_runs_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (config, screen) = with_outputs(config(1, plan(10, 10.0, 4)), folder.path());
    let master = Master::start(config);
    let _worker = Worker::join(&master.network, "ann").await;
    master.summary().await;
    let cells: Vec<_> = rows(folder.path(), "stats").1.into_iter().map(|row| row[1].clone()).collect();
    assert!(cells.contains(&"'=cmd()\\u{1b}[31m".to_owned()), "{cells:?}");
    assert!(!screen.text().contains('\u{1b}'));
    assert_eq!(json(folder.path())["series"][2]["name"], "=cmd()\u{1b}[31m");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_breaks_leaves_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("run.json"), "what an earlier run left, and more of it".repeat(10_000))
        .unwrap();
    let (config, screen) = with_outputs(config(1, plan(10, 10.0, 3_600)), folder.path());
    let master = Master::start(config);
    let ann = Worker::join(&master.network, "ann").await;
    sleep(Duration::from_secs(6)).await;
    // The history is there while the run goes on.
    assert!(rows(folder.path(), "stats_history").1.len() >= 4);
    ann.kill.cancel();
    let summary = master.summary().await;
    assert_eq!((summary.verdict.exit_code, check_equal(folder.path())), (4, summary.aggregated.count));
    let json = json(folder.path());
    assert_eq!(
        (json["verdict"]["exit_code"].as_u64(), json["losses"][0]["worker"].as_str()),
        (Some(4), Some("ann"))
    );
    assert!(
        screen.text().contains("Verdict: the run is invalid (exit code 4)\n  the last worker, ann, was lost")
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_never_began_leaves_whole_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let (config, _screen) = with_outputs(config(1, plan(10, 10.0, 10)), folder.path());
    let master = Master::start(config);
    assert_eq!(master.summary().await.verdict.exit_code, 1);
    assert_eq!(check_equal(folder.path()), 0);
}

/// A disk that is full from the first row on.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_output_that_fails_costs_nobody_else_anything() {
    let folder = tempfile::tempdir().unwrap();
    let (mut config, _screen) = with_outputs(config(1, plan(10, 10.0, 4)), folder.path());
    config.outputs.insert(0, Box::new(Terminal::new(Full)));
    let master = Master::start(config);
    let _worker = Worker::join(&master.network, "ann").await;
    assert_eq!(master.summary().await.verdict.exit_code, 0);
    check_equal(folder.path());
}
