//! The elements of an array.

use super::Value;
use super::lazy::Lazy;

/// An array of values of one kind.
#[derive(Clone)]
pub struct Array(Repr);

/// Booleans take a byte each on the wire, so that whole values of 32 bytes would let a small message grow large.
#[derive(Clone)]
enum Repr {
    Booleans(Box<[bool]>),
    Values(Vec<Value>),
    Lazy(Box<Lazy>),
}

static EMPTY: Array = Array(Repr::Values(Vec::new()));
static FALSE: Value = Value::Boolean(false);
static TRUE: Value = Value::Boolean(true);

impl Array {
    /// An empty array.
    pub fn new() -> Self {
        Self::from(Vec::new())
    }

    pub(crate) fn from_booleans(booleans: impl Iterator<Item = bool>) -> Self {
        Self(Repr::Booleans(booleans.collect()))
    }

    pub(super) fn lazy(lazy: Box<Lazy>) -> Self {
        Self(Repr::Lazy(lazy))
    }

    /// The array that a lazy one becomes when it is looked at.
    fn looked_at(lazy: &Lazy) -> &Self {
        lazy.value().as_array().unwrap_or(&EMPTY)
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Booleans(booleans) => booleans.len(),
            Repr::Values(values) => values.len(),
            Repr::Lazy(lazy) => Self::looked_at(lazy).len(),
        }
    }

    /// There are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<&Value> {
        match &self.0 {
            Repr::Booleans(booleans) => booleans.get(index).map(|&is| if is { &TRUE } else { &FALSE }),
            Repr::Values(values) => values.get(index),
            Repr::Lazy(lazy) => Self::looked_at(lazy).get(index),
        }
    }

    /// The elements in order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Appends an element.
    pub fn push(&mut self, value: impl Into<Value>) {
        if !matches!(self.0, Repr::Values(_)) {
            self.0 = Repr::Values(self.iter().cloned().collect());
        }
        if let Repr::Values(values) = &mut self.0 {
            values.push(value.into());
        }
    }
}

impl Default for Array {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Array {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl From<Vec<Value>> for Array {
    fn from(values: Vec<Value>) -> Self {
        Self(Repr::Values(values))
    }
}

impl<V: Into<Value>> FromIterator<V> for Array {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self::from(values.into_iter().map(Into::into).collect::<Vec<_>>())
    }
}
