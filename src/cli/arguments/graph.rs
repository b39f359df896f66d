//! `replyflow graph`: what can be asked.

use clap::Args;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Boxes are states, arrows their outcomes. What `defaults` and the built-in decide is written below the title; --all draws it too.

Examples:
  replyflow graph menu > menu.svg
  replyflow graph payment --all --output payment.svg
  replyflow graph flows/menu.yaml --language es > menu.svg

Exit codes: 0 drawn · 1 the flow has mistakes · 2 the command was not understood";

/// `replyflow graph`
#[derive(Debug, Args)]
pub struct Graph {
    /// The flow, or its file
    #[arg(value_name = "FLOW")]
    pub flow: String,
    /// Draw also what `defaults` and the built-in decide
    #[arg(long)]
    pub all: bool,
    /// Texts in this language; else the flow's first
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Write to this file; else to the output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
