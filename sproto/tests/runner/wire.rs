//! `vectors.json`, `compat.json` and `malformed.json`

use serde_json::Value as Json;
use sproto::{Type, Value};

use super::json::{bytes, equal, hex, structure, text, type_of};
use super::{Verdict, same};

pub(crate) fn round_trip(vector: &Json) -> Verdict {
    let ty = type_of(vector, "schema", "type")?;
    let value = structure(&ty, &vector["value"]);
    let encoded = encode(&ty, &value)?;
    same("encoded", hex(&encoded), text(vector, "encoded_hex").to_owned())?;
    let mut packed = Vec::new();
    sproto::pack(&encoded, &mut packed);
    same("packed", hex(&packed), text(vector, "packed_hex").to_owned())?;
    let wanted = if vector["decoded"].is_null() { value } else { structure(&ty, &vector["decoded"]) };
    decodes(&ty, &encoded, &wanted, Some(encoded.len()))?;
    let mut unpacked = Vec::new();
    sproto::unpack(&packed, encoded.len() + 7, &mut unpacked).map_err(|error| error.to_string())?;
    same("unpacked", unpacked.len(), encoded.len().next_multiple_of(8))?;
    decodes(&ty, &unpacked, &wanted, Some(encoded.len()))
}

pub(crate) fn compat(vector: &Json) -> Verdict {
    let ty = type_of(vector, "enc_schema", "enc_type")?;
    let encoded = encode(&ty, &structure(&ty, &vector["value"]))?;
    same("encoded", hex(&encoded), text(vector, "encoded_hex").to_owned())?;
    let reader = type_of(vector, "dec_schema", "dec_type")?;
    if text(vector, "result") == "error" {
        return same("failed", reader.decode(&encoded).is_err(), true);
    }
    let consumed = vector["consumed"].as_u64().map(|consumed| consumed as usize);
    decodes(&reader, &encoded, &structure(&reader, &vector["decoded"]), consumed)
}

pub(crate) fn malformed(vector: &Json) -> Verdict {
    let ty = type_of(vector, "schema", "type")?;
    let input = bytes(vector, "hex");
    match text(vector, "expected") {
        "error" => same("failed", ty.decode(&input).is_err(), true),
        "ok" => {
            let consumed = vector["consumed"].as_u64().map(|consumed| consumed as usize);
            decodes(&ty, &input, &structure(&ty, &vector["value"]), consumed)
        }
        _ => {
            let _ = ty.decode(&input);
            Ok(())
        }
    }
}

fn encode(ty: &Type, value: &Value) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    ty.encode(value, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

fn decodes(ty: &Type, input: &[u8], wanted: &Value, consumed: Option<usize>) -> Verdict {
    let (got, used) = ty.decode_prefix(input).map_err(|error| error.to_string())?;
    if !equal(&got, wanted) {
        return Err(format!("decoded: got {got:?}, wanted {wanted:?}"));
    }
    same("consumed", used, consumed.unwrap_or(used))
}
