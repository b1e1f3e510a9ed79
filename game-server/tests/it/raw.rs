//! A WebSocket peer made by hand, for what a proper client library would never send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{encode, seal};

pub(crate) const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub(crate) const FIN: u8 = 0x80;
pub(crate) const CONTINUE: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const PING: u8 = 9;

pub(crate) struct Raw(pub(crate) TcpStream);

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&header(first, payload.len() as u64), payload].concat()
}

/// A frame's header, with a mask of zeros, which leaves the payload as it is.
pub(crate) fn header(first: u8, len: u64) -> Vec<u8> {
    const MASKED: u8 = 0x80;
    const MASK: [u8; 4] = [0; 4];
    match len {
        0..126 => [&[first, MASKED | len as u8][..], &MASK].concat(),
        126..65_536 => [&[first, MASKED | 126][..], &(len as u16).to_be_bytes(), &MASK].concat(),
        _ => [&[first, MASKED | 127][..], &len.to_be_bytes(), &MASK].concat(),
    }
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut raw = Self(TcpStream::connect(address).await.unwrap());
        raw.send(HANDSHAKE.as_bytes()).await;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(raw.0.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"));
        raw
    }

    pub(crate) async fn login(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address).await;
        let login = seal("LoginReuest", &encode("LoginReuest", &sproto::value!({})));
        raw.send(&frame(FIN | BINARY, &login)).await;
        let mut head = [0; 2];
        raw.0.read_exact(&mut head).await.unwrap();
        raw.0.read_exact(&mut vec![0; head[1].into()]).await.unwrap();
        raw
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads to the end; gives the code and reason of the close frame that came last, if one did.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest).await;
        let at = rest.iter().rposition(|byte| *byte == 0x88)?;
        let payload = rest.get(at + 2..)?;
        let (code, reason) = payload.split_first_chunk()?;
        Some((u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()))
    }

    /// Closes with a reset instead of an end.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}
