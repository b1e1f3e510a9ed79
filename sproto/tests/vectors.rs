//! The golden vectors of the reference: the half that is committed, and the shared folder where there is one.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod runner;

use std::path::Path;

#[test]
fn every_committed_vector_passes() {
    all_pass(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"));
}

#[test]
fn every_shared_vector_passes() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/sproto-vectors");
    if shared.exists() {
        all_pass(&shared);
    }
}

fn all_pass(directory: &Path) {
    let outcome = runner::run_dir(directory).unwrap();
    assert!(
        outcome.failures.is_empty(),
        "{} passed, {} failed:\n{}",
        outcome.passed,
        outcome.failures.len(),
        outcome.failures.join("\n")
    );
}
