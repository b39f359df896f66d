//! `replyflow replay`: what can be asked.

use super::Format;
use clap::Args;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
What contacts wrote comes again at its moments, calls get the answers that they got; nothing leaves the machine. Phone numbers
are masked in the output.

Examples:
  replyflow journal export > journal.jsonl
  replyflow replay journal.jsonl --flow flows/payment.yaml
  replyflow journal export | replyflow replay - --flow flows/payment.yaml --format json
  replyflow replay journal.jsonl --flow flows/payment.yaml --show 17
  replyflow replay journal.jsonl --flow flows/payment.yaml --save 17 \"a slip of the pen\"

Exit codes: 0 no difference · 1 the draft answers otherwise · 2 the journal, the flow or the command was not understood";

/// `replyflow replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// What `replyflow journal export` wrote; - reads it from a pipe
    #[arg(value_name = "JOURNAL")]
    pub journal: PathBuf,
    /// The draft: the file of a flow, called as in the project; the rest of the project is around it
    #[arg(long, value_name = "FILE")]
    pub flow: PathBuf,
    /// Show one conversation, recorded and as the draft has it, side by side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub show: Option<u64>,
    /// Keep one conversation as a case of the test file beside the draft
    #[arg(long, num_args = 2, value_names = ["N", "TITLE"])]
    pub save: Option<Vec<String>>,
    /// How the differences are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
