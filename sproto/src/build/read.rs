//! The code that decodes a struct: a match over the tags.

use super::model::{FieldModel, Model, TypeModel};
use super::types::Mode;
use super::write::depth_name;
use crate::schema::{Kind, Shape};

pub(super) fn emit(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let (rust, suffix, lifetime) = (&ty.rust, mode.suffix(), mode.lifetime());
    let body = if ty.fields.is_empty() { EMPTY.to_owned() } else { fields(model, ty, mode) };
    let depth = depth_name(&body);
    format!(
        "
#[allow(clippy::all)]
impl<'a> ::sproto::glue::Read<'a> for {rust}{suffix}{lifetime} {{
    fn read(&mut self, bytes: &'a [u8], {depth}: usize) -> ::sproto::glue::Result<&'a [u8]> {{
        let mut slots = ::sproto::glue::Fields::new(bytes)?;
{body}    }}
}}
"
    )
}

const EMPTY: &str = "        while slots.next()?.is_some() {}
        Ok(slots.rest())
";

fn fields(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let mut arms = String::new();
    for field in &ty.fields {
        let place = format!("self.{}", field.rust);
        arms.push_str(&arm(model, field, mode, &place, "                "));
    }
    let known: Vec<_> = ty.fields.iter().map(|field| field.tag).collect();
    let check = if ty.deep { too_deep(&known) } else { String::new() };
    format!(
        "        while let Some((tag, slot)) = slots.next()? {{
{check}            match tag {{
{arms}                _ => {{}}
            }}
        }}
        Ok(slots.rest())
"
    )
}

/// Only a field that is known counts: a struct of none of these may stand one level deeper.
fn too_deep(tags: &[u16]) -> String {
    let tags: Vec<_> = tags.iter().map(u16::to_string).collect();
    format!(
        "            if depth >= ::sproto::glue::DEPTH_LIMIT && matches!(tag, {}) {{
                return Err(::sproto::glue::Fault::TooDeep.into());
            }}
",
        tags.join(" | ")
    )
}

fn arm(model: &Model, field: &FieldModel, mode: Mode, place: &str, indent: &str) -> String {
    let FieldModel { tag, name, .. } = field;
    let value = value(model, field, mode);
    format!("{indent}{tag} => {place} = Some(::sproto::glue::at(\"{name}\", {value})?),\n")
}

/// The expression that makes the field's value of `slot`.
fn value(model: &Model, field: &FieldModel, mode: Mode) -> String {
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
        (Shape::Map { .. }, _) => map(model, field, mode),
        (Shape::Keyed { .. }, _) => keyed(model, field, mode),
        (_, Kind::Integer) => "integers(slot)".into(),
        (_, Kind::Decimal { scale }) => format!("decimals(slot, {scale})"),
        (_, Kind::Double) => "doubles(slot)".into(),
        (_, Kind::Boolean) => "booleans(slot)".into(),
        (_, Kind::String) => if owned { "strings(slot)" } else { "strings_ref(slot)" }.into(),
        (_, Kind::Binary) => if owned { "binaries(slot)" } else { "binaries_ref(slot)" }.into(),
        (_, Kind::Struct(_)) => "structs(slot, depth)".into(),
    };
    format!("::sproto::glue::{function}")
}

fn keyed(model: &Model, field: &FieldModel, mode: Mode) -> String {
    let Some(key) = model.key(field) else { return String::new() };
    let item = model.single(field.kind, mode);
    format!("keyed(slot, depth, \"{}\", |item: &{item}| item.{}.is_some())", key.name, key.rust)
}

fn map(model: &Model, field: &FieldModel, mode: Mode) -> String {
    let Some((key, item)) = model.pair(field) else { return String::new() };
    let indent = "                        ";
    let mut arms = arm(model, key, mode, "*key", indent);
    arms.push_str(&arm(model, item, mode, "*value", indent));
    let check = if model.is_deep(field) { too_deep(&[key.tag, item.tag]) } else { String::new() };
    let depth = depth_name(&format!("{check}{arms}"));
    format!(
        "map(slot, depth, |bytes, {depth}| {{
                    ::sproto::glue::pair(bytes, [\"{}\", \"{}\"], |tag, slot, key, value| {{
{check}                        match tag {{
{arms}                        _ => {{}}
                        }}
                        Ok(())
                    }})
                }})",
        key.name, item.name
    )
}
