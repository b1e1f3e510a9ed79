//! The code that decodes a struct: a match over the tags.

use super::model::{FieldModel, Model, TypeModel};
use super::types::Mode;
use crate::schema::{Kind, Shape};

pub(super) fn emit(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let (rust, suffix, lifetime) = (&ty.rust, mode.suffix(), mode.lifetime());
    let body = fields(model, ty, mode);
    let check =
        if ty.deep && !ty.fields.is_empty() { too_deep(ty.fields.iter(), "        ") } else { String::new() };
    format!(
        "
#[allow(clippy::all)]
impl<'a> ::sproto::glue::Read<'a> for {rust}{suffix}{lifetime} {{
    #[inline]
    fn read(&mut self, bytes: &'a [u8], depth: usize) -> ::sproto::glue::Result<()> {{
{check}        let mut slots = ::sproto::glue::Fields::new(bytes)?;
{body}    }}
}}
"
    )
}

fn fields(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let mut out = String::new();
    for field in &ty.fields {
        let place = format!("self.{}", field.rust);
        out.push_str(&step(model, field, mode, &ty.name, &place, "        "));
    }
    out + FINISH
}

const FINISH: &str = "        Ok(slots.finish(depth)?)\n";

/// An entry must have fields, so one that stands too deep is an error in any case.
const TOO_DEEP: &str = "                if depth >= ::sproto::glue::DEPTH_LIMIT {
                    return Err(::sproto::Fault::TooDeep.into());
                }
";

/// Only a field that is known counts: a struct of none of these may stand one level deeper.
fn too_deep<'f>(known: impl Iterator<Item = &'f FieldModel>, indent: &str) -> String {
    let tags: Vec<_> = known.map(|field| field.tag.to_string()).collect();
    format!(
        "{indent}if depth >= ::sproto::glue::DEPTH_LIMIT {{
{indent}    return ::sproto::glue::only_unknown(bytes, depth, &[{}]);
{indent}}}
",
        tags.join(", ")
    )
}

/// The code for one field of a type.
fn step(model: &Model, field: &FieldModel, mode: Mode, ty: &str, place: &str, indent: &str) -> String {
    let FieldModel { tag, name, .. } = field;
    let value = value(model, field, mode, ty);
    format!(
        "{indent}if let Some(slot) = slots.at({tag})? {{
{indent}    {place} = Some(::sproto::glue::at(\"{name}\", {value})?);
{indent}}}
"
    )
}

/// The expression that makes the field's value of `slot`.
fn value(model: &Model, field: &FieldModel, mode: Mode, ty: &str) -> String {
    let owned = mode == Mode::Owned;
    let function = match (field.shape, field.kind) {
        (Shape::Single, Kind::Integer) => return "slot.integer()".into(),
        (Shape::Single, Kind::Decimal { scale }) => return format!("slot.decimal({scale})"),
        (Shape::Single, Kind::Boolean) => return "slot.boolean()".into(),
        (Shape::Single, Kind::Double) => return "slot.double()".into(),
        (Shape::Single, Kind::String) if !owned => return "slot.text()".into(),
        (Shape::Single, Kind::Binary) if !owned => return "slot.bytes()".into(),
        (Shape::Single, Kind::String) => "string(slot)".into(),
        (Shape::Single, Kind::Binary) => "binary(slot)".into(),
        (Shape::Single, Kind::Struct(_)) => "nested(slot, depth)".into(),
        (Shape::Map { .. }, _) => map(model, field, mode, ty),
        (_, Kind::String | Kind::Binary | Kind::Struct(_)) if !owned => list(model, field, ty),
        (Shape::Keyed { .. }, _) => keyed(model, field, mode),
        (_, Kind::Integer) => "integers(slot)".into(),
        (_, Kind::Decimal { scale }) => format!("decimals(slot, {scale})"),
        (_, Kind::Double) => "doubles(slot)".into(),
        (_, Kind::Boolean) => "booleans(slot)".into(),
        (_, Kind::String | Kind::Binary | Kind::Struct(_)) => "lists(slot, depth)".into(),
    };
    format!("::sproto::glue::{function}")
}

fn keyed(model: &Model, field: &FieldModel, mode: Mode) -> String {
    let Some(key) = model.key(field) else { return String::new() };
    let item = model.single(field.kind, mode);
    format!("keyed(slot, depth, \"{}\", |item: &{item}| item.{}.is_some())", key.name, key.rust)
}

/// A list that is read later must know how errors call it, and its key.
fn list(model: &Model, field: &FieldModel, ty: &str) -> String {
    let key = model.key(field).map(|key| (key.tag, &key.name));
    let name = &field.name;
    format!(
        "list(slot, depth, &::sproto::glue::ListField {{ ty: \"{ty}\", name: \"{name}\", key: {key:?} }})"
    )
}

fn map(model: &Model, field: &FieldModel, mode: Mode, ty: &str) -> String {
    let Some((key, item)) = model.pair(field) else { return String::new() };
    let indent = "                ";
    let ty = format!("{ty}.{}", field.name);
    let mut fields = [(key, "key"), (item, "value")];
    fields.sort_by_key(|(field, _)| field.tag);
    let steps: String =
        fields.iter().map(|(field, place)| step(model, field, mode, &ty, place, indent)).collect();
    let check = if model.is_deep(field) { TOO_DEEP } else { "" };
    format!(
        "map(slot, depth, |bytes, depth| {{
{check}{indent}let (mut key, mut value) = (None, None);
{indent}let mut slots = ::sproto::glue::Fields::new(bytes)?;
{steps}{indent}slots.finish(depth)?;
{indent}::sproto::glue::entry(key, value, [\"{}\", \"{}\"])
            }})",
        key.name, item.name
    )
}
