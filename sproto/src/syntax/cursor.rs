//! A place in the text: knows its line, skips blanks, reads words, and keeps the comment that stands above what comes next.

use std::sync::Arc;

use crate::error::{Error, Place, SyntaxError};

/// The reading position. Only blanks hold newlines, so only they count lines.
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    line_start: usize,
    doc: String,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, line_start: 0, doc: String::new() }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from `start` to this place.
    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// A word could begin here.
    pub(super) fn at_word(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
    }

    pub(super) fn at_digit(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    /// Steps over `byte` if it stands here.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.doc.clear();
        }
        found
    }

    /// The run of bytes that `belongs` takes.
    pub(super) fn peek_while(&self, belongs: fn(u8) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.bytes().position(|byte| !belongs(byte)).unwrap_or(rest.len());
        rest.get(..len).unwrap_or_default()
    }

    /// Steps over the run of bytes that `belongs` takes.
    pub(super) fn take_while(&mut self, belongs: fn(u8) -> bool) -> &'t str {
        let run = self.peek_while(belongs);
        self.at += run.len();
        self.doc.clear();
        run
    }

    /// The comment lines directly above this place.
    pub(super) fn take_doc(&mut self) -> Box<str> {
        std::mem::take(&mut self.doc).into()
    }

    /// Skips spaces, newlines and comments; says whether there were any.
    pub(super) fn blanks(&mut self) -> bool {
        let start = self.at;
        // A comment after something else on its line tells of that, not of what comes below.
        let mut alone = start == 0;
        let mut empty = alone;
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'#') => {
                    self.comment(alone);
                    empty = false;
                }
                _ if self.newline() => {
                    if empty {
                        self.doc.clear();
                    }
                    (alone, empty) = (true, true);
                }
                _ => return self.at > start,
            }
        }
    }

    fn newline(&mut self) -> bool {
        let len = match self.rest().as_bytes() {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return false,
        };
        self.at += len;
        self.line += 1;
        self.line_start = self.at;
        true
    }

    fn comment(&mut self, alone: bool) {
        let rest = self.rest();
        let len = rest.find('\n').unwrap_or(rest.len());
        let text = rest.get(..len).unwrap_or_default();
        self.at += len - usize::from(text.ends_with('\r') && len < rest.len());
        if alone {
            let text = text.trim_start_matches('#').trim_end();
            self.doc.push_str(text.strip_prefix(' ').unwrap_or(text));
            self.doc.push('\n');
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The error that something else is expected here.
    pub(super) fn error(&self, file: &Arc<str>, expected: &'static str) -> Error {
        Error::Syntax(Box::new(SyntaxError {
            place: Place { file: Arc::clone(file), line: self.line },
            column: (self.at - self.line_start) as u32 + 1,
            expected,
            found: self.found(),
        }))
    }

    fn found(&self) -> String {
        const SHOWN: usize = 24;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return "the end of the text".into() };
        if first == '\u{feff}' {
            return "a byte order mark".into();
        }
        let word: String =
            rest.chars().take(SHOWN).take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if word.is_empty() { format!("`{}`", first.escape_debug()) } else { format!("`{word}`") }
    }
}
