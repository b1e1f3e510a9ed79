//! Turns a draft into a schema: looks names up, numbers the types, gives every field its kind and shape.

use std::collections::{BTreeMap, HashMap};

use super::draft::{Draft, DraftField, DraftProtocol, DraftType, fault, twice};
use super::{Field, FieldParts, Kind, ProtocolDef, Shape, Tables, TypeDef};
use crate::error::{Error, Result};
use crate::syntax::Bracket;

/// Tags, type ids and decimal places are written as 16-bit slots.
const NUMBER_MAX: u64 = 32766;

pub(super) fn link(draft: Draft) -> Result<Tables> {
    let Draft { types, protocols, .. } = draft;
    let ids = types.keys().enumerate().map(|(id, name)| (name.as_str(), id)).collect();
    let linker = Linker { types: &types, ids };
    let protocols = linker.protocols(protocols)?;
    let mut next_id = 0;
    let types = types
        .iter()
        .map(|(name, draft)| linker.type_def(name, draft, &mut next_id))
        .collect::<Result<_>>()?;
    Ok(Tables { types, protocols, ..Tables::default() })
}

struct Linker<'d> {
    types: &'d BTreeMap<String, DraftType>,
    ids: HashMap<&'d str, usize>,
}

impl Linker<'_> {
    fn protocols(&self, drafts: Vec<DraftProtocol>) -> Result<Vec<ProtocolDef>> {
        let mut tags = HashMap::new();
        let mut defs = Vec::with_capacity(drafts.len());
        for draft in drafts {
            if let Some(first) = tags.insert(draft.tag, draft.place.clone()) {
                let message = format!("redefined protocol tag {} at {}", draft.tag, draft.name);
                return Err(twice(draft.place, message, &first));
            }
            defs.push(self.protocol(draft)?);
        }
        defs.sort_by_key(|def| def.tag);
        Ok(defs)
    }

    fn protocol(&self, draft: DraftProtocol) -> Result<ProtocolDef> {
        let request = self.message(&draft, "request", draft.request.as_deref())?;
        let response = self.message(&draft, "response", draft.response.as_deref())?;
        let Some(tag) = small(draft.tag) else {
            let message = format!("the tag of protocol {} is too large", draft.name);
            return Err(fault(draft.place, message, Some("tags go from 0 to 32766")));
        };
        if self.types.is_empty() {
            let message = format!("protocol {} in a schema without types", draft.name);
            return Err(fault(draft.place, message, Some("declare one type at least, `.package {}`")));
        }
        let DraftProtocol { name, confirm, doc, .. } = draft;
        Ok(ProtocolDef { name: name.into(), tag, request, response, confirm, doc: doc.into() })
    }

    /// Protocols name their types in full.
    fn message(&self, draft: &DraftProtocol, side: &str, name: Option<&str>) -> Result<Option<usize>> {
        let Some(name) = name else { return Ok(None) };
        let id = self.ids.get(name).copied().ok_or_else(|| {
            let message = format!("Undefined {side} type {name} in protocol {}", draft.name);
            fault(
                draft.place.clone(),
                message,
                Some("a protocol names its types in full and takes no builtin"),
            )
        })?;
        Ok(Some(id))
    }

    fn type_def(&self, name: &str, draft: &DraftType, next_id: &mut u32) -> Result<TypeDef> {
        let mut fields = Vec::with_capacity(draft.fields.len());
        for (position, field) in draft.fields.iter().enumerate() {
            let field = self.field(name, field)?;
            fields.push(Field { id: *next_id, position: position as u32, ..field });
            *next_id += 1;
        }
        Ok(TypeDef::new(name.into(), fields, draft.doc.as_str().into(), Some(draft.place.clone())))
    }

    /// A field whose numbers are still to be given.
    fn field(&self, owner: &str, draft: &DraftField) -> Result<Field> {
        let tag = small(draft.tag).ok_or_else(|| {
            let message = format!("tag {} of field {} in type {owner} is too large", draft.tag, draft.name);
            fault(draft.place.clone(), message, Some("tags go from 0 to 32766"))
        })?;
        let (FieldParts { kind, extra }, shape) = match FieldParts::builtin(&draft.typename) {
            Some(builtin) => (builtin_parts(draft, builtin)?, array(draft.array)),
            None => self.struct_parts(owner, draft)?,
        };
        let (name, doc) = (draft.name.as_str().into(), draft.doc.as_str().into());
        Ok(Field { name, tag, kind, shape, extra, id: 0, position: 0, doc })
    }

    fn struct_parts(&self, owner: &str, draft: &DraftField) -> Result<(FieldParts, Shape)> {
        let target = self.resolve(owner, &draft.typename).ok_or_else(|| {
            let message = format!("Undefined type {} in type {owner}", draft.typename);
            fault(draft.place.clone(), message, Some("declare it, or use a builtin type"))
        })?;
        let (name, id) = target;
        if id as u64 > NUMBER_MAX {
            let message = format!("type {name} is number {id} in the schema");
            return Err(fault(draft.place.clone(), message, Some("only the first 32767 can be referred to")));
        }
        let parts = FieldParts { kind: Kind::Struct(id), extra: None };
        Ok((parts, self.struct_shape(draft, name)?))
    }

    fn struct_shape(&self, draft: &DraftField, target: &str) -> Result<Shape> {
        match (draft.array, draft.brackets.as_slice()) {
            (array_of, []) => Ok(array(array_of)),
            (true, [Bracket::Word(key), ..]) => self.keyed(draft, target, key),
            (true, [Bracket::Empty, ..]) => self.map(draft, target),
            (true, [Bracket::Number(n), ..]) => Err(bad_index(draft, n)),
            (false, [Bracket::Word(_) | Bracket::Empty]) => Ok(Shape::Single),
            (false, _) => Err(bad_bracket(draft)),
        }
    }

    fn keyed(&self, draft: &DraftField, target: &str, key: &str) -> Result<Shape> {
        let fields = self.fields_of(target);
        let key = fields.iter().position(|field| field.name == key && is_builtin(&field.typename));
        key.map(|key| Shape::Keyed { key }).ok_or_else(|| match draft.brackets.first() {
            Some(Bracket::Word(word)) => bad_index(draft, word),
            _ => bad_bracket(draft),
        })
    }

    fn map(&self, draft: &DraftField, target: &str) -> Result<Shape> {
        let [key, _] = self.fields_of(target) else {
            let message = format!("Invalid map definition: {}, must only have two fields", draft.name);
            return Err(fault(draft.place.clone(), message, None));
        };
        if !is_builtin(&key.typename) {
            return Err(bad_index(draft, &key.name));
        }
        Ok(Shape::Map { key: 0, value: 1 })
    }

    fn fields_of(&self, name: &str) -> &[DraftField] {
        self.types.get(name).map_or(&[], |draft| draft.fields.as_slice())
    }

    /// Looks in the type itself, then in each type around it, then at the top.
    fn resolve(&self, owner: &str, name: &str) -> Option<(&str, usize)> {
        let mut scope = Some(owner);
        while let Some(prefix) = scope {
            if let Some((&found, &id)) = self.ids.get_key_value(format!("{prefix}.{name}").as_str()) {
                return Some((found, id));
            }
            scope = prefix.rsplit_once('.').map(|(outer, _)| outer);
        }
        self.ids.get_key_value(name).map(|(&found, &id)| (found, id))
    }
}

