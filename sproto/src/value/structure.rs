//! The fields of a struct value.

use std::sync::Arc;

use super::Value;
use crate::schema::{Field, TypeRef};
use crate::wire::same_name;

/// A struct: fields by name. Only those that are present are held.
#[derive(Clone, Default)]
pub struct Struct {
    /// Every decoded struct of a type shares the names of that type.
    names: Arc<Names>,
    /// Positions among the names, ascending, and the values. A boxed slice keeps a `Value` at 32 bytes.
    entries: Box<[(u32, Value)]>,
}

/// Field names, each at its position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Vec<Arc<str>>);

impl FromIterator<Arc<str>> for Names {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl Struct {
    /// A struct without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// `entries` must ascend by position.
    pub(crate) fn from_entries(names: Arc<Names>, entries: Vec<(u32, Value)>) -> Self {
        Self { names, entries: entries.into() }
    }

    /// The number of fields that are present.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No field is present.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a field, if it is present.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.at(self.names.0.iter().position(|known| same_name(known, name))?)
    }

    /// The fields that `ty` knows, in its order.
    #[inline]
    pub(crate) fn in_order<'v, 't>(&'v self, ty: TypeRef<'t>) -> InOrder<'v, 't> {
        let names = (!ty.def.has_names(&self.names)).then_some(self.names.0.as_slice());
        InOrder { names, entries: &self.entries, fields: ty.fields(), twins: ty.def.twins }
    }

    /// The value at a position among the names.
    pub(crate) fn at(&self, position: usize) -> Option<&Value> {
        let guess = position.min(self.entries.len().checked_sub(1)?);
        let found = self.entries.get(..=guess)?.iter().rev().find(|(at, _)| *at as usize <= position)?;
        (found.0 as usize == position).then_some(&found.1)
    }

    /// Sets a field. Nil removes it.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let position = self.position_of(name);
        let value = value.into();
        let mut entries = std::mem::take(&mut self.entries).into_vec();
        let found = entries.binary_search_by_key(&position, |(at, _)| *at);
        match (found, value.is_nil()) {
            (Ok(at), true) => drop(entries.remove(at)),
            (Ok(at), false) => entries[at].1 = value,
            (Err(at), false) => entries.insert(at, (position, value)),
            (Err(_), true) => {}
        }
        self.entries = entries.into();
    }

    /// The same struct with a field set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    fn position_of(&mut self, name: &str) -> u32 {
        let known = self.names.0.iter().position(|known| same_name(known, name));
        known.unwrap_or_else(|| {
            let names = Arc::make_mut(&mut self.names);
            names.0.push(name.into());
            names.0.len() - 1
        }) as u32
    }

    /// Names and values of the fields that are present: in tag order if decoded, else in the order they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().filter_map(|(at, value)| Some((&**self.names.0.get(*at as usize)?, value)))
    }
}

/// The fields of a struct in the order of a type.
pub(crate) struct InOrder<'v, 't> {
    /// The struct's own names; none if it has those of the type.
    names: Option<&'v [Arc<str>]>,
    entries: &'v [(u32, Value)],
    /// Those that can still come; all of them if the names are the type's.
    fields: &'t [Field],
    /// A name can be asked for twice.
    twins: bool,
}

impl<'v, 't> Iterator for InOrder<'v, 't> {
    type Item = (&'t Field, &'v Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.entries.split_first()?;
        let Some(names) = self.names else {
            self.entries = rest;
            return Some((self.fields.get(first.0 as usize)?, &first.1));
        };
        // A struct made by hand mostly has its fields in order, so that the next one is the first that is left.
        while let Some((field, later)) = self.fields.split_first() {
            self.fields = later;
            let is = |at: u32| names.get(at as usize).is_some_and(|name| same_name(name, field.name()));
            if is(first.0) {
                if !self.twins {
                    self.entries = rest;
                }
                return Some((field, &first.1));
            }
            if let Some((_, value)) = rest.iter().find(|(at, _)| is(*at)) {
                return Some((field, value));
            }
        }
        None
    }
}

/// Equal are structs of the same fields, in whatever order.
impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl std::fmt::Debug for Struct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: AsRef<str>, V: Into<Value>> FromIterator<(N, V)> for Struct {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        fields.into_iter().fold(Self::new(), |all, (name, value)| all.with(name.as_ref(), value))
    }
}
