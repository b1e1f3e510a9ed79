//! The types as they will be in Rust: names, and what each field needs.

use std::collections::{HashMap, HashSet};

use super::graph::Graph;
use super::names::{identifier, snake, type_name};
use crate::error::{Error, Result};
use crate::schema::{Field, Kind, Schema, Shape, Type};

/// All types, by id.
pub(super) struct Model {
    pub types: Vec<TypeModel>,
}

/// One type.
pub(super) struct TypeModel {
    /// In the schema.
    pub name: String,
    /// In Rust.
    pub rust: String,
    pub doc: String,
    /// There is a variant that borrows.
    pub borrows: bool,
    /// It can nest too deep.
    pub deep: bool,
    pub fields: Vec<FieldModel>,
}

/// One field.
pub(super) struct FieldModel {
    /// In the schema.
    pub name: String,
    /// In Rust, without the escape of keywords.
    pub word: String,
    /// In Rust.
    pub rust: String,
    pub doc: String,
    pub tag: u16,
    pub kind: Kind,
    pub shape: Shape,
    /// The struct holds itself through this field.
    pub boxed: bool,
}

impl Model {
    pub(super) fn new(schema: &Schema) -> Result<Self> {
        let graph = Graph::new(schema);
        let (borrows, deep) = (graph.borrows(), graph.deep());
        let mut types = Vec::new();
        for ty in schema.types() {
            types.push(TypeModel {
                name: ty.name().to_owned(),
                rust: type_name(ty.name()),
                doc: ty.doc().to_owned(),
                borrows: borrows[ty.id()],
                deep: deep[ty.id()],
                fields: fields(&ty, &graph)?,
            });
        }
        let model = Self { types };
        model.check_names()?;
        Ok(model)
    }

    /// The borrowing variants have names too.
    fn check_names(&self) -> Result<()> {
        let mut taken = HashMap::new();
        for ty in &self.types {
            let variant = ty.borrows.then(|| format!("{}Ref", ty.rust));
            for rust in [Some(ty.rust.clone()), variant].into_iter().flatten() {
                if let Some(other) = taken.insert(rust.clone(), &ty.name) {
                    let told =
                        format!("types {other} and {} both need the Rust name {rust}; rename one", ty.name);
                    return Err(Error::Generate(Box::new(told)));
                }
            }
        }
        Ok(())
    }
}

fn fields(ty: &Type, graph: &Graph) -> Result<Vec<FieldModel>> {
    let mut taken = HashSet::new();
    let mut models = Vec::new();
    for field in ty.fields() {
        check_key(ty, field)?;
        let mut word = snake(field.name());
        if !taken.insert(word.clone()) {
            word = format!("{word}_{}", field.tag());
            taken.insert(word.clone());
        }
        models.push(FieldModel {
            name: field.name().to_owned(),
            rust: identifier(&word),
            word,
            doc: field.doc().to_owned(),
            tag: field.tag(),
            kind: field.kind(),
            shape: field.shape(),
            boxed: matches!((field.kind(), field.shape()), (Kind::Struct(id), Shape::Single) if graph.holds(id, ty.id())),
        });
    }
    Ok(models)
}

/// The schema lets an array pass as the key of a map; such a map can be written, but never read.
fn check_key(ty: &Type, field: &Field) -> Result<()> {
    let (Shape::Keyed { key } | Shape::Map { key, .. }) = field.shape() else { return Ok(()) };
    let Some(item) = ty.type_of(field) else { return Ok(()) };
    if item.fields()[key].shape() == Shape::Single {
        return Ok(());
    }
    let told = format!("the key of {}.{} is an array, which no map can be read by", ty.name(), field.name());
    Err(Error::Generate(Box::new(told)))
}
