//! What each field of a type is when nobody sets it, as the reference's `sproto:default` tells.

use super::{Struct, Value};
use crate::schema::{Field, Kind, Shape, Type};

impl Type {
    /// A struct of every field's default: 0, 0.0, false, an empty string; `{ __type: name }` for a struct, and
    /// `{ __array: default of an element, or the type's name }` for an array or map. It describes the type; it is not
    /// meant to be encoded.
    ///
    /// ```
    /// let schema = sproto::Schema::parse(".Role { level 0 : integer  friends 1 : *Role }")?;
    /// let role = schema.require_type("Role")?.default_value();
    /// assert_eq!(role["level"].as_i64(), Some(0));
    /// assert_eq!(role["friends"]["__array"].as_str(), Some("Role"));
    /// # Ok::<(), sproto::Error>(())
    /// ```
    pub fn default_value(&self) -> Value {
        let defaults = self.fields().iter().map(|field| (field.name(), self.field_default(field)));
        Value::Struct(defaults.collect())
    }

    fn field_default(&self, field: &Field) -> Value {
        let element = match field.kind() {
            Kind::Integer => 0.into(),
            Kind::Decimal { .. } | Kind::Double => 0.0.into(),
            Kind::Boolean => false.into(),
            Kind::String | Kind::Binary => "".into(),
            Kind::Struct(_) => self.type_of(field).map_or(Value::Nil, |target| target.name().into()),
        };
        match (field.shape(), field.kind()) {
            (Shape::Single, Kind::Struct(_)) => Struct::new().with("__type", element).into(),
            (Shape::Single, _) => element,
            _ => Struct::new().with("__array", element).into(),
        }
    }
}
