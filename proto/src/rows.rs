//! The rows of a data file: a CSV file with a header, or JSON lines. Its text comes in; its rows go out, or the first line
//! that is none.

use serde_json::{Map, Value};

/// A row: the names of its columns with what stands there.
pub type Row = Map<String, Value>;

/// The rows of a file. Every cell of a CSV file is text.
///
/// # Errors
/// When it is of another kind, has no row, or has one that is malformed; with file, line and what to do.
pub fn read(file: &str, content: &[u8]) -> Result<Vec<Row>, String> {
    let rows = match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => csv_rows(file, content)?,
        Some("jsonl") => json_rows(file, content)?,
        _ => return Err("neither .csv nor .jsonl; give a CSV file with a header, or JSON lines".into()),
    };
    if rows.is_empty() { Err(format!("{file} has no row; give it at least one")) } else { Ok(rows) }
}

fn csv_rows(file: &str, content: &[u8]) -> Result<Vec<Row>, String> {
    let mut reader = csv::Reader::from_reader(content);
    let header = reader.headers().map_err(|e| malformed(file, &e))?.clone();
    for (i, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("{file}:1: column {} has no name; give each one", i + 1));
        }
        if header.iter().take(i).any(|other| other == name) {
            return Err(format!("{file}:1: two columns are called `{}`; rename one", name.escape_debug()));
        }
    }
    let row = |record: csv::StringRecord| {
        let cells = header.iter().zip(&record);
        cells.map(|(name, cell)| (name.to_owned(), Value::from(cell))).collect()
    };
    reader.records().map(|record| record.map(row).map_err(|e| malformed(file, &e))).collect()
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

fn json_rows(file: &str, content: &[u8]) -> Result<Vec<Row>, String> {
    let lines = (1..).zip(content.split(|byte| *byte == b'\n'));
    let row = |(line, text)| {
        let told = |e| format!("{file}:{line}: not a JSON object ({e}); write one in each line");
        serde_json::from_slice(text).map_err(told)
    };
    lines.filter(|(_, text): &(u64, &[u8])| !text.trim_ascii().is_empty()).map(row).collect()
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
            let count = read(file, content).map(|rows| rows.len() as u64);
            assert_eq!(count, rows.map_err(str::to_owned), "{file} {content:?}");
        }
    }
}
