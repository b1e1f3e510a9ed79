//! Figures of a scenario, each beside its goal.

use std::fmt;
use std::time::Duration;

/// All figures of one scenario.
pub(crate) struct Figures {
    /// How many times slower than its goal a time may be.
    slack: u32,
    list: Vec<Figure>,
}

struct Figure {
    what: String,
    value: String,
    goal: String,
    is_met: bool,
}

impl Figures {
    pub(crate) fn new(slack: u32) -> Self {
        Self { slack, list: Vec::new() }
    }

    pub(crate) fn slack(&self) -> u32 {
        self.slack
    }

    pub(crate) fn count(&mut self, what: &str, value: u64, goal: u64) {
        self.add(what, value, goal, value == goal);
    }

    pub(crate) fn at_most(&mut self, what: &str, value: u64, goal: u64) {
        self.add(what, value, format!("at most {goal}"), value <= goal);
    }

    pub(crate) fn at_least(&mut self, what: &str, value: u64, goal: u64) {
        self.add(what, value, format!("at least {goal}"), value >= goal);
    }

    /// A time, with a goal that slow machines may miss.
    pub(crate) fn within(&mut self, what: &str, value: Duration, goal: Duration) {
        let goal = goal * self.slack;
        self.add(what, Seconds(value), format!("at most {}", Seconds(goal)), value <= goal);
    }

    /// A time that only tells.
    pub(crate) fn note(&mut self, what: &str, value: impl fmt::Display) {
        self.add(what, value, "-", true);
    }

    pub(crate) fn code(&mut self, what: &str, value: Option<i32>, goal: i32) {
        let told = value.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
        self.add(what, told, goal, value == Some(goal));
    }

    /// A text that has something in it.
    pub(crate) fn says(&mut self, what: &str, text: &str, mark: &str) {
        let is_met = text.contains(mark);
        let told = if is_met { "said" } else { text.trim() };
        self.add(what, told, format!("`{mark}`"), is_met);
    }

    pub(crate) fn broken(&mut self, why: &str) {
        self.add("played to its end", why, "yes", false);
    }

    pub(crate) fn missed(&self) -> usize {
        self.list.iter().filter(|figure| !figure.is_met).count()
    }

    fn add(&mut self, what: &str, value: impl fmt::Display, goal: impl fmt::Display, is_met: bool) {
        let (what, value, goal) = (what.to_owned(), value.to_string(), goal.to_string());
        self.list.push(Figure { what, value, goal, is_met });
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Figure { what, value, goal, is_met } in &self.list {
            let mark = if *is_met { " " } else { "MISSED" };
            writeln!(f, "  {what:<62} {value:>10}   {goal:<22} {mark}")?;
        }
        Ok(())
    }
}

/// To the millisecond.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.3} s", self.0.as_secs_f64()))
    }
}
