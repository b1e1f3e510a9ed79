//! Runs vector files of the kinds that `vectors/README.md` describes: a directory in, what passed and what failed out.
//! Used by the tests here and by `cargo xtask vectors DIR`.

mod bundle;
mod defaults;
mod json;
mod pack;
mod rpc;
mod schema;
mod wire;

use std::path::Path;

use serde_json::Value as Json;

/// What came of the cases of one file or more.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    /// `file/case: what differs`
    pub(crate) failures: Vec<String>,
}

/// A case passes, or says what differs.
pub(crate) type Verdict = Result<(), String>;

type Case = fn(&Json) -> Verdict;

/// The kinds of files, by their names.
const KINDS: &[(&str, Case)] = &[
    ("vectors.json", wire::round_trip),
    ("compat.json", wire::compat),
    ("malformed.json", wire::malformed),
    ("pack.json", pack::case),
    ("schema_errors.json", schema::error),
    ("default.json", defaults::case),
    ("rpc.json", rpc::conversation),
    ("spb.json", bundle::round_trip),
    ("spb_malformed.json", bundle::malformed),
];

/// Runs every file of a known kind in `directory`.
///
/// # Errors
/// A file that cannot be read or is no list of cases; or no file at all.
pub(crate) fn run_dir(directory: &Path) -> Result<Outcome, String> {
    let mut all = Outcome::default();
    for (name, case) in KINDS {
        let path = directory.join(name);
        if path.exists() {
            run_file(&path, *case, &mut all)?;
        }
    }
    if all.passed + all.failures.len() == 0 {
        return Err(format!("no vector files in {}", directory.display()));
    }
    Ok(all)
}

fn run_file(path: &Path, case: Case, all: &mut Outcome) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| told(&error))?;
    let cases: Vec<Json> = serde_json::from_str(&text).map_err(|error| told(&error))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    for vector in &cases {
        match case(vector) {
            Ok(()) => all.passed += 1,
            Err(differs) => all.failures.push(format!("{file}/{}: {differs}", json::text(vector, "name"))),
        }
    }
    Ok(())
}

/// Passes when both are the same.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Verdict {
    if got == wanted { Ok(()) } else { Err(format!("{what}: got {got:?}, wanted {wanted:?}")) }
}
