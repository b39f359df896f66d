//! The arguments of `replyflow explore`.

use super::Format;
use clap::{Args, ValueEnum};

/// What `replyflow explore --help` shows below the options.
pub(super) const EXAMPLES: &str = "\
Replies, events and answers of other systems are made up: each choice, each trouble, what lies at and beyond each bound,
values that make each condition true and false. The engine itself takes them, on a virtual clock; nothing is sent. The same
flow and bounds give the same report on every machine.

Examples:
  replyflow explore menu
  replyflow explore payment --channel main-whatsapp
  replyflow explore payment --case how_to_pay:silence
  replyflow explore payment --case longest
  replyflow explore payment --cases all > flows/payment.test.yaml
  replyflow explore nps --format json | jq '.missing'

Exit codes: 0 everything is reached and ends · 1 something is not reached, never ends or fails · 2 the command, the
configuration or the flow was not understood";

/// `replyflow explore`
#[derive(Debug, Args)]
pub struct Explore {
    /// The flow, or its file
    #[arg(value_name = "FLOW")]
    pub flow: String,
    /// On this channel; else on each of the flow
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// The longest way, in moves
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub steps: usize,
    /// Moves on all ways together
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub turns: usize,
    /// Situations that are told apart
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub ways: usize,
    /// Another order of the moves: where a bound is met, other ways are walked
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Fail if a contact can get more messages than this without writing
    #[arg(long, value_name = "N")]
    pub max_unasked: Option<usize>,
    /// Print a way as a test case: STATE, STATE:OUTCOME, end:NAME, longest, slowest, most-messages, at-once, unasked, failed:N
    #[arg(long, value_name = "WHICH", conflicts_with = "cases")]
    pub case: Option<String>,
    /// Print a test file whose cases go through everything that was reached
    #[arg(long, value_enum, value_name = "WHICH")]
    pub cases: Option<Cases>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Which cases are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cases {
    /// As many as it takes to go through everything that was reached
    All,
}
