//! Turns a draft into a schema: looks names up, numbers the types, gives every field its kind and shape.

use std::borrow::Cow;
use std::collections::HashMap;

use super::draft::{Draft, DraftField, DraftProtocol, DraftType, Files, Spot, fault, twice};
use super::{Field, FieldParts, Kind, ProtocolDef, Shape, Tables, TypeDef};
use crate::error::{Error, Result};
use crate::syntax::Bracket;

/// Tags, type ids and decimal places are written as 16-bit slots.
const NUMBER_MAX: u64 = 32766;

pub(super) fn link(draft: Draft<'_>) -> Result<Tables> {
    let (files, types, protocols) = draft.into_parts();
    let (mut names, mut drafts) = (Vec::with_capacity(types.len()), Vec::with_capacity(types.len()));
    for (name, draft) in types {
        names.push(name);
        drafts.push(draft);
    }
    let mut linker = Linker { files, names, drafts, defs: Vec::new() };
    let protocols = linker.protocols(protocols)?;
    linker.types()?;
    Ok(Tables { types: linker.defs, protocols, ..Tables::default() })
}

/// Types by their ids. A draft gives its fields up as soon as its type is made, so that not all is there twice.
struct Linker<'t> {
    files: Files,
    /// In byte order.
    names: Vec<Cow<'t, str>>,
    drafts: Vec<DraftType<'t>>,
    defs: Vec<TypeDef>,
}

impl<'t> Linker<'t> {
    fn protocols(&self, drafts: Vec<DraftProtocol<'t>>) -> Result<Vec<ProtocolDef>> {
        let mut tags = HashMap::new();
        let mut defs = Vec::with_capacity(drafts.len());
        for draft in drafts {
            if let Some(first) = tags.insert(draft.tag, draft.spot) {
                let message = format!("redefined protocol tag {} at {}", draft.tag, draft.name);
                return Err(twice(self.files.place(draft.spot), message, self.files.place(first)));
            }
            defs.push(self.protocol(draft)?);
        }
        defs.sort_by_key(|def| def.tag);
        Ok(defs)
    }

    fn protocol(&self, draft: DraftProtocol<'t>) -> Result<ProtocolDef> {
        let request = self.message(&draft, "request", draft.request.as_deref())?;
        let response = self.message(&draft, "response", draft.response.as_deref())?;
        let Some(tag) = small(draft.tag) else {
            let message = format!("the tag of protocol {} is too large", draft.name);
            return Err(self.fault(draft.spot, message, Some("tags go from 0 to 32766")));
        };
        if self.names.is_empty() {
            let message = format!("protocol {} in a schema without types", draft.name);
            return Err(self.fault(draft.spot, message, Some("declare one type at least, `.package {}`")));
        }
        let DraftProtocol { name, confirm, doc, .. } = draft;
        Ok(ProtocolDef { name: name.into(), tag, request, response, confirm, doc })
    }

    /// Protocols name their types in full.
    fn message(&self, draft: &DraftProtocol<'t>, side: &str, name: Option<&str>) -> Result<Option<usize>> {
        let Some(name) = name else { return Ok(None) };
        let id = self.id(name).ok_or_else(|| {
            let message = format!("Undefined {side} type {name} in protocol {}", draft.name);
            self.fault(draft.spot, message, Some("a protocol names its types in full and takes no builtin"))
        })?;
        Ok(Some(id))
    }

    fn types(&mut self) -> Result<()> {
        let mut next_id = 0;
        self.defs.reserve_exact(self.names.len());
        for id in 0..self.names.len() {
            let def = self.type_def(id, &mut next_id)?;
            self.defs.push(def);
            self.drafts[id].fields = Box::default();
        }
        Ok(())
    }

    fn type_def(&self, id: usize, next_id: &mut u32) -> Result<TypeDef> {
        let (name, draft) = (&*self.names[id], &self.drafts[id]);
        let mut fields = Vec::with_capacity(draft.fields.len());
        for (position, field) in draft.fields.iter().enumerate() {
            let field = self.field(name, field)?;
            fields.push(Field { id: *next_id, position: position as u32, ..field });
            *next_id += 1;
        }
        Ok(TypeDef::new(name.into(), fields, draft.doc.clone(), Some(self.files.place(draft.spot))))
    }

    /// A field whose numbers are still to be given.
    fn field(&self, owner: &str, draft: &DraftField<'t>) -> Result<Field> {
        let tag = small(draft.tag).ok_or_else(|| {
            let message = format!("tag {} of field {} in type {owner} is too large", draft.tag, draft.name);
            self.fault(draft.spot, message, Some("tags go from 0 to 32766"))
        })?;
        let (FieldParts { kind, extra }, shape) = match FieldParts::builtin(draft.typename) {
            Some(builtin) => (self.builtin_parts(draft, builtin)?, array(draft.array)),
            None => self.struct_parts(owner, draft)?,
        };
        let (name, doc) = (draft.name.into(), draft.doc.clone());
        Ok(Field { name, tag, kind: kind.into(), shape: shape.into(), extra, id: 0, position: 0, doc })
    }

