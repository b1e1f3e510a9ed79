//! HTTP/2 as no library writes it: frames by hand.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_HEADERS: u8 = 4;

/// How a connection begins.
pub(crate) fn greeting() -> Vec<u8> {
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, &[])].concat()
}

/// Opens a worker's stream, and waits until the master takes more than a few bytes on it.
pub(crate) async fn join(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    more: &[(&str, &str)],
) -> io::Result<()> {
    io.write_all(&joining(more)).await?;
    loop {
        let mut head = [0; 9];
        io.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        io.read_exact(&mut payload).await?;
        match (kind, flags) {
            (SETTINGS, 0) => io.write_all(&frame(SETTINGS, 1, 0, &[])).await?,
            (WINDOW_UPDATE, _) => return Ok(()),
            _ => {}
        }
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header that is written out, names and values shorter than 127 bytes.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// The headers of a worker's request.
pub(crate) fn request(more: &[(&str, &str)]) -> Vec<u8> {
    let usual = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/horde.control.Control/Join"),
        (":authority", "master"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ];
    usual.iter().chain(more).flat_map(|(name, value)| field(name, value)).collect()
}

/// A greeting and a worker's stream.
pub(crate) fn joining(more: &[(&str, &str)]) -> Vec<u8> {
    [greeting(), frame(HEADERS, END_HEADERS, 1, &request(more))].concat()
}

/// The begin of a gRPC message, which may lie.
pub(crate) fn prefix(compressed: bool, length: u32) -> [u8; 5] {
    let [a, b, c, d] = length.to_be_bytes();
    [u8::from(compressed), a, b, c, d]
}

/// A message in as many frames as it needs.
pub(crate) fn message(compressed: bool, bytes: &[u8]) -> Vec<u8> {
    let whole = [&prefix(compressed, bytes.len() as u32), bytes].concat();
    whole.chunks(16 << 10).flat_map(|part| frame(DATA, 0, 1, part)).collect()
}

/// Writes `bytes` so many times and reads all that comes meanwhile, until it is cut off. How often they were written whole.
pub(crate) async fn pour(io: impl AsyncRead + AsyncWrite, bytes: &[u8], times: usize) -> usize {
    let (mut from, mut to) = tokio::io::split(io);
    let mut written = 0;
    let writing = async {
        while written < times && to.write_all(bytes).await.is_ok() {
            written += 1;
        }
    };
    let mut sink = tokio::io::sink();
    let reading = tokio::io::copy(&mut from, &mut sink);
    tokio::select! {
        () = writing => {}
        _ = reading => {}
    }
    written
}

/// All that the other end says until it hangs up.
pub(crate) async fn all_of(mut io: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    io.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// The error of the last GOAWAY, as number and text.
pub(crate) fn farewell(mut answer: &[u8]) -> Option<(u32, String)> {
    let mut last = None;
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = answer {
        let (payload, rest) = rest.split_at_checked(u32::from_be_bytes([0, *a, *b, *c]) as usize)?;
        if let (GOAWAY, [_, _, _, _, a, b, c, d, text @ ..]) = (*kind, payload) {
            last = Some((u32::from_be_bytes([*a, *b, *c, *d]), String::from_utf8_lossy(text).into_owned()));
        }
        answer = rest;
    }
    last
}

/// A gzip stream of so many bytes that unpacks to some 160 times as many zeros.
pub(crate) fn bomb(bytes: usize) -> Vec<u8> {
    // A block of fixed codes: a zero, then 258 more of it with each 13 bits, and again.
    let mut bits = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], used: 0 };
    bits.push("11000110000");
    while bits.bytes.len() < bytes {
        bits.push("1100010100000");
    }
    bits.bytes
}

/// Bits as deflate packs them: from the lowest of a byte on.
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, bits: &str) {
        for bit in bits.bytes().map(|digit| digit - b'0') {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.len() - 1;
            self.bytes[last] |= bit << (self.used % 8);
            self.used += 1;
        }
    }
}
