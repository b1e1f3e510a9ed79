//! Rows of data that robots take: accounts, items, names. The file is in the bundle, the plan says how rows are dealt.

use serde::{Deserialize, Serialize};

use crate::bounds::{self, OutOfBounds};

/// Which row of a data set is a robot's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataPolicy {
    /// Row (robot number mod rows): robots share rows if they are more.
    #[default]
    Cycle,
    /// Row (robot number): no two robots have one, so there must be enough.
    Unique,
}

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSet {
    /// How mods call it.
    pub name: String,
    /// Where it is in the bundle.
    pub path: String,
    /// Which row is a robot's.
    pub policy: DataPolicy,
}

impl DataSet {
    pub(crate) fn check(&self) -> Result<(), OutOfBounds> {
        bounds::name("data set", &self.name)?;
        bounds::path("data set", &self.path)
    }
}
