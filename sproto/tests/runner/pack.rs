//! `pack.json`

use serde_json::Value as Json;

use super::json::{bytes, hex, text};
use super::{Verdict, same};

const LIMIT: usize = 1 << 26;

pub(crate) fn case(vector: &Json) -> Verdict {
    let input = bytes(vector, "in_hex");
    let mut out = Vec::new();
    if text(vector, "op") == "pack" {
        sproto::pack(&input, &mut out);
        return same("packed", hex(&out), text(vector, "out_hex").to_owned());
    }
    let done = sproto::unpack(&input, LIMIT, &mut out);
    if text(vector, "result") == "error" {
        return same("failed", done.is_err(), true);
    }
    done.map_err(|error| error.to_string())?;
    same("unpacked", hex(&out), text(vector, "out_hex").to_owned())
}
