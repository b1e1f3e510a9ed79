//! For envelopes: a method that encodes a struct around a message, which is written in place into the last field.

use super::model::{FieldModel, Model, TypeModel};
use super::types::Mode;
use super::write::{depth_name, structure};
use crate::schema::{Kind, Shape};

/// Nothing, unless the field of the highest tag is a binary. What comes after it would have to be moved.
pub(super) fn emit(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let Some(last) = ty.fields.last().filter(|last| is_binary(last)) else { return String::new() };
    let method = format!("encode_with_{}", last.word);
    if ty.fields.iter().any(|field| field.word == method) {
        return String::new();
    }
    let generics = mode.lifetime();
    let body = body(model, ty, mode);
    let depth = depth_name(&body);
    let field = &last.name;
    format!(
        "
#[allow(unreachable_pub)]
impl{generics} {rust}{suffix}{generics} {{
    /// Encodes this with what `inner` appends as the field `{field}`, whatever that is set to.
    ///
    /// # Errors
    /// As `encode`, and those of `inner`; `out` is then as it was.
    pub fn {method}(
        &self,
        out: &mut ::std::vec::Vec<u8>,
        inner: impl FnOnce(&mut ::std::vec::Vec<u8>) -> ::sproto::Result<()>,
    ) -> ::sproto::Result<()> {{
        ::sproto::glue::encode_around(\"{name}\", out, inner, |out, {depth}| {{
{body}            Ok(())
        }})
    }}
}}
",
        rust = ty.rust,
        suffix = mode.suffix(),
        name = ty.name,
    )
}

fn is_binary(field: &FieldModel) -> bool {
    (field.kind, field.shape) == (Kind::Binary, Shape::Single)
}

/// As for any struct, but the last field is there and empty: its length is the last word, and is written later.
fn body(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let last = ty.fields.len() - 1;
    let value = |(at, field): (usize, &FieldModel)| match at {
        at if at == last => "Some(&[0_u8; 0])".to_owned(),
        _ => format!("self.{}.as_ref()", field.rust),
    };
    let values: Vec<_> = ty.fields.iter().zip(ty.fields.iter().enumerate().map(value)).collect();
    structure(model, &values, mode, "            ")
}
