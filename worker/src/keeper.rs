//! Remembers what each robot did last, and keeps it of those that fail: for looking into a failure of a run of thousands.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use tokio::time::Instant;

use proto::report::{LONGEST_EXAMPLE, MOST_LINES};
use rustc_hash::FxHashMap;

use crate::recorder::{Kept, shortened};
use crate::trace::{Ms, Seen, Watcher};

/// Remembers the last lines of every robot of a thread.
pub(crate) struct Keeper {
    lines: RefCell<FxHashMap<u64, VecDeque<(Instant, String)>>>,
    kept: RefCell<Vec<Kept>>,
    /// How many more are kept.
    left: Cell<u32>,
}

impl Keeper {
    /// Keeps `most` failing robots.
    pub(crate) fn new(most: u32) -> Self {
        Self { lines: RefCell::default(), kept: RefCell::default(), left: Cell::new(most) }
    }

    /// Takes out what was kept since the last time.
    pub(crate) fn take(&self) -> Vec<Kept> {
        self.kept.take()
    }

    fn keep(&self, robot: u64, reason: &str) {
        let Some(left) = self.left.get().checked_sub(1) else { return };
        self.left.set(left);
        let now = Instant::now();
        let lines = self.lines.borrow_mut().remove(&robot).unwrap_or_default().into_iter();
        let told = lines.map(|(at, line)| {
            shortened(format!("{} before: {line}", Ms(now.saturating_duration_since(at))), LONGEST_EXAMPLE)
        });
        let (reason, lines) = (shortened(reason.to_owned(), LONGEST_EXAMPLE), told.collect());
        self.kept.borrow_mut().push(Kept { robot, at: now, reason, lines });
    }
}

impl Watcher for Keeper {
    fn see(&self, robot: u64, seen: &Seen<'_>) {
        // Nobody will ask any more.
        if self.left.get() == 0 {
            return self.lines.borrow_mut().clear();
        }
        match seen {
            Seen::Failed(reason) => self.keep(robot, reason),
            Seen::TaskOver { name, fault: Some(fault), .. } => {
                self.keep(robot, &format!("task {name}: {fault}"))
            }
            _ => {
                let mut lines = self.lines.borrow_mut();
                let lines = lines.entry(robot).or_default();
                if lines.len() == MOST_LINES {
                    lines.pop_front();
                }
                lines.push_back((Instant::now(), seen.to_string()));
            }
        }
    }

    fn forget(&self, robot: u64) {
        self.lines.borrow_mut().remove(&robot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_the_first_failing_robots_are_kept() {
        let keeper = Keeper::new(2);
        for n in 0..MOST_LINES + 5 {
            keeper.see(1, &Seen::Says(&n.to_string()));
        }
        keeper.see(2, &Seen::Says("hello"));
        keeper.see(3, &Seen::Says("gone"));
        keeper.forget(3);
        keeper.see(1, &Seen::Failed("tired"));
        keeper.see(3, &Seen::Failed("lost"));
        keeper.see(2, &Seen::Failed("one too many"));
        let kept = keeper.take();
        assert_eq!(
            kept.iter().map(|kept| (kept.robot, kept.lines.len())).collect::<Vec<_>>(),
            [(1, MOST_LINES), (3, 0)]
        );
        assert!(kept[0].lines[0].ends_with("before: says: 5"), "{}", kept[0].lines[0]);
        assert!(keeper.take().is_empty() && keeper.lines.borrow().is_empty());
    }
}
