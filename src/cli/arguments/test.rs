//! `replyflow test`: what can be asked.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  replyflow test
  replyflow test payment --case \"pays cash\"
  replyflow test --coverage 90                 fail below 90 % of states, outcomes, choices and languages
  replyflow test --format junit > tests.xml
  replyflow test --update                      write changed texts into the tests
  replyflow test --watch

Exit codes: 0 all cases passed · 1 one failed, or less was gone through than --coverage asks · 2 the command was not understood";

/// `replyflow test`
#[derive(Debug, Args)]
pub struct Test {
    /// Flows by name, files or folders; else all tests of the project
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only cases whose title holds this text
    #[arg(long, value_name = "TITLE")]
    pub case: Option<String>,
    /// Fail if the cases go through less of a flow than this, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), conflicts_with_all = ["case", "update"])]
    pub coverage: Option<u8>,
    /// Write messages that came into the tests in place of those that were expected
    #[arg(long, conflicts_with = "watch")]
    pub update: bool,
    /// Play again whenever a file changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// How results are written
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub format: TestFormat,
}

/// How the results of tests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people
    Text,
    /// For programs: cases and coverage
    Json,
    /// For pipelines: JUnit's XML
    Junit,
}
