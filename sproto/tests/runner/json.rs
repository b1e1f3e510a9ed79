//! Values as the vector files write them, to and fro.

use serde_json::Value as Json;
use sproto::{Array, Field, Kind, Map, Schema, Shape, Struct, Type, Value};

/// A text of a case; empty if it is not there.
pub(crate) fn text<'j>(vector: &'j Json, key: &str) -> &'j str {
    vector[key].as_str().unwrap_or_default()
}

/// The bytes that a case gives in hex.
pub(crate) fn bytes(vector: &Json, key: &str) -> Vec<u8> {
    unhex(text(vector, key))
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap_or(0) as u8;
    hex.as_bytes().as_chunks::<2>().0.iter().map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The type that a case names, in the schema that it gives.
pub(crate) fn type_of(vector: &Json, schema: &str, name: &str) -> Result<Type, String> {
    let schema = Schema::parse(text(vector, schema)).map_err(|error| error.to_string())?;
    schema.require_type(text(vector, name)).map_err(|error| error.to_string())
}

/// A struct of type `ty`.
pub(crate) fn structure(ty: &Type, json: &Json) -> Value {
    let Some(object) = json.as_object() else { return Value::Nil };
    let mut fields = Struct::new();
    for (name, json) in object {
        match ty.field(name) {
            Some(field) => fields.set(name, field_value(ty, field, json)),
            None => fields.set(name, Value::Nil),
        }
    }
    fields.into()
}

/// A field's value; nil if there is none.
pub(crate) fn field_value(ty: &Type, field: &Field, json: &Json) -> Value {
    if json.is_null() {
        return Value::Nil;
    }
    match field.shape() {
        Shape::Single => single(ty, field, json),
        _ if json["$map"].is_array() => map(ty, field, &json["$map"]),
        _ => Value::Array(list(json).iter().map(|element| single(ty, field, element)).collect::<Array>()),
    }
}

fn map(ty: &Type, field: &Field, json: &Json) -> Value {
    let Some(item) = ty.type_of(field) else { return Value::Nil };
    let entry = |pair: &Json| match field.shape() {
        Shape::Map { key, value: at } => {
            let (key, at) = (&item.fields()[key], &item.fields()[at]);
            (field_value(&item, key, &pair[0]), field_value(&item, at, &pair[1]))
        }
        Shape::Keyed { key } => {
            (field_value(&item, &item.fields()[key], &pair[0]), structure(&item, &pair[1]))
        }
        _ => (Value::Nil, Value::Nil),
    };
    Value::Map(list(json).iter().map(entry).collect::<Map>())
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn single(ty: &Type, field: &Field, json: &Json) -> Value {
    match field.kind() {
        Kind::Integer => integer(json),
        Kind::Decimal { .. } | Kind::Double => Value::Double(double(json)),
        Kind::Boolean => json.as_bool().into(),
        Kind::String | Kind::Binary => string(json),
        Kind::Struct(_) => ty.type_of(field).map_or(Value::Nil, |ty| structure(&ty, json)),
        _ => Value::Nil,
    }
}

fn integer(json: &Json) -> Value {
    json.as_i64().or_else(|| json.as_str()?.parse().ok()).into()
}

/// The bits decide where they are given.
fn double(json: &Json) -> f64 {
    let bits = json["$f64"].as_str().and_then(|hex| u64::from_str_radix(hex, 16).ok());
    bits.map(f64::from_bits).or_else(|| json.as_f64()).unwrap_or(f64::NAN)
}

fn string(json: &Json) -> Value {
    match json.as_str() {
        Some(text) => text.into(),
        None => Value::Binary(unhex(text(json, "$bin"))),
    }
}

/// Doubles by their bits, maps without order.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b))
        }
        (Value::Struct(a), Value::Struct(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (Value::Map(a), Value::Map(b)) => a.len() == b.len() && a.iter().all(|entry| has(b, entry)),
        _ => a == b,
    }
}

fn has(map: &Map, (key, value): (&Value, &Value)) -> bool {
    map.iter().any(|(other, found)| equal(key, other) && equal(value, found))
}
