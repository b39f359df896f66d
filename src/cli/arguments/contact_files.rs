//! `replyflow contacts import` and `export`: what can be asked.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
The service must run: the file goes through its API, with a key that may write contacts (`replyflow key create`) in REPLYFLOW_KEY.

Examples:
  replyflow contacts import people.csv --dry-run
  replyflow contacts import people.csv
  replyflow contacts import people.csv --ignore fax,notes --report refused.csv
  replyflow contacts export > everybody.csv
  replyflow contacts export --query 'tag = vip and language in (es, pt)' --format jsonl

Exit codes: 0 fine · 1 rows were refused, or the service could not be reached · 2 the command or the file was not understood";

/// Where the service is.
#[derive(Debug, Clone, Args)]
pub struct Service {
    /// The service's address; else where the project's listens
    #[arg(long, value_name = "URL", env = "REPLYFLOW_URL")]
    pub url: Option<String>,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Comma-separated values with a line of names
    Csv,
    /// A JSON object on each line
    Jsonl,
}

impl FileFormat {
    /// As the API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            FileFormat::Csv => "csv",
            FileFormat::Jsonl => "jsonl",
        }
    }
}

/// `replyflow contacts import`
#[derive(Debug, Args)]
pub struct Import {
    /// CSV with a line of names, or JSON lines
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only say what would become of each row
    #[arg(long)]
    pub dry_run: bool,
    /// How the file is written; else by its ending
    #[arg(long, value_enum)]
    pub format: Option<FileFormat>,
    /// Columns to leave out
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Import a file again that was imported before
    #[arg(long)]
    pub again: bool,
    /// Write the rows that were refused into this file, as CSV
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
}

/// `replyflow contacts export`
#[derive(Debug, Args)]
pub struct Export {
    /// Only those for whom this holds
    #[arg(long, value_name = "QUERY")]
    pub query: Option<String>,
    /// How they are written
    #[arg(long, value_enum, default_value_t = FileFormat::Csv)]
    pub format: FileFormat,
    /// Into this file; else to the output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
}
