//! `schema_errors.json`

use serde_json::Value as Json;
use sproto::{Error, Schema};

use super::Verdict;
use super::json::text;

/// The text must fail, and for the reference's reason unless that is an accident of Lua.
pub(crate) fn error(vector: &Json) -> Verdict {
    let file = vector["file"].as_str().unwrap_or("=text");
    let Err(error) = Schema::from_texts([(file, text(vector, "schema"))]) else {
        return Err("parses".into());
    };
    if vector["error_is_internal"] == true {
        return Ok(());
    }
    let wanted = text(vector, "error");
    let got = in_their_words(&error);
    if got.contains(wanted) { Ok(()) } else { Err(format!("got `{got}`, wanted `{wanted}`")) }
}

/// The reference tells of syntax errors in another form than we do.
fn in_their_words(error: &Error) -> String {
    match error {
        Error::Syntax(at) => format!("syntax error at [{}] line ({})", at.place.file, at.place.line),
        _ => error.to_string(),
    }
}
