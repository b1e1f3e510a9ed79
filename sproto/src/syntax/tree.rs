//! The syntax tree: what the text says, in its order, before anything is looked up.

/// A declaration at the top level. Names are parts of the text.
#[derive(Debug)]
pub(crate) enum Item<'t> {
    Type(TypeNode<'t>),
    Protocol(ProtocolNode<'t>),
}

/// `.name { ... }`
#[derive(Debug)]
pub(crate) struct TypeNode<'t> {
    pub name: &'t str,
    pub line: u32,
    pub doc: Box<str>,
    pub members: Vec<Member<'t>>,
}

/// What stands between the braces of a type.
#[derive(Debug)]
pub(crate) enum Member<'t> {
    Field(FieldNode<'t>),
    Type(TypeNode<'t>),
}

/// `name tag : *typename(bracket)(bracket)`
#[derive(Debug)]
pub(crate) struct FieldNode<'t> {
    pub name: &'t str,
    pub line: u32,
    pub doc: Box<str>,
    pub tag: u64,
    pub array: bool,
    pub typename: &'t str,
    pub brackets: Vec<Bracket<'t>>,
}

/// What stands in the brackets after a type name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bracket<'t> {
    Empty,
    Word(&'t str),
    Number(u64),
}

/// `name tag { request ... response ... }`
#[derive(Debug)]
pub(crate) struct ProtocolNode<'t> {
    pub name: &'t str,
    pub line: u32,
    pub doc: Box<str>,
    pub tag: u64,
    pub messages: Vec<(Side, u32, Message<'t>)>,
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
pub(crate) enum Message<'t> {
    Named(&'t str),
    Inline(Vec<Member<'t>>),
}
