//! Messages as people read them: on one line, as a Lua table would be written.

use std::fmt::Write;

use sproto::Value;

/// The most characters of a string that are shown.
const LONGEST_TEXT: usize = 120;

/// The most elements of a list that are shown.
const MOST_ELEMENTS: usize = 16;

/// A message on one line.
pub(crate) fn show(value: &Value) -> String {
    let mut text = String::new();
    put(&mut text, value);
    text
}

fn put(text: &mut String, value: &Value) {
    match value {
        Value::Nil => text.push_str("nil"),
        Value::Integer(n) => _ = write!(text, "{n}"),
        Value::Double(n) => _ = write!(text, "{n}"),
        Value::Boolean(is) => _ = write!(text, "{is}"),
        Value::String(s) => put_text(text, s),
        Value::Binary(bytes) => _ = write!(text, "<{} bytes>", bytes.len()),
        Value::Array(array) => put_list(text, array.len(), array.iter(), put),
        Value::Struct(fields) => {
            let mut between = "";
            text.push('{');
            for (name, value) in fields.iter() {
                _ = write!(text, "{between}{name}=");
                put(text, value);
                between = ", ";
            }
            text.push('}');
        }
        Value::Map(map) => put_list(text, map.len(), map.iter(), |text, (key, value)| {
            text.push('[');
            put(text, key);
            text.push_str("]=");
            put(text, value);
        }),
    }
}

fn put_list<T>(text: &mut String, len: usize, list: impl Iterator<Item = T>, each: impl Fn(&mut String, T)) {
    text.push('{');
    for (i, element) in list.take(MOST_ELEMENTS).enumerate() {
        text.push_str(if i > 0 { ", " } else { "" });
        each(text, element);
    }
    if len > MOST_ELEMENTS {
        _ = write!(text, ", … {} more", len - MOST_ELEMENTS);
    }
    text.push('}');
}

/// Control characters are escaped: what a server sends must not reach into the terminal.
fn put_text(text: &mut String, s: &str) {
    let end = s.floor_char_boundary(LONGEST_TEXT);
    _ = write!(text, "{:?}", &s[..end]);
    if end < s.len() {
        _ = write!(text, "… ({} bytes)", s.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sproto::value;

    #[test]
    fn a_message_is_one_line_whatever_is_in_it() {
        let role = value!({ name: "a\u{1b}[31m\n", level: 3, pos: { x: 0.5 }, items: [1, 2], ok: true });
        assert_eq!(show(&role), r#"{name="a\u{1b}[31m\n", level=3, pos={x=0.5}, items={1, 2}, ok=true}"#);
        let long =
            value!({ text: "x".repeat(1000), list: (0..100).map(Value::from).collect::<sproto::Array>() });
        assert!(show(&long).len() < 300 && show(&long).contains("… 84 more"), "{}", show(&long));
    }
}
