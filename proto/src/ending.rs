//! What becomes of a robot that ends by itself, before the profile retires it.

use serde::{Deserialize, Serialize};

/// What becomes of a robot that ends by itself. In an open model it is gone in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnEnd {
    /// It is born again, so that as many are alive as the profile wants.
    #[default]
    Replace,
    /// It is gone, and its place stays empty.
    Leave,
}
