//! The arguments of `replyflow fmt`.

use clap::Args;
use std::path::PathBuf;

/// What `replyflow fmt --help` shows below the options.
pub(super) const EXAMPLES: &str = "\
Comments stay with the key below them. A file that cannot be read as YAML is left as it is.

Examples:
  replyflow fmt                        format every flow, notification and test of the project
  replyflow fmt --check                change nothing; say what would be changed
  replyflow fmt flows/payment.yaml
  replyflow fmt - < draft.yaml         from a pipe, for editors

Exit codes: 0 fine · 1 a file cannot be read, or (with --check) is not formatted · 2 the command or the configuration was not understood";

/// `replyflow fmt`
#[derive(Debug, Args)]
pub struct Fmt {
    /// Files or folders, or - for a pipe; else the project's flows, notifications and tests
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Change nothing; name what is not formatted, with the first difference
    #[arg(long)]
    pub check: bool,
}
