//! The grammar, one function per rule. Predictive: the first byte decides, so nothing is read twice.

use std::sync::Arc;

use super::cursor::Cursor;
use super::tree::{Bracket, FieldNode, Item, Member, Message, ProtocolNode, Side, TypeNode};
use crate::error::{Error, Result};

/// Types nest this deep at most; the reference gives up at 66.
const TYPE_DEPTH: usize = 64;

/// Parses one file and hands out its declarations one by one: no tree of the whole file is ever held.
///
/// # Errors
/// The first place where the text leaves the grammar.
pub(crate) fn parse<'t>(file: &Arc<str>, text: &'t str, each: impl FnMut(Item<'t>)) -> Result<()> {
    let mut parser = Parser { file, cursor: Cursor::new(text), depth: 0 };
    parser.items(Parser::item, each)?;
    if parser.cursor.at_end() { Ok(()) } else { Err(parser.error("a type, a protocol or the end")) }
}

struct Parser<'f, 't> {
    file: &'f Arc<str>,
    cursor: Cursor<'t>,
    depth: usize,
}

impl<'t> Parser<'_, 't> {
    /// Items are set apart by blanks, but the last ones may touch each other.
    fn items<T>(&mut self, item: fn(&mut Self) -> Result<Option<T>>, mut each: impl FnMut(T)) -> Result<()> {
        let mut touching = false;
        self.cursor.blanks();
        while let Some(next) = item(self)? {
            each(next);
            let apart = self.cursor.blanks();
            if touching && apart {
                break;
            }
            touching = !apart;
        }
        Ok(())
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Result<Option<T>>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.items(item, |item| items.push(item))?;
        // A schema of very many small types would otherwise hold room for four members in each.
        items.shrink_to_fit();
        Ok(items)
    }

    fn item(&mut self) -> Result<Option<Item<'t>>> {
        if self.cursor.peek() == Some(b'.') {
            return self.type_node().map(Item::Type).map(Some);
        }
        if self.cursor.at_word() {
            return self.protocol().map(Item::Protocol).map(Some);
        }
        Ok(None)
    }

    fn type_node(&mut self) -> Result<TypeNode<'t>> {
        let (doc, line) = (self.cursor.take_doc(), self.cursor.line());
        self.cursor.eat(b'.');
        let name = self.word("a type name")?;
        self.cursor.blanks();
        let members = self.members()?;
        Ok(TypeNode { name, line, doc, members })
    }

    fn members(&mut self) -> Result<Vec<Member<'t>>> {
        self.expect(b'{', "`{`")?;
        if self.depth == TYPE_DEPTH {
            return Err(self.error("types nested at most 64 deep"));
        }
        self.depth += 1;
        let members = self.list(Self::member)?;
        self.depth -= 1;
        self.expect(b'}', "a field, a nested type or `}`")?;
        Ok(members)
    }

    fn member(&mut self) -> Result<Option<Member<'t>>> {
        if self.cursor.peek() == Some(b'.') {
            return self.type_node().map(Member::Type).map(Some);
        }
        if self.cursor.at_word() {
            return self.field().map(Member::Field).map(Some);
        }
        Ok(None)
    }

    fn field(&mut self) -> Result<FieldNode<'t>> {
        let (doc, line) = (self.cursor.take_doc(), self.cursor.line());
        let name = self.word("a field name")?;
        self.expect_blanks("a blank between the field's name and its tag")?;
        let tag = self.number("the field's tag")?;
        self.cursor.blanks();
        self.expect(b':', "`:` and the field's type")?;
        self.cursor.blanks();
        let array = self.cursor.eat(b'*');
        let typename = self.typename()?;
        let brackets = self.brackets()?;
        Ok(FieldNode { name, line, doc, tag, array, typename, brackets })
    }

    fn brackets(&mut self) -> Result<Vec<Bracket<'t>>> {
        let mut brackets = Vec::new();
        while self.cursor.eat(b'(') {
            self.cursor.blanks();
            brackets.push(self.bracket()?);
            self.cursor.blanks();
            self.expect(b')', "`)`")?;
        }
        brackets.shrink_to_fit();
        Ok(brackets)
    }

    fn bracket(&mut self) -> Result<Bracket<'t>> {
        if self.cursor.at_word() {
            return self.word("a key field").map(Bracket::Word);
        }
        if self.cursor.at_digit() {
            return self.number("a number of digits").map(Bracket::Number);
        }
        Ok(Bracket::Empty)
    }

    fn protocol(&mut self) -> Result<ProtocolNode<'t>> {
        let (doc, line) = (self.cursor.take_doc(), self.cursor.line());
        let name = self.word("a protocol name")?;
        self.expect_blanks("a blank between the protocol's name and its tag")?;
        let tag = self.number("the protocol's tag")?;
        self.cursor.blanks();
        self.expect(b'{', "`{`")?;
        let messages = self.list(Self::message)?;
        self.expect(b'}', "`request`, `response` or `}`")?;
        Ok(ProtocolNode { name, line, doc, tag, messages })
    }

    fn message(&mut self) -> Result<Option<(Side, u32, Message<'t>)>> {
        if !self.cursor.at_word() {
            return Ok(None);
        }
        let line = self.cursor.line();
        let side = self.side()?;
        self.expect_blanks("a blank and a type")?;
        let message = match self.cursor.peek() {
            Some(b'{') => Message::Inline(self.members()?),
            _ => Message::Named(self.typename()?),
        };
        Ok(Some((side, line, message)))
    }

    fn side(&mut self) -> Result<Side> {
        let side = match self.cursor.peek_while(is_word) {
            "request" => Side::Request,
            "response" => Side::Response,
            _ => return Err(self.error("`request`, `response` or `}`")),
        };
        self.cursor.take_while(is_word);
        Ok(side)
    }

    fn typename(&mut self) -> Result<&'t str> {
        let start = self.cursor.at();
        self.word("a type")?;
        while self.cursor.eat(b'.') {
            self.word("the rest of a type name")?;
        }
        Ok(self.cursor.since(start))
    }

    fn word(&mut self, expected: &'static str) -> Result<&'t str> {
        if !self.cursor.at_word() {
            return Err(self.error(expected));
        }
        Ok(self.cursor.take_while(is_word))
    }

    /// Numbers too large for 64 bits saturate; every use of one has a smaller limit.
    fn number(&mut self, expected: &'static str) -> Result<u64> {
        if !self.cursor.at_digit() {
            return Err(self.error(expected));
        }
        Ok(self.cursor.take_while(|byte| byte.is_ascii_digit()).parse().unwrap_or(u64::MAX))
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        if self.cursor.eat(byte) { Ok(()) } else { Err(self.error(expected)) }
    }

    fn expect_blanks(&mut self, expected: &'static str) -> Result<()> {
        if self.cursor.blanks() { Ok(()) } else { Err(self.error(expected)) }
    }

    fn error(&self, expected: &'static str) -> Error {
        self.cursor.error(self.file, expected)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
