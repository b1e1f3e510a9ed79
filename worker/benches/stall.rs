//! A schedule of 1,000 requests per second for 20 s against a server that stalls for 1 s every 5 s: response times must show
//! the stall as arithmetic says, service times what was on the wire. `cargo xtask bench stall`.
#![allow(clippy::disallowed_methods, reason = "real time is the topic")]

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use common::plan;
use futures_util::{SinkExt, StreamExt};
use proto::histogram::Histogram;
use proto::message::Bundle;
use sproto::{Message as _, MessageRef as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use worker::game::{EchoRequest, EchoResponse, MsgRef};
use worker::{Mod, Registry, Robot, Tasks, Wait};

mod common;

#[derive(Debug, Parser)]
struct Args {
    /// How long it lasts
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// One period only
    #[arg(long)]
    quick: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

const PERIOD: Duration = Duration::from_secs(5);
const STALL: Duration = Duration::from_secs(1);
const ROBOTS: u64 = 20;
const RATE: f64 = 50.0;

/// Echoes on a schedule.
#[derive(Default)]
struct Paced;

impl Mod for Paced {
    async fn start(&self, robot: &Robot) -> Result<()> {
        robot.connect("game", robot.host()).await?;
        robot.run_tasks();
        Ok(())
    }

    fn tasks() -> Tasks<Self> {
        Tasks::new(Wait::Rate(RATE)).task("echo", 1, async |_: &Self, robot| {
            robot.connection("game")?.request(&EchoRequest { text: Some("x".into()) }).await?;
            Ok(())
        })
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let seconds = if args.quick { PERIOD.as_secs() } else { args.seconds };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (mut service, mut response) = (Histogram::new(), Histogram::new());
    runtime.block_on(async {
        let host = serve().await?;
        let registry = Registry::default().with("paced", Paced::default);
        let plan = plan(&host, "paced", ROBOTS, 100_000.0, seconds)?;
        worker::solo::play(plan, Bundle::new(Vec::new()), registry, 1, |report| {
            for delta in report.series.iter().filter(|delta| delta.series.name == "EchoRequest") {
                assert!(service.add(&delta.ok).is_ok() && response.add(&delta.response).is_ok());
            }
        })
        .await?;
        anyhow::Ok(())
    })?;
    tell(&service, &response)
}

/// A fifth of all requests is meant for a stall, evenly spread over it: the slowest hundredth of all is the slowest
/// twentieth of these, which waited for 95 % of the stall or more.
fn tell(service: &Histogram, response: &Histogram) -> Result<()> {
    let share = STALL.as_secs_f64() / PERIOD.as_secs_f64();
    let truth = STALL.mul_f64(1.0 - 0.01 / share).as_secs_f64();
    let ms = |times: &Histogram, p| times.percentile(p).as_secs_f64() * 1000.0;
    let mut out = std::io::stdout();
    writeln!(out, "{} requests on a schedule of {} per second", service.count(), ROBOTS as f64 * RATE)?;
    writeln!(out, "{:<28} {:>9} {:>9} {:>9} {:>9}", "ms", "p50", "p98", "p99", "max")?;
    for (name, times) in [("service time (wire)", service), ("response time (schedule)", response)] {
        let [p50, p98, p99, max] = [50.0, 98.0, 99.0, 100.0].map(|p| ms(times, p));
        writeln!(out, "{name:<28} {p50:>9.3} {p98:>9.3} {p99:>9.3} {max:>9.3}")?;
    }
    let p99 = ms(response, 99.0);
    let off = p99 / (truth * 1000.0) - 1.0;
    writeln!(
        out,
        "arithmetic says {:.1} ms for p99 of response times: {:+.1} %",
        truth * 1000.0,
        off * 100.0
    )?;
    writeln!(
        out,
        r#"{{"name":"stall","value":{p99:.1},"unit":"ms_response_p99","truth":{:.1},"off":{off:.4},"service_p99":{:.3}}}"#,
        truth * 1000.0,
        ms(service, 99.0)
    )?;
    Ok(())
}

/// A server that stalls at the end of each period, from its start on.
async fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (host, start) = (format!("ws://{}", listener.local_addr()?), Instant::now());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream, start));
        }
    });
    Ok(host)
}

async fn echo(stream: TcpStream, start: Instant) -> Result<()> {
    let _slower_if_refused = stream.set_nodelay(true);
    let mut peer = tokio_tungstenite::accept_async(stream).await?;
    let (mut body, mut out) = (Vec::new(), Vec::new());
    EchoResponse { text: Some("x".into()) }.encode(&mut body)?;
    MsgRef { name: Some("EchoResponse"), bin: Some(&body) }.encode(&mut out)?;
    let reply = Message::Binary(out.into());
    while let Some(Ok(Message::Binary(_))) = peer.next().await {
        let into = Duration::from_nanos((start.elapsed().as_nanos() % PERIOD.as_nanos()) as u64);
        if into > PERIOD - STALL {
            tokio::time::sleep(PERIOD - into).await;
        }
        peer.send(reply.clone()).await?;
    }
    Ok(())
}
