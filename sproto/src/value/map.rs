//! The entries of a keyed map (`*T(key)`) or a key/value map (`*T()`).

use std::cmp::Ordering;

use super::Value;
use super::lazy::Lazy;

/// Keys and values, in the order they stand on the wire.
#[derive(Clone)]
pub struct Map(Repr);

#[derive(Clone)]
enum Repr {
    Pairs(Box<[(Value, Value)]>),
    /// Structs that hold their key themselves, at this position among their fields.
    Keyed(u32, Box<[Value]>),
    Lazy(Box<Lazy>),
}

impl Map {
    /// Structs by the field at position `key`. Of two with the same key the last one stays, as in a Lua table.
    pub(crate) fn keyed(key: usize, mut items: Vec<Value>) -> Self {
        keep_last(&mut items, |item| item.as_struct().and_then(|fields| fields.at(key)));
        Self(Repr::Keyed(key as u32, items.into()))
    }

    /// Pairs. Of two with the same key the last one stays.
    pub(crate) fn from_pairs(mut pairs: Vec<(Value, Value)>) -> Self {
        keep_last(&mut pairs, |(key, _)| Some(key));
        Self(Repr::Pairs(pairs.into()))
    }

    pub(super) fn lazy(lazy: Box<Lazy>) -> Self {
        Self(Repr::Lazy(lazy))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Pairs(pairs) => pairs.len(),
            Repr::Keyed(_, items) => items.len(),
            Repr::Lazy(lazy) => lazy.value().as_map().map_or(0, Self::len),
        }
    }

    /// There are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key. Goes over the entries; who looks up much in a large map puts it into one of `std`'s.
    pub fn get(&self, key: impl Into<Value>) -> Option<&Value> {
        let key = key.into();
        self.iter().find(|(candidate, _)| **candidate == key).map(|(_, value)| value)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        (0..self.len()).filter_map(|index| self.entry(index))
    }

    fn entry(&self, index: usize) -> Option<(&Value, &Value)> {
        match &self.0 {
            Repr::Pairs(pairs) => pairs.get(index).map(|(key, value)| (key, value)),
            Repr::Keyed(key, items) => {
                let item = items.get(index)?;
                Some((item.as_struct()?.at(*key as usize)?, item))
            }
            Repr::Lazy(lazy) => lazy.value().as_map()?.entry(index),
        }
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let pairs = entries.into_iter().map(|(key, value)| (key.into(), value.into()));
        Self(Repr::Pairs(pairs.collect()))
    }
}

/// Removes all but the last entry of each key, without a table of the keys: memory stays within what came in.
fn keep_last<T>(entries: &mut Vec<T>, key: impl Fn(&T) -> Option<&Value>) {
    let order = |a: &T, b: &T| key_order(key(a), key(b));
    if entries.is_sorted_by(|a, b| order(a, b).is_lt()) {
        return;
    }
    let mut sorted: Vec<u32> = (0..entries.len() as u32).collect();
    sorted.sort_by(|&a, &b| order(&entries[a as usize], &entries[b as usize]));
    let mut stays = vec![true; entries.len()];
    for pair in sorted.windows(2) {
        let (earlier, later) = (pair[0] as usize, pair[1] as usize);
        stays[earlier] = order(&entries[earlier], &entries[later]).is_ne();
    }
    let mut stays = stays.into_iter();
    entries.retain(|_| stays.next().unwrap_or(true));
}

/// Any order will do as long as equal keys are neighbours; all keys of a map are of one kind.
fn key_order(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Double(a)), Some(Value::Double(b))) => {
            a.partial_cmp(b).unwrap_or_else(|| a.total_cmp(b))
        }
        (Some(Value::Integer(a)), Some(Value::Integer(b))) => a.cmp(b),
        (Some(Value::Boolean(a)), Some(Value::Boolean(b))) => a.cmp(b),
        (a, b) => a.and_then(Value::as_bytes).cmp(&b.and_then(Value::as_bytes)),
    }
}
