//! The Rust type of each field.

use super::model::{FieldModel, Model, TypeModel};
use crate::schema::{Kind, Shape};

/// Which variant of the structs is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Owned,
    Borrowed,
}

impl Mode {
    pub(super) fn suffix(self) -> &'static str {
        if self == Self::Owned { "" } else { "Ref" }
    }

    /// The generic arguments of a struct of this variant.
    pub(super) fn lifetime(self) -> &'static str {
        if self == Self::Owned { "" } else { "<'a>" }
    }
}

impl Model {
    /// The type of the field as it is declared.
    pub(super) fn declared(&self, field: &FieldModel, mode: Mode) -> String {
        let value = self.value(field, mode);
        let value = if field.boxed { format!("::std::boxed::Box<{value}>") } else { value };
        format!("::core::option::Option<{value}>")
    }

    /// The type of the field's value when it is there.
    pub(super) fn value(&self, field: &FieldModel, mode: Mode) -> String {
        match field.shape {
            Shape::Single => self.single(field.kind, mode),
            Shape::Array | Shape::Keyed { .. } if is_list(field, mode) => {
                format!("::sproto::List<'a, {}>", self.single(field.kind, mode))
            }
            Shape::Array | Shape::Keyed { .. } => {
                format!("::std::vec::Vec<{}>", self.single(field.kind, mode))
            }
            Shape::Map { .. } => self.map(field, mode),
        }
    }

    /// The type of one element.
    pub(super) fn single(&self, kind: Kind, mode: Mode) -> String {
        match (kind, mode) {
            (Kind::Integer, _) => "i64".into(),
            (Kind::Decimal { .. } | Kind::Double, _) => "f64".into(),
            (Kind::Boolean, _) => "bool".into(),
            (Kind::String, Mode::Owned) => "::sproto::Text".into(),
            (Kind::String, Mode::Borrowed) => "&'a str".into(),
            (Kind::Binary, Mode::Owned) => "::std::vec::Vec<u8>".into(),
            (Kind::Binary, Mode::Borrowed) => "&'a [u8]".into(),
            (Kind::Struct(id), mode) => self.structure(id, mode),
        }
    }

    fn structure(&self, id: usize, mode: Mode) -> String {
        let ty = &self.types[id];
        let mode = if ty.borrows { mode } else { Mode::Owned };
        format!("{}{}{}", ty.rust, mode.suffix(), mode.lifetime())
    }

    fn map(&self, field: &FieldModel, mode: Mode) -> String {
        let Some((key, value)) = self.pair(field) else { return String::new() };
        let (key_type, value) = (self.value(key, mode), self.value(value, mode));
        if matches!(key.kind, Kind::Double | Kind::Decimal { .. }) {
            return format!("::std::vec::Vec<({key_type}, {value})>");
        }
        format!("::std::collections::BTreeMap<{key_type}, {value}>")
    }

    /// The key and value fields of a `*T()`.
    pub(super) fn pair(&self, field: &FieldModel) -> Option<(&FieldModel, &FieldModel)> {
        let Shape::Map { key, value } = field.shape else { return None };
        let item = self.target(field)?;
        Some((&item.fields[key], &item.fields[value]))
    }

    /// The key field of a `*T(key)`.
    pub(super) fn key(&self, field: &FieldModel) -> Option<&FieldModel> {
        let Shape::Keyed { key } = field.shape else { return None };
        Some(&self.target(field)?.fields[key])
    }

    /// The structs that the field holds can nest too deep.
    pub(super) fn is_deep(&self, field: &FieldModel) -> bool {
        self.target(field).is_some_and(|item| item.deep)
    }

    fn target(&self, field: &FieldModel) -> Option<&TypeModel> {
        let Kind::Struct(id) = field.kind else { return None };
        self.types.get(id)
    }
}

/// The field is an array that is read later.
pub(super) fn is_list(field: &FieldModel, mode: Mode) -> bool {
    let array = matches!(field.shape, Shape::Array | Shape::Keyed { .. });
    array && mode == Mode::Borrowed && matches!(field.kind, Kind::String | Kind::Binary | Kind::Struct(_))
}
