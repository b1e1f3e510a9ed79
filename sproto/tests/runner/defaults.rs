//! `default.json`

use serde_json::{Value as Json, json};
use sproto::Value;

use super::json::type_of;
use super::{Verdict, same};

pub(crate) fn case(vector: &Json) -> Verdict {
    let ty = type_of(vector, "schema", "type")?;
    same("default", written(&ty.default_value()), vector["default"].clone())
}

/// As the vectors write defaults: only floats are marked.
fn written(value: &Value) -> Json {
    match value {
        Value::Integer(value) => (*value).into(),
        Value::Double(value) => json!({ "$double": value }),
        Value::Boolean(value) => (*value).into(),
        Value::String(text) => (**text).into(),
        Value::Struct(fields) => {
            fields.iter().map(|(name, value)| (name.to_owned(), written(value))).collect()
        }
        _ => Json::Null,
    }
}
