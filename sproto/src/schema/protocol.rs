//! One protocol: a name, a tag, and the types of its request and response.

use std::fmt;

use super::{Schema, Type};

/// A protocol as the schema holds it.
#[derive(Debug)]
pub(crate) struct ProtocolDef {
    pub name: Box<str>,
    pub tag: u16,
    pub request: Option<usize>,
    pub response: Option<usize>,
    pub confirm: bool,
    pub doc: Box<str>,
}

/// A protocol of a schema: a cheap handle.
#[derive(Clone)]
pub struct Protocol {
    schema: Schema,
    id: usize,
}

impl Protocol {
    pub(super) fn new(schema: Schema, id: usize) -> Self {
        Self { schema, id }
    }

    fn def(&self) -> &ProtocolDef {
        &self.schema.tables().protocols[self.id]
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.def().name
    }

    /// The tag, 0 to 32766.
    pub fn tag(&self) -> u16 {
        self.def().tag
    }

    /// The request's type, if the protocol has one.
    pub fn request(&self) -> Option<Type> {
        self.def().request.and_then(|id| self.schema.type_by_id(id))
    }

    /// The response's type, if the protocol has one.
    pub fn response(&self) -> Option<Type> {
        self.def().response.and_then(|id| self.schema.type_by_id(id))
    }

    /// `response nil`: the response has no content, it only confirms.
    pub fn confirm(&self) -> bool {
        self.def().confirm
    }

    /// The comment lines above the protocol, each ended by a newline.
    pub fn doc(&self) -> &str {
        &self.def().doc
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protocol({} {})", self.name(), self.tag())
    }
}
