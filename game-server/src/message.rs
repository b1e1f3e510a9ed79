//! The role protocol in dialect `msg`: an envelope `.Msg {Name, Bin}` around each message. Bytes come in as a
//! [`Request`], a [`Reply`] goes out as bytes.

use std::sync::LazyLock;

use sproto::{Schema, Value, value};

use crate::fault::Fault;

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
            Self::ServerList => "ServerListRequest",
            Self::Login => "LoginReuest",
            Self::Echo => "EchoRequest",
        }
    }

    pub(crate) fn reply_name(self) -> &'static str {
        match self {
            Self::ServerList => "ServerListResponse",
            Self::Login => "LoginRespone",
            Self::Echo => "EchoResponse",
        }
    }
}

/// A request as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    ServerList,
    Login,
    Echo { text: String },
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply<'a> {
    ServerList { address: &'a str },
    Login { value: i64 },
    Echo { text: String },
}

static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::from_texts(proto::game::FILES).unwrap_or_else(|_| unreachable!()));

fn decode(name: &str, bytes: &[u8]) -> Result<Value, Fault> {
    Ok(SCHEMA.require_type(name)?.decode(bytes)?)
}

impl Request {
    pub(crate) fn decode(frame: &[u8]) -> Result<Self, Fault> {
        let msg = decode("Msg", frame)?;
        let name = msg["Name"].as_str().ok_or(Fault::Missing("Msg.Name"))?;
        let Some(ask) = Ask::ALL.into_iter().find(|ask| ask.name() == name) else {
            return Err(Fault::unknown_message(name));
        };
        let body = decode(name, msg["Bin"].as_bytes().ok_or(Fault::Missing("Msg.Bin"))?)?;
        Ok(match ask {
            Ask::ServerList => Self::ServerList,
            Ask::Login => Self::Login,
            Ask::Echo => Self::Echo {
                text: body["Text"].as_str().ok_or(Fault::Missing("EchoRequest.Text"))?.to_owned(),
            },
        })
    }

    pub(crate) fn ask(&self) -> Ask {
        match self {
            Self::ServerList => Ask::ServerList,
            Self::Login => Ask::Login,
            Self::Echo { .. } => Ask::Echo,
        }
    }
}

impl Reply<'_> {
    pub(crate) fn encode(self) -> Vec<u8> {
        let (ask, body) = match self {
            Self::ServerList { address } => (Ask::ServerList, value!({ ServerList: [address] })),
            Self::Login { value } => (Ask::Login, value!({ MyValue: value })),
            Self::Echo { text } => (Ask::Echo, value!({ Text: (text + " from server") })),
        };
        let mut bin = Vec::new();
        let mut out = Vec::new();
        let ty = SCHEMA.require_type(ask.reply_name());
        let _ = ty.and_then(|ty| ty.encode(&body, &mut bin));
        let msg = SCHEMA.require_type("Msg");
        let _ = msg.and_then(|ty| ty.encode(&value!({ Name: (ask.reply_name()), Bin: bin }), &mut out));
        out
    }
}
