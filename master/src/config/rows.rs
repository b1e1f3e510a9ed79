//! The rows of a data file: a CSV file with a header, or JSON lines. Its text comes in; how many rows it has goes out, or
//! the first line that is none.

/// How many rows a file has.
///
/// # Errors
/// When it is of another kind, has no row, or has one that is malformed; with file, line and what to do.
pub(super) fn count(file: &str, content: &[u8]) -> Result<u64, String> {
    let rows = match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => csv_rows(file, content)?,
        Some("jsonl") => json_rows(file, content)?,
        _ => return Err("neither .csv nor .jsonl; give a CSV file with a header, or JSON lines".into()),
    };
    if rows == 0 { Err(format!("{file} has no row; give it at least one")) } else { Ok(rows) }
}

fn csv_rows(file: &str, content: &[u8]) -> Result<u64, String> {
    let mut reader = csv::Reader::from_reader(content);
    let header = reader.headers().map_err(|e| malformed(file, &e))?;
    for (i, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("{file}:1: column {} has no name; give each one", i + 1));
        }
        if header.iter().take(i).any(|other| other == name) {
            let name = crate::text::fit(name, 100);
            return Err(format!("{file}:1: two columns are called `{name}`; rename one"));
        }
    }
    reader.records().try_fold(0, |rows, record| record.map(|_| rows + 1)).map_err(|e| malformed(file, &e))
}

fn malformed(file: &str, error: &csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{file}:{line}: {len} fields where the header has {expected_len}; make them as many")
        }
        csv::ErrorKind::Utf8 { .. } => format!("{file}:{line}: not UTF-8; save the file as UTF-8"),
        _ => format!("{file}:{line}: {error}"),
    }
}

fn json_rows(file: &str, content: &[u8]) -> Result<u64, String> {
    let mut rows = 0;
    for (line, text) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        let row: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(text);
        row.map_err(|e| format!("{file}:{line}: not a JSON object ({e}); write one in each line"))?;
        rows += 1;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_and_the_first_malformed_one_is_named() {
        let table: [(&str, &[u8], Result<u64, &str>); 13] = [
            ("a.csv", b"name,level\nann,1\n\"b\nob\",2\n", Ok(2)),
            ("a.csv", b"name\r\nann\r\n\r\nbob", Ok(2)),
            ("a.csv", b"name,level\n", Err("a.csv has no row; give it at least one")),
            ("a.csv", b"", Err("a.csv has no row; give it at least one")),
            (
                "a.csv",
                b"name,level\nann,1\nbob\n",
                Err("a.csv:3: 1 fields where the header has 2; make them as many"),
            ),
            ("a.csv", b"name\nann\n\xff\n", Err("a.csv:3: not UTF-8; save the file as UTF-8")),
            ("a.csv", b"name,\na,b\n", Err("a.csv:1: column 2 has no name; give each one")),
            ("a.csv", b"name,name\na,b\n", Err("a.csv:1: two columns are called `name`; rename one")),
            ("a.jsonl", b"{\"a\":1}\n\n{}\r\n", Ok(2)),
            (
                "a.jsonl",
                b"{}\n[1]\n",
                Err(
                    "a.jsonl:2: not a JSON object (invalid type: sequence, expected a map at line 1 column 0); \
                     write one in each line",
                ),
            ),
            ("a.jsonl", b"\n", Err("a.jsonl has no row; give it at least one")),
            ("a.json", b"[]", Err("neither .csv nor .jsonl; give a CSV file with a header, or JSON lines")),
            ("a", b"", Err("neither .csv nor .jsonl; give a CSV file with a header, or JSON lines")),
        ];
        for (file, content, rows) in table {
            assert_eq!(count(file, content), rows.map_err(str::to_owned), "{file} {content:?}");
        }
    }
}
