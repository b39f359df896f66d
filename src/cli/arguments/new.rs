//! `replyflow new`: what can be asked.

use clap::{Args, ValueEnum};

pub(super) const EXAMPLES: &str = "\
Writes flows/NAME.yaml and flows/NAME.test.yaml: a small flow that is right and tested, to be changed into yours.

Examples:
  replyflow new feedback
  replyflow new front-desk --from menu
  replyflow new delivery-score --from survey && replyflow test flows/delivery-score.test.yaml";

/// `replyflow new`
#[derive(Debug, Args)]
pub struct New {
    /// The name of the flow: a–z, 0–9, `-`, `_`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it begins as
    #[arg(long, value_enum, default_value_t = Template::Question)]
    pub from: Template,
}

/// What a new flow begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A keyword, a question with yes and no, and why not
    Question,
    /// A menu that comes back
    Menu,
    /// A score and a reason, a day after an event
    Survey,
    /// A reminder before a moment that an event names
    Reminder,
}
