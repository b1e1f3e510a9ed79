//! sproto names to Rust names.

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// `Person.phone_number` becomes `PersonPhoneNumber`.
pub(super) fn type_name(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split(['.', '_']) {
        let mut chars = word.chars();
        camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        camel.extend(chars);
    }
    if camel.is_empty() || camel == "Self" || camel.starts_with(|c: char| c.is_ascii_digit()) {
        camel.insert(0, '_');
    }
    camel
}

/// `ServerList` becomes `server_list`, without the escape that keywords need.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(char::is_ascii_lowercase);
        let begins_word =
            c.is_ascii_uppercase() && before != '_' && (!before.is_ascii_uppercase() || next_is_lower);
        if begins_word {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        before = c;
    }
    if snake.chars().all(|c| c == '_') { format!("field{snake}") } else { snake }
}

/// A word as an identifier.
pub(super) fn identifier(word: &str) -> String {
    match word {
        "self" | "super" | "crate" => format!("{word}_"),
        _ if KEYWORDS.contains(&word) => format!("r#{word}"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_like_rust() {
        let types = [
            ("LoginRespone", "LoginRespone"),
            ("package", "Package"),
            ("foobar.request", "FoobarRequest"),
            ("a_b.C", "ABC"),
            ("_1", "_1"),
        ];
        for (name, wanted) in types {
            assert_eq!(type_name(name), wanted);
        }
        let fields = [
            ("MyValue", "my_value"),
            ("ServerList", "server_list"),
            ("roleID", "role_id"),
            ("HTTPPort", "http_port"),
            ("x", "x"),
            ("type", "r#type"),
            ("Self", "self_"),
            ("_", "field_"),
            ("a_B", "a_b"),
        ];
        for (name, wanted) in fields {
            assert_eq!(identifier(&snake(name)), wanted);
        }
    }
}
