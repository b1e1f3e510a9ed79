//! The code that encodes a struct: its slots first, then its data.

use super::model::{FieldModel, Model, TypeModel};
use super::types::Mode;
use crate::schema::{Kind, Shape};

pub(super) fn emit(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let (rust, suffix) = (&ty.rust, mode.suffix());
    let lifetime = if mode == Mode::Owned { "" } else { "<'_>" };
    let fields: Vec<_> =
        ty.fields.iter().map(|field| (field, format!("self.{}.as_ref()", field.rust))).collect();
    let mut body = structure(model, &fields, mode, "        ");
    if ty.deep && !fields.is_empty() {
        body.insert_str(0, TOO_DEEP);
    }
    let depth = depth_name(&body);
    format!(
        "
#[allow(clippy::all)]
impl ::sproto::glue::Write for {rust}{suffix}{lifetime} {{
    fn write(&self, out: &mut ::std::vec::Vec<u8>, {depth}: usize) -> ::sproto::glue::Result<()> {{
{body}        Ok(())
    }}
}}
"
    )
}

const TOO_DEEP: &str = "        if depth >= ::sproto::glue::DEPTH_LIMIT {
            return Err(::sproto::glue::too_deep());
        }
";

/// Not every struct has something inside that must know its depth.
pub(super) fn depth_name(body: &str) -> &'static str {
    if body.contains("depth") { "depth" } else { "_depth" }
}

/// Fields, each with an expression of type `Option<&T>`.
pub(super) fn structure(model: &Model, fields: &[(&FieldModel, String)], mode: Mode, indent: &str) -> String {
    let mutable = if fields.is_empty() { "" } else { "mut " };
    let len = header(fields.iter().map(|(field, _)| field.tag));
    let mut out = format!("{indent}let {mutable}slots = ::sproto::glue::Slots::new::<{len}>(out);\n");
    for (field, value) in fields {
        out.push_str(&format!("{indent}slots.{};\n", slot(field, value)));
    }
    out.push_str(&format!("{indent}let unused = slots.finish();\n"));
    out.push_str(&format!("{indent}out.truncate(out.len() - unused);\n"));
    for (field, value) in fields {
        let Some(code) = data(model, field, value, mode, indent) else { continue };
        let code = format!("::sproto::glue::{code}");
        // Only borrowed structs can meet something that is wrong.
        let code = match code.strip_suffix('?') {
            Some(code) if mode == Mode::Borrowed => {
                format!("::sproto::glue::within(\"{}\", {code})?", field.name)
            }
            _ => code,
        };
        out.push_str(&format!("{indent}{code};\n"));
    }
    out
}

/// The bytes of the largest header: the count, a slot for each field, and one for each gap between tags.
fn header(tags: impl Iterator<Item = u16>) -> usize {
    let (mut slots, mut next) = (1, 0);
    for tag in tags {
        slots += if tag > next { 2 } else { 1 };
        next = tag + 1;
    }
    2 * slots
}

fn slot(field: &FieldModel, value: &str) -> String {
    let tag = field.tag;
    match (field.kind, field.shape) {
        (Kind::Integer, Shape::Single) => format!("integer({tag}, {value}.copied())"),
        (Kind::Decimal { scale }, Shape::Single) => format!("integer({tag}, {})", scaled(value, scale)),
        (Kind::Boolean, Shape::Single) => format!("boolean({tag}, {value}.copied())"),
        _ => format!("data({tag}, {value}.is_some())"),
    }
}

fn scaled(value: &str, scale: i32) -> String {
    format!("{value}.map(|&value| ::sproto::glue::decimal_to_integer(value, {scale}))")
}

/// Booleans have no data; all else may have.
fn data(model: &Model, field: &FieldModel, value: &str, mode: Mode, indent: &str) -> Option<String> {
    let slice = format!("{value}.map(::std::vec::Vec::as_slice)");
    Some(match (field.shape, field.kind) {
        (Shape::Single, Kind::Boolean) => return None,
        (Shape::Single, Kind::Integer) => format!("put_integer(out, {value}.copied())"),
        (Shape::Single, Kind::Decimal { scale }) => format!("put_integer(out, {})", scaled(value, scale)),
        (Shape::Single, Kind::Double) => format!("put_double(out, {value}.copied())"),
        (Shape::Single, Kind::String | Kind::Binary) => {
            format!("put_bytes(out, {value}.map(|value| value.as_ref()))")
        }
        (Shape::Single, Kind::Struct(_)) => format!("put_nested(out, {value}, depth)?"),
        (Shape::Map { .. }, _) => map(model, field, value, mode, indent),
        (_, Kind::Integer) => format!("put_integers(out, {slice})"),
        (_, Kind::Decimal { scale }) => format!("put_decimals(out, {slice}, {scale})"),
        (_, Kind::Double) => format!("put_doubles(out, {slice})"),
        (_, Kind::Boolean) => format!("put_booleans(out, {slice})"),
        (_, Kind::String | Kind::Binary | Kind::Struct(_)) if mode == Mode::Borrowed => {
            format!("put_each(out, {value}, depth)?")
        }
        (_, Kind::String | Kind::Binary) => format!("put_list(out, {slice})"),
        (_, Kind::Struct(_)) => format!("put_structs(out, {slice}, depth)?"),
    })
}

/// An entry is a struct of two fields.
fn map(model: &Model, field: &FieldModel, value: &str, mode: Mode, indent: &str) -> String {
    let Some((key, item)) = model.pair(field) else { return String::new() };
    let inner = format!("{indent}    ");
    let fields = [(key, "Some(key)".to_owned()), (item, "Some(value)".to_owned())];
    let body = structure(model, &fields, mode, &inner);
    let depth = depth_name(&body);
    let check = "if depth >= ::sproto::glue::DEPTH_LIMIT { return Err(::sproto::glue::too_deep()); }";
    let (check, depth) = if model.is_deep(field) { (check, "depth") } else { ("", depth) };
    format!(
        "put_map(out, {value}, depth, |out, (key, value), {depth}| {{\n{inner}{check}\n{body}{inner}Ok(())\n{indent}}})?"
    )
}
