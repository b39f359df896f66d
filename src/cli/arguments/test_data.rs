//! `replyflow test-data`: what can be asked.

use super::Format;
use clap::{Args, Subcommand};

const DELETE: &str = "\
Every contact that belongs to test goes, with everything that belongs to it: also those whom a simulator plays. So do broadcasts, schedules and
imports of keys for test, and counts of their runs. Nothing is kept of opt-outs that were tried. Keys and the audit stay.

Examples:
  replyflow test-data delete --by ada@example.com
  replyflow test-data delete --format json

Exit codes: 0 all is gone · 1 something is left, or it could not be done";

/// `replyflow test-data`
#[derive(Debug, Subcommand)]
pub enum TestData {
    /// Delete all of it
    #[command(after_help = DELETE)]
    Delete(Delete),
}

/// `replyflow test-data delete`
#[derive(Debug, Args)]
pub struct Delete {
    /// Who asks for it: stands in the audit
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// How it is written what was deleted
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
