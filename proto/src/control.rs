//! The gRPC service between master and worker, over [`Up`](crate::Up) and [`Down`](crate::Down).
//! Whoever implements [`control_server::Control`] or calls [`control_client::ControlClient`] never sees a
//! generated struct: the codec converts at the edge, and what can't be converted ends the stream with a reason.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::convert::Wire;

mod generated {
    #![allow(unreachable_pub, rust_2018_idioms, clippy::all)]
    include!(concat!(env!("OUT_DIR"), "/horde.control.Control.rs"));
}

pub use generated::{control_client, control_server};

/// The most bytes of one message from the master; a larger one ends the stream that brings it.
pub const LARGEST_MESSAGE: usize = 20 << 20;

/// The most bytes of one message from a worker; a larger one ends the stream that brings it. What it takes in memory once it
/// is read is some 40 times as much at worst.
pub const LARGEST_UP: usize = 128 << 10;

/// Converts our types to protobuf on the way out and back on the way in.
#[derive(Debug)]
pub struct ControlCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for ControlCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Wire + Send + 'static, U: Wire + Send + 'static> Codec for ControlCodec<T, U> {
    type Encode = T;
    type Decode = U;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self::Encoder {
        Self::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        Self::default()
    }
}

impl<T: Wire, U> Encoder for ControlCodec<T, U> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.into_wire().encode(buf).map_err(|e| Status::internal(e.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl<T, U: Wire> Decoder for ControlCodec<T, U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let wire = U::Pb::decode(buf)
            .map_err(|e| Status::invalid_argument(format!("not a control message: {e}")))?;
        U::from_wire(wire).map(Some).map_err(|e| Status::invalid_argument(e.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}
