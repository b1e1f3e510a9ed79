//! Getters that take absence for the default, and `with_` methods that set a field.

use super::model::{FieldModel, Model, TypeModel};
use super::types::{Mode, is_list};
use crate::schema::{Kind, Shape};

/// Methods that a field must not hide.
const TAKEN: &[&str] = &["encode", "decode", "clone", "eq", "ne", "fmt", "default", "write", "read"];

pub(super) fn emit(model: &Model, ty: &TypeModel, mode: Mode) -> String {
    let mut methods = String::new();
    for field in &ty.fields {
        if !TAKEN.contains(&field.word.as_str()) {
            methods.push_str(&getter(model, field, mode).unwrap_or_default());
        }
        if let Some(key) = model.key(field) {
            methods.push_str(&by_key(model, ty, field, key, mode));
        }
        if !has(ty, &format!("with_{}", field.word)) {
            methods.push_str(&setter(model, field, mode));
        }
    }
    if methods.is_empty() {
        return methods;
    }
    let generics = mode.lifetime();
    format!(
        "\n#[allow(unreachable_pub)]\nimpl{generics} {}{}{generics} {{\n{}}}\n",
        ty.rust,
        mode.suffix(),
        methods.trim_start_matches('\n')
    )
}

fn has(ty: &TypeModel, word: &str) -> bool {
    ty.fields.iter().any(|field| field.word == word)
}

fn getter(model: &Model, field: &FieldModel, mode: Mode) -> Option<String> {
    let element = model.single(field.kind, mode);
    let (output, default, code) = match (field.shape, field.kind, mode) {
        (Shape::Map { .. }, ..) | (Shape::Single, Kind::Struct(_), _) => return None,
        _ if is_list(field, mode) => (model.value(field, mode), "empty", "unwrap_or_default()"),
        (Shape::Array | Shape::Keyed { .. }, ..) => {
            (format!("&[{element}]"), "empty", "as_deref().unwrap_or_default()")
        }
        (_, Kind::String, Mode::Owned) => ("&str".into(), "empty", "as_deref().unwrap_or_default()"),
        (_, Kind::Binary, Mode::Owned) => ("&[u8]".into(), "empty", "as_deref().unwrap_or_default()"),
        (_, Kind::String | Kind::Binary, _) => (element, "empty", "unwrap_or_default()"),
        (_, Kind::Boolean, _) => (element, "false", "unwrap_or_default()"),
        _ => (element, "0", "unwrap_or_default()"),
    };
    let (name, rust) = (&field.name, &field.rust);
    Some(format!(
        "
    /// The field `{name}`; {default} if it is absent.
    pub fn {rust}(&self) -> {output} {{
        self.{rust}.{code}
    }}
"
    ))
}

/// A look-up in a `*T(key)`, for keys that are compared easily.
fn by_key(model: &Model, ty: &TypeModel, field: &FieldModel, key: &FieldModel, mode: Mode) -> String {
    let (word, rust, key_word) = (&field.word, &field.rust, &key.word);
    let method = format!("{word}_by_{key_word}");
    if has(ty, &method) {
        return String::new();
    }
    let item = model.single(field.kind, mode);
    let key_type = match key.kind {
        Kind::String => "&str".into(),
        Kind::Binary => "&[u8]".into(),
        kind => model.single(kind, mode),
    };
    let taken =
        if matches!(key.kind, Kind::String | Kind::Binary) { "as_deref()" } else { "as_ref().copied()" };
    let is = format!("item.{}.{taken} == Some(key)", key.rust);
    let (output, code) = if is_list(field, mode) {
        let code = format!("unwrap_or_default().find_last(|item| {is})");
        (format!("::sproto::Result<::core::option::Option<{item}>>"), code)
    } else {
        let code = format!("iter().flatten().rev().find(|item| {is})");
        (format!("::core::option::Option<&{item}>"), code)
    };
    format!(
        "
    /// The element of `{}` whose `{}` is this; the last of several.
    pub fn {method}(&self, key: {key_type}) -> {output} {{
        self.{rust}.{code}
    }}
",
        field.name, key.name
    )
}

fn setter(model: &Model, field: &FieldModel, mode: Mode) -> String {
    let FieldModel { name, word, rust, .. } = field;
    let value = model.value(field, mode);
    let into = if field.boxed { "::std::boxed::Box::new(value.into())" } else { "value.into()" };
    format!(
        "
    /// Sets the field `{name}`.
    #[must_use]
    pub fn with_{word}(mut self, value: impl ::core::convert::Into<{value}>) -> Self {{
        self.{rust} = Some({into});
        self
    }}
"
    )
}
