//! The arguments of `replyflow check`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What `replyflow check --help` shows below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  replyflow check
  replyflow check flows/payment.yaml --strict
  replyflow check --watch
  replyflow check --explain RF116
  replyflow check --format json | jq -r '.diagnostics[].code'
  replyflow check --format sarif > replyflow.sarif

Exit codes: 0 nothing is wrong · 1 there are errors (with --strict: or warnings) · 2 the command or the configuration was not understood";

/// `replyflow check`
#[derive(Debug, Args)]
pub struct Check {
    /// Flows by name, files or folders; else the project's flows, notifications and tests
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Warnings fail too
    #[arg(long)]
    pub strict: bool,
    /// Check again whenever files change, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Say what a code means, why it matters and what to do, and check nothing
    #[arg(long, value_name = "CODE", conflicts_with_all = ["paths", "format", "strict", "watch"])]
    pub explain: Option<String>,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// For editors and scripts: one document, {"diagnostics": […]}
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: annotations in a pull request
    Github,
}
