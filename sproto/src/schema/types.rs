//! One type of a schema, and the handle that callers hold.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::field::Field;
use super::{Kind, Schema, Tables};
use crate::error::Place;
use crate::value::Names;
use crate::wire::Room;

/// A type as the schema holds it.
#[derive(Debug)]
pub(crate) struct TypeDef {
    /// Its index in the schema, given when that is complete.
    pub id: usize,
    pub name: Box<str>,
    /// Ascending by tag.
    pub fields: Box<[Field]>,
    /// See [`TypeDef::names`].
    names: OnceLock<Arc<Names>>,
    pub room: Room,
    /// Two of the fields have the same name, as they can in a bundle.
    pub twins: bool,
    pub doc: Box<str>,
    pub place: Option<Place>,
}

impl TypeDef {
    /// `fields` must ascend by tag.
    pub(crate) fn new(name: Box<str>, fields: Vec<Field>, doc: Box<str>, place: Option<Place>) -> Self {
        let (names, room) = (OnceLock::new(), Room::default());
        Self { id: 0, name, fields: fields.into(), names, room, twins: false, doc, place }
    }

    /// The fields' names once more, shared with every decoded struct; made when the first one is.
    #[inline]
    pub(crate) fn names(&self) -> &Arc<Names> {
        self.names.get_or_init(|| Arc::new(self.fields.iter().map(|field| field.name().into()).collect()))
    }

    /// Whether these are the names that decoded structs of this type share.
    #[inline]
    pub(crate) fn has_names(&self, names: &Arc<Names>) -> bool {
        self.names.get().is_some_and(|own| Arc::ptr_eq(own, names))
    }
}

/// A type that a source or sink is asked about, borrowed from its schema.
#[derive(Clone, Copy)]
pub struct TypeRef<'s> {
    pub(crate) tables: &'s Tables,
    pub(crate) def: &'s TypeDef,
}

impl<'s> TypeRef<'s> {
    /// The full name.
    pub fn name(self) -> &'s str {
        &self.def.name
    }

    /// The fields, ascending by tag.
    pub fn fields(self) -> &'s [Field] {
        &self.def.fields
    }

    /// The type of this id. Ids come from fields of the same schema, so there is one.
    pub(crate) fn by_id(self, id: usize) -> Self {
        Self { tables: self.tables, def: &self.tables.types[id] }
    }
}

impl fmt::Debug for TypeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeRef({})", self.name())
    }
}

/// A struct type of a schema: a cheap handle that encodes and decodes.
#[derive(Clone)]
pub struct Type {
    schema: Schema,
    id: usize,
}

impl Type {
    pub(super) fn new(schema: Schema, id: usize) -> Self {
        Self { schema, id }
    }

    fn def(&self) -> &TypeDef {
        &self.schema.tables().types[self.id]
    }

    /// The same type, borrowed.
    pub fn as_ref(&self) -> TypeRef<'_> {
        TypeRef { tables: self.schema.tables(), def: self.def() }
    }

    /// The schema that the type is part of.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The type's number in its schema.
    pub fn id(&self) -> usize {
        self.id
    }

    /// The full name, such as `Person.PhoneNumber` for a type nested in another.
    pub fn name(&self) -> &str {
        &self.def().name
    }

    /// The fields, ascending by tag.
    pub fn fields(&self) -> &[Field] {
        &self.def().fields
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().iter().find(|field| field.name() == name)
    }

    /// The type that a field holds, if it holds structs.
    pub fn type_of(&self, field: &Field) -> Option<Self> {
        match field.kind() {
            Kind::Struct(id) => self.schema.type_by_id(id),
            _ => None,
        }
    }

    /// The comment lines above the type, each ended by a newline.
    pub fn doc(&self) -> &str {
        &self.def().doc
    }

    /// Where the type is declared; unknown when the schema comes from a bundle.
    pub fn place(&self) -> Option<&Place> {
        self.def().place.as_ref()
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Type({})", self.name())
    }
}
