//! How robots speak where a mod says nothing else: dialect, envelope, packing, and which reply answers which request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bounds::{self, MOST_ENTRIES, OutOfBounds};

/// How a sproto message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// In an envelope that names it.
    #[default]
    Msg,
    /// After a header of type and session, as sproto's own RPC.
    Rpc,
}

/// The message that carries others in the dialect `msg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The type in the schema.
    pub type_name: String,
    /// Its field for the name of what it carries.
    pub name_field: String,
    /// Its field for the bytes of what it carries.
    pub body_field: String,
}

impl Default for Envelope {
    fn default() -> Self {
        Self { type_name: "Msg".into(), name_field: "Name".into(), body_field: "Bin".into() }
    }
}

/// How robots speak where a mod says nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    /// How messages travel.
    pub dialect: Dialect,
    /// What carries them in the dialect `msg`.
    pub envelope: Envelope,
    /// The type of the header in the dialect `rpc`.
    pub package: String,
    /// Whether bytes are 0-packed in the dialect `rpc`.
    pub packed: bool,
    /// Replies that break the rule, by request.
    pub replies: BTreeMap<String, String>,
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            dialect: Dialect::Msg,
            envelope: Envelope::default(),
            package: "package".into(),
            packed: true,
            replies: BTreeMap::new(),
        }
    }
}

impl Speech {
    /// The name of the message that answers `request`: what `replies` says, else `XRequest` -> `XResponse`. A name that
    /// does not end in `Request` gets `Response` appended.
    ///
    /// ```
    /// use proto::speech::Speech;
    ///
    /// let mut speech = Speech::default();
    /// speech.replies.insert("Enter".into(), "Scene".into());
    /// assert_eq!(speech.reply_of("EchoRequest"), "EchoResponse");
    /// assert_eq!(speech.reply_of("Ping"), "PingResponse");
    /// assert_eq!(speech.reply_of("Enter"), "Scene");
    /// ```
    pub fn reply_of(&self, request: &str) -> String {
        match self.replies.get(request) {
            Some(reply) => reply.clone(),
            None => format!("{}Response", request.strip_suffix("Request").unwrap_or(request)),
        }
    }

    pub(crate) fn check(&self) -> Result<(), OutOfBounds> {
        let Envelope { type_name, name_field, body_field } = &self.envelope;
        bounds::names("envelope", [type_name, name_field, body_field].map(String::as_str).into_iter())?;
        bounds::name("package", &self.package)?;
        bounds::count("replies", self.replies.len(), MOST_ENTRIES)?;
        let mut both = self.replies.iter().flat_map(|(request, reply)| [request, reply]);
        both.try_for_each(|each| bounds::name("replies", each))
    }
}
