//! Schema to bundle.

use super::SKIP;
use crate::schema::{Field, Kind, ProtocolDef, Shape, Tables, TypeDef};

pub(super) fn tables(tables: &Tables) -> Vec<u8> {
    let types = list(&tables.types, |def| type_def(tables, def));
    let protocols = list(&tables.protocols, protocol);
    match (tables.types.is_empty(), tables.protocols.is_empty()) {
        (true, _) => structure(&[], &[]),
        (false, true) => structure(&[0], &[&types]),
        (false, false) => structure(&[0, 0], &[&types, &protocols]),
    }
}

/// The header's slots, then each piece of data behind its length.
fn structure(slots: &[u16], data: &[&[u8]]) -> Vec<u8> {
    let mut out = (slots.len() as u16).to_le_bytes().to_vec();
    for slot in slots {
        out.extend_from_slice(&slot.to_le_bytes());
    }
    for bytes in data {
        put(&mut out, bytes);
    }
    out
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn list<T>(items: &[T], encode: impl Fn(&T) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        put(&mut out, &encode(item));
    }
    out
}

/// A value of 0 to 32766 as it stands in a slot.
fn slot(value: u16) -> u16 {
    value.saturating_add(1).saturating_mul(2)
}

fn type_def(tables: &Tables, def: &TypeDef) -> Vec<u8> {
    let name = def.name.as_bytes();
    if def.fields.is_empty() {
        return structure(&[0], &[name]);
    }
    structure(&[0, 0], &[name, &list(&def.fields, |field| self::field(tables, field))])
}

fn field(tables: &Tables, field: &Field) -> Vec<u8> {
    let mut slots = vec![0];
    match builtin(field.kind()) {
        Some(number) => slots.extend([slot(number), field.extra.map_or(SKIP, slot)]),
        None => slots.extend([SKIP, slot(target(field) as u16)]),
    }
    slots.push(slot(field.tag));
    match field.shape() {
        Shape::Single => {}
        Shape::Array => slots.push(slot(1)),
        Shape::Keyed { key } => slots.extend([slot(1), slot(key_tag(tables, field, key))]),
        Shape::Map { key, .. } => slots.extend([slot(1), slot(key_tag(tables, field, key)), slot(1)]),
    }
    structure(&slots, &[field.name.as_bytes()])
}

fn builtin(kind: Kind) -> Option<u16> {
    match kind {
        Kind::Integer | Kind::Decimal { .. } => Some(0),
        Kind::Boolean => Some(1),
        Kind::String | Kind::Binary => Some(2),
        Kind::Double => Some(3),
        Kind::Struct(_) => None,
    }
}

fn target(field: &Field) -> usize {
    if let Kind::Struct(id) = field.kind() { id } else { 0 }
}

fn key_tag(tables: &Tables, field: &Field, key: usize) -> u16 {
    tables.types[target(field)].fields.get(key).map_or(0, |key| key.tag)
}

fn protocol(def: &ProtocolDef) -> Vec<u8> {
    let mut slots = vec![0, slot(def.tag)];
    let request = def.request.map_or(SKIP, |id| slot(id as u16));
    match (def.request, def.response, def.confirm) {
        (None, None, false) => {}
        (Some(_), None, false) => slots.push(request),
        (_, Some(response), _) => slots.extend([request, slot(response as u16)]),
        // Two skips in a row, not one of two tags: the loader goes by position.
        (_, None, true) => slots.extend([request, SKIP, slot(1)]),
    }
    structure(&slots, &[def.name.as_bytes()])
}
