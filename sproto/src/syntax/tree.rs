//! The syntax tree: what the text says, in its order, before anything is looked up.

/// A declaration at the top level.
#[derive(Debug)]
pub(crate) enum Item {
    Type(TypeNode),
    Protocol(ProtocolNode),
}

/// `.name { ... }`
#[derive(Debug)]
pub(crate) struct TypeNode {
    pub name: String,
    pub line: u32,
    pub doc: String,
    pub members: Vec<Member>,
}

/// What stands between the braces of a type.
#[derive(Debug)]
pub(crate) enum Member {
    Field(FieldNode),
    Type(TypeNode),
}

/// `name tag : *typename(bracket)(bracket)`
#[derive(Debug)]
pub(crate) struct FieldNode {
    pub name: String,
    pub line: u32,
    pub doc: String,
    pub tag: u64,
    pub array: bool,
    pub typename: String,
    pub brackets: Vec<Bracket>,
}

/// What stands in the brackets after a type name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bracket {
    Empty,
    Word(String),
    Number(u64),
}

/// `name tag { request ... response ... }`
#[derive(Debug)]
pub(crate) struct ProtocolNode {
    pub name: String,
    pub line: u32,
    pub doc: String,
    pub tag: u64,
    pub messages: Vec<(Side, u32, Message)>,
}

/// Which of a protocol's two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
}

impl Side {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// What a protocol's message is.
#[derive(Debug)]
pub(crate) enum Message {
    Named(String),
    Inline(Vec<Member>),
}
