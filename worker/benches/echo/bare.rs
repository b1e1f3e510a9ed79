//! The yardstick: the least that a client on tokio-tungstenite can do. Frames made beforehand, replies not looked at.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sproto::{Message as _, MessageRef as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use worker::game::{EchoRequest, LoginReuest, MsgRef, ServerListRequest, ServerListResponse};

use crate::Share;
use crate::common::cpu_time;

type Socket = WebSocketStream<TcpStream>;

/// Round trips of `connections` connections in `seconds` seconds, after all are in.
pub(crate) fn run(host: &str, connections: u64, seconds: u64) -> Result<Share> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let address = game_address(host).await?;
        let mut sockets = Vec::new();
        for _ in 0..connections {
            sockets.push(enter(&address).await?);
        }
        let before = cpu_time();
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let mut loops: JoinSet<_> = sockets.into_iter().map(|socket| echo(socket, deadline)).collect();
        let mut round_trips = 0;
        while let Some(done) = loops.join_next().await {
            round_trips += done??;
        }
        Ok(Share { round_trips, cpu: cpu_time() - before })
    })
}

async fn enter(address: &str) -> Result<Socket> {
    let mut socket = open(address).await?;
    exchange(&mut socket, frame(&LoginReuest {})?).await?;
    Ok(socket)
}

async fn echo(mut socket: Socket, deadline: Instant) -> Result<u64> {
    let hello = frame(&EchoRequest { text: Some("hello".into()) })?;
    let mut round_trips = 0;
    while Instant::now() < deadline {
        exchange(&mut socket, hello.clone()).await?;
        round_trips += 1;
    }
    Ok(round_trips)
}

async fn exchange(socket: &mut Socket, frame: Bytes) -> Result<Message> {
    socket.send(Message::Binary(frame)).await?;
    Ok(socket.next().await.context("the server closed the connection")??)
}

async fn game_address(host: &str) -> Result<String> {
    let mut lobby = open(host).await?;
    let reply = exchange(&mut lobby, frame(&ServerListRequest {})?).await?.into_data();
    let list = ServerListResponse::decode(MsgRef::decode(&reply)?.bin.unwrap_or_default())?;
    list.server_list.unwrap_or_default().into_iter().next().map(String::from).context("no game server")
}

/// The settings that make this the quickest tokio-tungstenite loop: a small read buffer, and no write buffer.
async fn open(address: &str) -> Result<Socket> {
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let stream = TcpStream::connect(address.trim_start_matches("ws://")).await?;
    stream.set_nodelay(true)?;
    Ok(client_async_with_config(address, stream, Some(config)).await?.0)
}

fn frame<M: sproto::Message>(message: &M) -> Result<Bytes> {
    let (mut body, mut envelope) = (Vec::new(), Vec::new());
    message.encode(&mut body)?;
    MsgRef { name: Some(M::NAME), bin: Some(&body) }.encode(&mut envelope)?;
    Ok(envelope.into())
}
