//! Schema text to a syntax tree. Follows the reference's PEG rule by rule, in linear time and to a bounded depth.

mod cursor;
mod grammar;
mod tree;

pub(crate) use grammar::parse;
pub(crate) use tree::{Bracket, FieldNode, Item, Member, Message, ProtocolNode, Side, TypeNode};
