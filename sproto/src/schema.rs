//! A schema: what types and protocols there are. Text comes in, cheap handles go out.

mod draft;
mod field;
mod files;
mod link;
mod protocol;
mod types;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
pub use field::{Field, Kind, Shape};
pub use protocol::Protocol;
pub use types::{Type, TypeRef};

pub(crate) use field::FieldParts;
#[cfg(feature = "build")]
pub(crate) use files::{list_files, read_file};
pub(crate) use protocol::ProtocolDef;
pub(crate) use types::TypeDef;

/// Types and protocols, checked and ready for use. A clone is another handle to the same schema.
#[derive(Debug, Clone)]
pub struct Schema(Arc<Tables>);

/// What a schema holds. Types stand in the order of their ids, protocols in the order of their tags.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub types: Vec<TypeDef>,
    pub protocols: Vec<ProtocolDef>,
    /// The ids of the types in the order of their names.
    pub by_name: Box<[u32]>,
    pub protocol_ids: HashMap<Box<str>, usize>,
}

impl Schema {
    /// Parses one text, called `=text` in errors as in the reference.
    ///
    /// # Errors
    /// The first fault in the text, with its line.
    ///
    /// ```
    /// let schema = sproto::Schema::parse(".Person { name 0 : string  age 1 : integer }")?;
    /// assert_eq!(schema.type_by_name("Person").unwrap().fields().len(), 2);
    ///
    /// let error = sproto::Schema::parse(".Person {\n name : string\n}").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "=text:2:7: syntax error: expected the field's tag, found `:`"
    /// );
    /// # Ok::<(), sproto::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::from_texts([("=text", text)])
    }

    /// Parses several texts, each with the name that errors call it by, into one schema. They may refer to each other.
    ///
    /// # Errors
    /// The first fault; for what is defined twice, both places.
    pub fn from_texts<N, T>(texts: impl IntoIterator<Item = (N, T)>) -> Result<Self>
    where
        N: AsRef<str>,
        T: AsRef<str>,
    {
        let texts: Vec<(N, T)> = texts.into_iter().collect();
        let mut draft = draft::Draft::default();
        for (name, text) in &texts {
            draft.add_file(name.as_ref(), text.as_ref())?;
        }
        link::link(draft).map(Self::new)
    }

    /// Reads every `*.sproto` file in a directory and below it, in the order of their paths.
    ///
    /// # Errors
    /// A file that cannot be read, no such file at all, or a fault as in [`Schema::from_texts`].
    pub fn from_dir(directory: impl AsRef<Path>) -> Result<Self> {
        Self::from_texts(files::read_dir(directory.as_ref())?)
    }

    pub(crate) fn new(mut tables: Tables) -> Self {
        tables.index();
        Self(Arc::new(tables))
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.0
    }

    /// The type of this full name (`Person.PhoneNumber`).
    pub fn type_by_name(&self, name: &str) -> Option<Type> {
        self.0.type_id(name).map(|id| Type::new(self.clone(), id))
    }

    /// The type of this id, as in [`Kind::Struct`].
    pub fn type_by_id(&self, id: usize) -> Option<Type> {
        (id < self.0.types.len()).then(|| Type::new(self.clone(), id))
    }

    /// As [`Schema::type_by_name`].
    ///
    /// # Errors
    /// There is no such type.
    pub fn require_type(&self, name: &str) -> Result<Type> {
        self.type_by_name(name).ok_or_else(|| Error::UnknownType(Box::new(name.to_owned())))
    }

    /// All types, in the order of their ids. From text that is the byte order of their names.
    pub fn types(&self) -> impl ExactSizeIterator<Item = Type> + '_ {
        (0..self.0.types.len()).map(|id| Type::new(self.clone(), id))
    }

    /// The protocol of this name.
    pub fn protocol_by_name(&self, name: &str) -> Option<Protocol> {
        self.0.protocol_ids.get(name).map(|&id| Protocol::new(self.clone(), id))
    }

    /// The protocol of this tag.
    pub fn protocol_by_tag(&self, tag: u16) -> Option<Protocol> {
        let id = self.0.protocols.binary_search_by_key(&tag, |protocol| protocol.tag).ok()?;
        Some(Protocol::new(self.clone(), id))
    }

    /// All protocols, in the order of their tags.
    pub fn protocols(&self) -> impl ExactSizeIterator<Item = Protocol> + '_ {
        (0..self.0.protocols.len()).map(|id| Protocol::new(self.clone(), id))
    }
}

impl Tables {
    fn type_id(&self, name: &str) -> Option<usize> {
        let before = |&id: &u32| self.types.get(id as usize).is_some_and(|def| *def.name < *name);
        let id = *self.by_name.get(self.by_name.partition_point(before))? as usize;
        self.types.get(id).is_some_and(|def| *def.name == *name).then_some(id)
    }

    /// Numbers the types and fills the look-ups by name. Of two that share a name (a bundle can hold such) the first is found.
    fn index(&mut self) {
        for (id, def) in self.types.iter_mut().enumerate() {
            def.id = id;
        }
        let mut by_name: Box<[u32]> = (0..self.types.len() as u32).collect();
        let name = |id: u32| self.types.get(id as usize).map(|def| &def.name);
        // Stable: of two that share a name the first stays first.
        by_name.sort_by(|&a, &b| name(a).cmp(&name(b)));
        self.by_name = by_name;
        for (id, def) in self.protocols.iter().enumerate() {
            self.protocol_ids.entry(def.name.clone()).or_insert(id);
        }
    }
}
