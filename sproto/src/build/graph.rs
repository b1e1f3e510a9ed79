//! Which types hold which: what must be boxed, what can borrow, what can nest without end.

use crate::schema::{Field, Kind, Schema, Shape};
use crate::wire::DEPTH_LIMIT;

/// The fields of all types, by type id.
pub(super) struct Graph {
    fields: Vec<Vec<(Kind, Shape)>>,
}

impl Graph {
    pub(super) fn new(schema: &Schema) -> Self {
        let parts = |field: &Field| (field.kind(), field.shape());
        Self { fields: schema.types().map(|ty| ty.fields().iter().map(parts).collect()).collect() }
    }

    /// A struct of type `from` holds one of type `to` without an array between, itself or further in.
    pub(super) fn holds(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.fields.len()];
        let mut left = vec![from];
        while let Some(id) = left.pop() {
            if id == to {
                return true;
            }
            if std::mem::replace(&mut seen[id], true) {
                continue;
            }
            left.extend(self.fields[id].iter().filter_map(|part| match part {
                (Kind::Struct(inner), Shape::Single) => Some(*inner),
                _ => None,
            }));
        }
        false
    }

    /// Whether a type has strings or binaries, itself or further in.
    pub(super) fn borrows(&self) -> Vec<bool> {
        let mut borrows = vec![false; self.fields.len()];
        let has = |borrows: &[bool], kind: Kind| match kind {
            Kind::String | Kind::Binary => true,
            Kind::Struct(id) => borrows[id],
            _ => false,
        };
        loop {
            let before = borrows.clone();
            for (id, fields) in self.fields.iter().enumerate() {
                borrows[id] |= fields.iter().any(|(kind, _)| has(&before, *kind));
            }
            if borrows == before {
                return borrows;
            }
        }
    }

    /// Whether a type can stand at a level that is too deep, in some message.
    pub(super) fn deep(&self) -> Vec<bool> {
        let mut levels = vec![0; self.fields.len()];
        for _ in 0..DEPTH_LIMIT {
            for (id, fields) in self.fields.iter().enumerate() {
                for (kind, _) in fields {
                    if let Kind::Struct(inner) = *kind {
                        levels[inner] = levels[inner].max(levels[id] + 1).min(DEPTH_LIMIT);
                    }
                }
            }
        }
        levels.into_iter().map(|level| level >= DEPTH_LIMIT).collect()
    }
}
