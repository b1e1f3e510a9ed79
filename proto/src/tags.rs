//! Which tasks run, by their tags; as Locust's `--tags` and `--exclude-tags`.

use crate::bounds::{self, OutOfBounds};

/// Which tasks run, by their tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tags {
    /// A task must have one of these; empty lets all in, those without tags too.
    pub only: Vec<String>,
    /// A task must have none of these.
    pub without: Vec<String>,
}

impl Tags {
    /// Whether a task with these tags runs. What is both asked for and excluded does not.
    ///
    /// ```
    /// use proto::tags::Tags;
    ///
    /// let tags = Tags { only: vec!["chat".into()], without: vec!["slow".into()] };
    /// assert!(tags.selects(&["chat", "lobby"]));
    /// assert!(!tags.selects(&["chat", "slow"]));
    /// assert!(!tags.selects(&["lobby"]));
    /// ```
    pub fn selects(&self, tags: &[impl AsRef<str>]) -> bool {
        let any = |of: &[String]| tags.iter().any(|tag| of.iter().any(|other| other == tag.as_ref()));
        (self.only.is_empty() || any(&self.only)) && !any(&self.without)
    }

    pub(crate) fn check(&self) -> Result<(), OutOfBounds> {
        bounds::names("tags", self.only.iter().map(String::as_str))?;
        bounds::names("excluded tags", self.without.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_runs_if_it_has_an_asked_tag_and_no_excluded_one() {
        let none: &[&str] = &[];
        // (only, without, the task's tags, runs)
        let table = [
            (none, none, none, true),
            (none, none, &["a"][..], true),
            (&["a"], none, none, false),
            (&["a"], none, &["a", "b"], true),
            (&["a", "c"], none, &["c"], true),
            (&["a"], none, &["b"], false),
            (none, &["a"], none, true),
            (none, &["a"], &["b"], true),
            (none, &["a"], &["a", "b"], false),
            (&["a"], &["a"], &["a"], false),
            (&["a"], &["b"], &["a", "b"], false),
        ];
        let owned = |list: &[&str]| list.iter().map(|tag| tag.to_string()).collect();
        for (only, without, task, runs) in table {
            let tags = Tags { only: owned(only), without: owned(without) };
            assert_eq!(tags.selects(task), runs, "{tags:?} {task:?}");
        }
    }
}
