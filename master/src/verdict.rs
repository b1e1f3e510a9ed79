//! How a run ended, and the exit code that says so.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kept a run from passing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What sort.
    pub severity: Severity,
    /// What it was, for people.
    pub reason: String,
}

/// The sorts of problems; the first one that a run has is its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// The configuration or the bundle can't be used.
    Usage,
    /// The run did not come about, or broke.
    Broken,
    /// The run's figures can't be trusted.
    Invalid,
    /// They do not keep to a threshold.
    Crossed,
}

impl Severity {
    fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Broken => 1,
            Self::Invalid => 4,
            Self::Crossed => 3,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the run is good.
    pub passed: bool,
    /// What the process ends with.
    pub exit_code: u8,
    /// Why it did not pass.
    pub reasons: Vec<String>,
    /// What did not spoil the run, but must be known to read its figures.
    pub warnings: Vec<String>,
}

impl Verdict {
    /// The verdict on what went wrong.
    pub fn on(problems: &[Problem], warnings: Vec<String>) -> Self {
        let worst = problems.iter().map(|problem| problem.severity).min();
        let reasons = problems.iter().map(|problem| problem.reason.clone()).collect();
        Self { passed: worst.is_none(), exit_code: worst.map_or(0, Severity::exit_code), reasons, warnings }
    }

    /// What the exit code means.
    pub fn meaning(&self) -> &'static str {
        match self.exit_code {
            0 => "passed",
            2 => "bad usage or configuration",
            3 => "a threshold was crossed",
            4 => "the run is invalid",
            _ => "the run could not be made, or broke",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verdict: {} (exit code {})", self.meaning(), self.exit_code)?;
        self.reasons.iter().try_for_each(|reason| write!(f, "\n  {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_problem_decides_and_all_are_told() {
        use Severity::{Broken, Crossed, Invalid, Usage};
        let table = [
            (vec![], 0),
            (vec![Crossed], 3),
            (vec![Crossed, Invalid], 4),
            (vec![Invalid, Broken], 1),
            (vec![Broken, Usage], 2),
        ];
        for (severities, code) in table {
            let problem = |severity| Problem { severity, reason: format!("{severity:?}") };
            let problems: Vec<_> = severities.into_iter().map(problem).collect();
            let verdict = Verdict::on(&problems, vec![]);
            assert_eq!((verdict.exit_code, verdict.reasons.len()), (code, problems.len()));
            assert_eq!(verdict.passed, code == 0);
        }
    }
}
