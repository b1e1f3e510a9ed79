//! Values as TOML writes them. Any text comes in; one that reads as the same goes out.

use std::fmt::{self, Write};

/// A file that is being written, table by table.
#[derive(Debug, Default)]
pub(super) struct Toml(String);

impl Toml {
    pub(super) fn comment(&mut self, text: &str) {
        // A line break would end the comment.
        self.line(format_args!("# {}", crate::text::clean(text)));
    }

    /// The head of a table, such as `[network]` or `[[class]]`.
    pub(super) fn table(&mut self, head: &str) {
        self.line(format_args!("\n{head}"));
    }

    pub(super) fn pair(&mut self, key: &str, value: impl fmt::Display) {
        self.line(format_args!("{key} = {value}"));
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.pair(key, quoted(text));
    }

    /// A list, unless it is empty.
    pub(super) fn list<T>(&mut self, key: &str, items: &[T], show: impl Fn(&T) -> String) {
        if !items.is_empty() {
            self.pair(key, format_args!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")));
        }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// A text in quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    let escaped: String = text.chars().map(escaped).collect();
    format!("\"{escaped}\"")
}

/// A text in quotes that keeps its lines.
pub(super) fn lines(text: &str) -> String {
    let escaped: String = text.chars().map(|c| if c == '\n' { c.into() } else { escaped(c) }).collect();
    format!("\"\"\"\n{escaped}\"\"\"")
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".into(),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.into(),
    }
}
