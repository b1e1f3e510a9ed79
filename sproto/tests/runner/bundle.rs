//! `spb.json` and `spb_malformed.json`

use serde_json::{Value as Json, json};
use sproto::{Field, Kind, Protocol, Schema, Shape, Type};

use super::json::{bytes, hex, text};
use super::{Verdict, same};

/// Text gives the bundle; the bundle, and the text too, give what the model says.
pub(crate) fn round_trip(vector: &Json) -> Verdict {
    let schema = Schema::parse(text(vector, "schema")).map_err(|error| error.to_string())?;
    same("bundle", hex(&schema.to_bundle()), text(vector, "spb_hex").to_owned())?;
    let loaded = Schema::from_bundle(&bytes(vector, "spb_hex"));
    if vector["loads"] == false {
        return same("loads", loaded.is_ok(), false);
    }
    let loaded = loaded.map_err(|error| error.to_string())?;
    same("model of the text", model(&schema), vector["model"].clone())?;
    same("model of the bundle", model(&loaded), vector["model"].clone())?;
    same("bundle again", hex(&loaded.to_bundle()), text(vector, "spb_hex").to_owned())
}

pub(crate) fn malformed(vector: &Json) -> Verdict {
    let loaded = Schema::from_bundle(&bytes(vector, "spb_hex"));
    match (text(vector, "expected"), loaded) {
        ("ok", Err(error)) => Err(error.to_string()),
        ("error", Ok(_)) => Err("loads".into()),
        _ => Ok(()),
    }
}

fn model(schema: &Schema) -> Json {
    json!({
        "types": schema.types().map(|ty| type_model(&ty)).collect::<Vec<_>>(),
        "protocols": schema.protocols().map(|protocol| protocol_model(&protocol)).collect::<Vec<_>>(),
    })
}

fn type_model(ty: &Type) -> Json {
    let fields: Vec<_> = ty.fields().iter().map(|field| field_model(ty, field)).collect();
    json!({ "name": ty.name(), "fields": fields })
}

fn field_model(ty: &Type, field: &Field) -> Json {
    let target = ty.type_of(field);
    let kind = match field.kind() {
        Kind::Integer | Kind::Decimal { .. } => "integer",
        Kind::Boolean => "boolean",
        Kind::Double => "double",
        Kind::String => "string",
        Kind::Binary => "binary",
        _ => target.as_ref().map_or("", Type::name),
    };
    let mut model = json!({
        "name": field.name(), "tag": field.tag(), "type": kind, "array": field.shape() != Shape::Single
    });
    if let Kind::Decimal { scale } = field.kind() {
        model["decimal_scale"] = (scale as u32).into();
    }
    if let (Shape::Keyed { key } | Shape::Map { key, .. }, Some(target)) = (field.shape(), &target) {
        model["key_tag"] = target.fields()[key].tag().into();
    }
    if matches!(field.shape(), Shape::Map { .. }) {
        model["map"] = true.into();
    }
    model
}

fn protocol_model(protocol: &Protocol) -> Json {
    json!({
        "name": protocol.name(),
        "tag": protocol.tag(),
        "request": protocol.request().map(|ty| ty.name().to_owned()),
        "response": protocol.response().map(|ty| ty.name().to_owned()),
        "confirm": protocol.confirm(),
    })
}
