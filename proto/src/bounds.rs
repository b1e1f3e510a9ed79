//! The bounds that the parts of a plan keep, so that no peer and no file can order more: texts, names and counts.

use std::fmt::Display;

use crate::series::LONGEST_NAME;

/// The most entries that a list in a plan may have, unless it says otherwise.
pub const MOST_ENTRIES: usize = 1_000;

/// The most bytes that an address or a path may have.
pub const LONGEST_TEXT: usize = 2_048;

/// What is out of bounds in a plan, and what to give instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {wrong}")]
pub struct OutOfBounds {
    what: String,
    wrong: String,
}

impl OutOfBounds {
    pub(crate) fn new(what: impl Display, wrong: impl Display) -> Self {
        Self { what: what.to_string(), wrong: wrong.to_string() }
    }
}

/// A name that may stand in tables, files and logs.
pub(crate) fn name(what: &str, name: &str) -> Result<(), OutOfBounds> {
    text(what, name, LONGEST_NAME)
}

/// Each of a list of names, and how many they are.
pub(crate) fn names<'a>(
    what: &str,
    names: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), OutOfBounds> {
    count(what, names.len(), MOST_ENTRIES)?;
    names.into_iter().try_for_each(|each| name(what, each))
}

/// A text that is there and has so many bytes at most.
pub(crate) fn text(what: &str, text: &str, longest: usize) -> Result<(), OutOfBounds> {
    match text.len() {
        0 => Err(OutOfBounds::new(what, "empty")),
        n if n > longest => {
            Err(OutOfBounds::new(what, format!("{n} bytes long; at most {longest} are taken")))
        }
        _ => Ok(()),
    }
}

/// A list of so many entries at most.
pub(crate) fn count(what: &str, entries: usize, most: usize) -> Result<(), OutOfBounds> {
    if entries <= most {
        return Ok(());
    }
    Err(OutOfBounds::new(what, format!("{entries} entries; at most {most} are taken")))
}

/// A path inside the bundle: relative, with forward slashes, and it stays inside.
pub(crate) fn path(what: &str, path: &str) -> Result<(), OutOfBounds> {
    text(what, path, LONGEST_TEXT)?;
    if path.contains('\\') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(OutOfBounds::new(
            what,
            format!("`{path}` does not stay in the bundle; give a relative path"),
        ));
    }
    Ok(())
}
