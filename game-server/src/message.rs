//! The role protocol in dialect `msg`: an envelope `.Msg {Name, Bin}` around each message. Bytes come in and become a
//! [`Request`]; a [`Reply`] becomes bytes and goes out.

use sproto::{Message, MessageRef};

use crate::fault::Fault;
use role::{
    EchoRequest, EchoRequestRef, EchoResponse, EchoResponseRef, LoginRespone, LoginReuest, MsgRef,
    ServerListRequest, ServerListResponse,
};

mod role {
    //! The structs of proto/game/*.sproto, as generated.
    #![allow(dead_code, unreachable_pub, reason = "made for any user, also for one who needs more of it")]
    include!(concat!(env!("OUT_DIR"), "/role.rs"));
}

/// What the game puts behind the text that it echoes.
const MARK: &str = " from server";

/// The requests of the role protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    ServerList,
    Login,
    Echo,
}

impl Ask {
    pub(crate) const ALL: [Self; 3] = [Self::ServerList, Self::Login, Self::Echo];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ServerList => ServerListRequest::NAME,
            Self::Login => LoginReuest::NAME,
            Self::Echo => EchoRequest::NAME,
        }
    }

    pub(crate) fn reply_name(self) -> &'static str {
        match self {
            Self::ServerList => ServerListResponse::NAME,
            Self::Login => LoginRespone::NAME,
            Self::Echo => EchoResponse::NAME,
        }
    }

    fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ask| ask.name() == name)
    }
}

/// A request as it was read; what it holds is borrowed from its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    ServerList,
    Login,
    Echo { text: &'a str },
}

impl<'a> Request<'a> {
    pub(crate) fn decode(frame: &'a [u8]) -> Result<Self, Fault> {
        let msg = MsgRef::decode(frame)?;
        let name = msg.name.ok_or(Fault::Missing("Msg.Name"))?;
        let ask = Ask::by_name(name).ok_or_else(|| Fault::unknown_message(name))?;
        let bin = msg.bin.ok_or(Fault::Missing("Msg.Bin"))?;
        Ok(match ask {
            Ask::ServerList => ServerListRequest::decode(bin).map(|_| Self::ServerList)?,
            Ask::Login => LoginReuest::decode(bin).map(|_| Self::Login)?,
            Ask::Echo => Self::Echo {
                text: EchoRequestRef::decode(bin)?.text.ok_or(Fault::Missing("EchoRequest.Text"))?,
            },
        })
    }

    pub(crate) fn ask(self) -> Ask {
        match self {
            Self::ServerList => Ask::ServerList,
            Self::Login => Ask::Login,
            Self::Echo { .. } => Ask::Echo,
        }
    }
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply<'a> {
    ServerList { address: &'a str },
    Login { value: i64 },
    Echo { text: &'a str },
}

impl Reply<'_> {
    /// # Errors
    /// Only a message of 4 GiB can't be encoded.
    pub(crate) fn encode(self) -> sproto::Result<Vec<u8>> {
        match self {
            Self::ServerList { address } => {
                let list = ServerListResponse { server_list: Some(vec![address.into()]) };
                seal(ServerListResponse::NAME, |bin| list.encode(bin))
            }
            Self::Login { value } => {
                seal(LoginRespone::NAME, |bin| LoginRespone { my_value: Some(value) }.encode(bin))
            }
            Self::Echo { text } => {
                let text = [text, MARK].concat();
                seal(EchoResponse::NAME, |bin| EchoResponseRef { text: Some(&text) }.encode(bin))
            }
        }
    }
}

/// Puts a message into its envelope.
fn seal(name: &str, encode: impl FnOnce(&mut Vec<u8>) -> sproto::Result<()>) -> sproto::Result<Vec<u8>> {
    let mut bin = Vec::new();
    encode(&mut bin)?;
    let mut frame = Vec::new();
    MsgRef { name: Some(name), bin: Some(&bin) }.encode(&mut frame)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_travels_in_its_envelope() {
        let frame = Reply::Echo { text: "hi" }.encode().unwrap();
        let msg = MsgRef::decode(&frame).unwrap();
        assert_eq!(msg.name, Some("EchoResponse"));
        assert_eq!(EchoResponse::decode(msg.bin()).unwrap().text(), "hi from server");
    }

    #[test]
    fn every_request_is_found_by_its_name() {
        for ask in Ask::ALL {
            let frame = seal(ask.name(), |bin| EchoRequestRef { text: Some("hi") }.encode(bin)).unwrap();
            assert_eq!(Request::decode(&frame).unwrap().ask(), ask);
        }
    }
}
