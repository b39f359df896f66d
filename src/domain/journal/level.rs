//! How urgent what operators are told is.

use serde::{Deserialize, Serialize};

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertLevel {
    /// To know.
    Info,
    /// To look at.
    #[default]
    Warning,
    /// To act on now.
    Urgent,
}
