//! The messages of the role protocol, generated from proto/game, and which answers which.

use crate::connection::Request;

include!(concat!(env!("OUT_DIR"), "/game.rs"));

impl Request for ServerListRequest {
    type Reply = ServerListResponse;
}

impl Request for LoginReuest {
    type Reply = LoginRespone;
}

impl Request for EchoRequest {
    type Reply = EchoResponse;
}