    fn struct_parts(&self, owner: &str, draft: &DraftField<'t>) -> Result<(FieldParts, Shape)> {
        let id = self.resolve(owner, draft.typename).ok_or_else(|| {
            let message = format!("Undefined type {} in type {owner}", draft.typename);
            self.fault(draft.spot, message, Some("declare it, or use a builtin type"))
        })?;
        if id as u64 > NUMBER_MAX {
            let message = format!("type {} is number {id} in the schema", self.names[id]);
            return Err(self.fault(draft.spot, message, Some("only the first 32767 can be referred to")));
        }
        let parts = FieldParts { kind: Kind::Struct(id), extra: None };
        Ok((parts, self.struct_shape(draft, id)?))
    }

    fn struct_shape(&self, draft: &DraftField<'t>, target: usize) -> Result<Shape> {
        match (draft.array, draft.brackets.as_slice()) {
            (array_of, []) => Ok(array(array_of)),
            (true, [Bracket::Word(key), ..]) => self.keyed(draft, target, key),
            (true, [Bracket::Empty, ..]) => self.map(draft, target),
            (true, [Bracket::Number(n), ..]) => Err(self.bad_index(draft, n)),
            (false, [Bracket::Word(_) | Bracket::Empty]) => Ok(Shape::Single),
            (false, _) => Err(self.bad_bracket(draft)),
        }
    }

    fn keyed(&self, draft: &DraftField<'t>, target: usize, key: &str) -> Result<Shape> {
        let key = self.fields_of(target).position(|(name, builtin)| name == key && builtin);
        key.map(|key| Shape::Keyed { key }).ok_or_else(|| match draft.brackets.first() {
            Some(Bracket::Word(word)) => self.bad_index(draft, word),
            _ => self.bad_bracket(draft),
        })
    }

    fn map(&self, draft: &DraftField<'t>, target: usize) -> Result<Shape> {
        let mut fields = self.fields_of(target);
        let (Some((key, builtin)), Some(_), None) = (fields.next(), fields.next(), fields.next()) else {
            let message = format!("Invalid map definition: {}, must only have two fields", draft.name);
            return Err(self.fault(draft.spot, message, None));
        };
        if !builtin {
            return Err(self.bad_index(draft, &key));
        }
        Ok(Shape::Map { key: 0, value: 1 })
    }

    /// The names of a type's fields, and whether they are builtins.
    fn fields_of(&self, id: usize) -> impl Iterator<Item = (&str, bool)> {
        let made = self.defs.get(id).into_iter().flat_map(|def| &def.fields);
        let made = made.map(|field| (field.name(), !matches!(field.kind(), Kind::Struct(_))));
        let drafts = self.drafts.get(id).into_iter().flat_map(|draft| &draft.fields);
        made.chain(drafts.map(|field| (field.name, FieldParts::builtin(field.typename).is_some())))
    }

    /// Looks in the type itself, then in each type around it, then at the top.
    fn resolve(&self, owner: &str, name: &str) -> Option<usize> {
        let mut scope = Some(owner);
        while let Some(prefix) = scope {
            if let Some(id) = self.id(&format!("{prefix}.{name}")) {
                return Some(id);
            }
            scope = prefix.rsplit_once('.').map(|(outer, _)| outer);
        }
        self.id(name)
    }

    fn id(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|known| (**known).cmp(name)).ok()
    }

    fn builtin_parts(&self, draft: &DraftField<'t>, plain: FieldParts) -> Result<FieldParts> {
        let integer = plain.kind == Kind::Integer;
        match (draft.array, draft.brackets.as_slice()) {
            (_, []) => Ok(plain),
            (_, [Bracket::Number(digits), ..]) if integer => self.decimal(draft, *digits),
            (false, [Bracket::Word(_) | Bracket::Empty, ..]) if integer => Ok(plain),
            (false, [Bracket::Word(_) | Bracket::Empty]) => Ok(plain),
            _ => Err(self.bad_bracket(draft)),
        }
    }

    fn decimal(&self, draft: &DraftField<'t>, digits: u64) -> Result<FieldParts> {
        small(digits).map(FieldParts::decimal).ok_or_else(|| {
            let message = format!("{digits} decimal places of field {} are too many", draft.name);
            self.fault(draft.spot, message, Some("more than 9 overflow the scale"))
        })
    }

    fn bad_index(&self, draft: &DraftField<'t>, index: &dyn std::fmt::Display) -> Error {
        let help = "the key must be a field of the type, and of a builtin type";
        self.fault(draft.spot, format!("Invalid map index :{index}"), Some(help))
    }

    fn bad_bracket(&self, draft: &DraftField<'t>) -> Error {
        let message = format!("brackets of no meaning after the type of field {}", draft.name);
        let help = "write integer(digits), *Type(key field) or *Type()";
        self.fault(draft.spot, message, Some(help))
    }

    fn fault(&self, spot: Spot, message: String, help: Option<&'static str>) -> Error {
        fault(self.files.place(spot), message, help)
    }
}

fn array(is_array: bool) -> Shape {
    if is_array { Shape::Array } else { Shape::Single }
}

fn small(number: u64) -> Option<u16> {
    (number <= NUMBER_MAX).then_some(number as u16)
}
