//! Turns schemas into Rust structs that encode and decode themselves, for use from `build.rs` (feature `build`).
//!
//! ```no_run
//! // build.rs; in Cargo.toml: [build-dependencies] sproto = { ..., features = ["build"] }
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let out = std::path::Path::new(&std::env::var("OUT_DIR")?).join("game.rs");
//!     for input in sproto::build::Config::new().directory("../proto/game").compile(&out)? {
//!         println!("cargo::rerun-if-changed={}", input.display());
//!     }
//!     Ok(())
//! }
//! // lib.rs
//! // mod game {
//! //     include!(concat!(env!("OUT_DIR"), "/game.rs"));
//! // }
//! ```
//!
//! For a type `Person` there is a struct `Person` that owns what it holds (strings as [`Text`](crate::Text), which
//! allocates nothing for short ones), and, if it holds strings or binaries anywhere, a `PersonRef<'a>` that borrows them
//! from the bytes it is decoded from. `Person.PhoneNumber` becomes `PersonPhoneNumber`, a field `ServerList` becomes
//! `server_list`. Every field is an `Option`, arrays too: sproto tells an absent array from an empty one. For each field
//! there is a getter that takes absence for the default, and a `with_` method that sets it. `*T(key)` is a `Vec<T>` in the
//! order of the wire, with a getter `.._by_key(..)`; `*T()` is a `BTreeMap`, or a `Vec` of pairs if the key is a floating
//! point number.
//!
//! In a `PersonRef`, arrays of strings, binaries and structs are a [`List`](crate::List): read when they are gone over, so
//! that decoding allocates nothing for them, and what is wrong inside shows then. Arrays of numbers, maps `*T()` and
//! structs that hold themselves are read at once.
//!
//! A type whose last field is a binary may be an envelope. It has a method that writes the message straight into it:
//!
//! ```
//! # mod game { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generated/everything.rs")); }
//! use game::{Item, MsgRef};
//! use sproto::{Message, MessageRef};
//!
//! let item = Item::default().with_id(7);
//! let mut out = Vec::new();
//! MsgRef::default().with_name(Item::NAME).encode_with_bin(&mut out, |out| item.encode(out))?;
//! assert_eq!(Item::decode(MsgRef::decode(&out)?.bin())?, item);
//! # Ok::<(), sproto::Error>(())
//! ```

mod around;
mod getters;
mod graph;
mod model;
mod names;
mod read;
mod structs;
mod types;
mod write;

use std::path::{Path, PathBuf};

use crate::error::{Error, ReadError, Result};
use crate::schema::{Schema, list_files, read_file};

/// What to generate from.
#[derive(Debug, Clone, Default)]
pub struct Config {
    texts: Vec<(String, String)>,
    paths: Vec<PathBuf>,
}

impl Config {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds every `*.sproto` file in a directory and below it.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.paths.push(directory.into());
        self
    }

    /// Adds one file.
    #[must_use]
    pub fn file(self, file: impl Into<PathBuf>) -> Self {
        self.directory(file)
    }

    /// Adds a text, and the name that errors call it by.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.texts.push((name.into(), text.into()));
        self
    }

    /// The Rust code for all types.
    ///
    /// # Errors
    /// A schema that cannot be read or is faulty; or two names that become one in Rust.
    pub fn generate(&self) -> Result<String> {
        let mut texts = self.texts.clone();
        for file in self.files()? {
            texts.push((file.display().to_string(), read_file(&file)?));
        }
        let schema = Schema::from_texts(texts)?;
        Ok(structs::emit(&model::Model::new(&schema)?))
    }

    /// Writes the Rust code to `out`. Gives the paths that it depends on, for Cargo's `rerun-if-changed`.
    ///
    /// # Errors
    /// As [`Config::generate`]; or `out` cannot be written.
    pub fn compile(&self, out: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let out = out.as_ref();
        std::fs::write(out, self.generate()?)
            .map_err(|source| Error::Write(Box::new(ReadError { path: out.to_owned(), source })))?;
        let mut inputs = self.paths.clone();
        inputs.extend(self.files()?);
        Ok(inputs)
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for path in &self.paths {
            if path.is_dir() {
                files.extend(list_files(path)?);
            } else {
                files.push(path.clone());
            }
        }
        Ok(files)
    }
}
