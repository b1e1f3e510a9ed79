//! What a command tells its user: steps on stdout, faults on stderr. A closed terminal is no reason to stop.

use std::io::{self, Write};

/// One line of what is going on.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// One line of what is wrong.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
