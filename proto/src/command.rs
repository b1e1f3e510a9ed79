//! What people tell robots in mid-run: a name that mods know, for whom, and what goes with it.

use std::sync::Arc;

use crate::bounds::{self, OutOfBounds};

/// The most bytes of what goes with a command.
pub const LARGEST_ARGS: usize = 64 << 10;

/// A share of all, in thousandths.
pub const WHOLE: u32 = 1_000;

/// What robots are told to do, each at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its number in the run, from 1.
    pub id: u64,
    /// What mods know it by.
    pub name: String,
    /// Which share of the robots is meant, in thousandths, from 1 to [`WHOLE`].
    pub share_permille: u32,
    /// What goes with it, as JSON: one text, to however many workers it goes.
    pub args: Arc<str>,
}

impl Command {
    /// Checks what its type still allows.
    ///
    /// # Errors
    /// When the name, the share or what goes with it is out of bounds, or that is no JSON.
    ///
    /// ```
    /// use proto::command::Command;
    ///
    /// let storm = Command { id: 1, name: "storm".into(), share_permille: 300, args: "{\"map\": 7}".into() };
    /// assert!(storm.check().is_ok());
    /// let nobody = Command { share_permille: 0, ..storm };
    /// assert_eq!(nobody.check().unwrap_err().to_string(), "share: 0 thousandths; give 1 to 1000");
    /// ```
    pub fn check(&self) -> Result<(), OutOfBounds> {
        bounds::name("name", &self.name)?;
        if !(1..=WHOLE).contains(&self.share_permille) {
            let wrong = format!("{} thousandths; give 1 to {WHOLE}", self.share_permille);
            return Err(OutOfBounds::new("share", wrong));
        }
        bounds::text("args", &self.args, LARGEST_ARGS)?;
        // Read whole, so that its depth is bounded too.
        let read = serde_json::from_str::<serde_json::Value>(&self.args);
        read.map(drop).map_err(|e| OutOfBounds::new("args", format!("no JSON: {e}")))
    }
}