fn builtin_parts(draft: &DraftField, plain: FieldParts) -> Result<FieldParts> {
    let integer = plain.kind == Kind::Integer;
    match (draft.array, draft.brackets.as_slice()) {
        (_, []) => Ok(plain),
        (_, [Bracket::Number(digits), ..]) if integer => decimal(draft, *digits),
        (false, [Bracket::Word(_) | Bracket::Empty, ..]) if integer => Ok(plain),
        (false, [Bracket::Word(_) | Bracket::Empty]) => Ok(plain),
        _ => Err(bad_bracket(draft)),
    }
}

fn decimal(draft: &DraftField, digits: u64) -> Result<FieldParts> {
    small(digits).map(FieldParts::decimal).ok_or_else(|| {
        let message = format!("{digits} decimal places of field {} are too many", draft.name);
        fault(draft.place.clone(), message, Some("more than 9 overflow the scale"))
    })
}

fn array(is_array: bool) -> Shape {
    if is_array { Shape::Array } else { Shape::Single }
}

fn is_builtin(name: &str) -> bool {
    FieldParts::builtin(name).is_some()
}

fn small(number: u64) -> Option<u16> {
    (number <= NUMBER_MAX).then_some(number as u16)
}

fn bad_index(draft: &DraftField, index: &dyn std::fmt::Display) -> Error {
    let help = "the key must be a field of the type, and of a builtin type";
    fault(draft.place.clone(), format!("Invalid map index :{index}"), Some(help))
}

fn bad_bracket(draft: &DraftField) -> Error {
    let message = format!("brackets of no meaning after the type of field {}", draft.name);
    let help = "write integer(digits), *Type(key field) or *Type()";
    fault(draft.place.clone(), message, Some(help))
}
