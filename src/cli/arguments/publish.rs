//! `replyflow publish` and `replyflow publications`: what can be asked.

use super::Format;
use crate::domain::id::VersionId;
use crate::domain::publication::{OldRuns, Share};
use clap::Args;

pub(super) const EXAMPLES: &str = "\
It checks the flows of the project, shows what would change and how many runs are under way, and asks before it does anything.
Running services take over what was published within seconds.

Examples:
  replyflow publish --dry-run                       what would change
  replyflow publish menu --note \"a shorter menu\"
  replyflow publish menu --runs move                live runs go over at their next state
  replyflow publish menu --share 10%                a tenth of the new runs first
  replyflow publish menu                            … and then all of them
  replyflow publish --rollback menu                 the version before, or the share taken back

Exit codes: 0 published, or nothing to publish · 1 refused or failed · 2 the command was not understood";

pub(super) const LIST: &str = "\
Examples:
  replyflow publications menu
  replyflow publications menu --format json

Exit codes: 0 fine · 1 the flow was never published";

/// `replyflow publish`
#[derive(Debug, Args)]
pub struct Publish {
    /// Flows by name; else all flows of the project that changed
    #[arg(value_name = "FLOW")]
    pub flows: Vec<String>,
    /// Why: kept with the publication
    #[arg(long, value_name = "WHY")]
    pub note: Option<String>,
    /// What becomes of live runs on other versions: stay, move (at their next state) or end
    #[arg(long, value_name = "RUNS", default_value = "stay", value_parser = runs)]
    pub runs: OldRuns,
    /// Only this share of new runs, such as 10%; publish again with another share, or without one for all
    #[arg(long, value_name = "PERCENT", value_parser = share, conflicts_with_all = ["rollback", "retire"])]
    pub share: Option<Share>,
    /// Go back: take a share back, else publish the version before
    #[arg(long, requires = "flows", conflicts_with = "retire")]
    pub rollback: bool,
    /// With --rollback: this version, as `replyflow publications` shows it
    #[arg(long, value_name = "VERSION", requires = "rollback", value_parser = version)]
    pub to: Option<VersionId>,
    /// Begin no more runs of the flow; live runs end in their time, or now with --runs end
    #[arg(long, requires = "flows")]
    pub retire: bool,
    /// Only show what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow publications`
#[derive(Debug, Args)]
pub struct Publications {
    /// The flow
    #[arg(value_name = "FLOW")]
    pub flow: String,
    /// At most so many, the newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub limit: u16,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

fn runs(text: &str) -> Result<OldRuns, String> {
    OldRuns::parse(text).ok_or_else(|| "stay, move or end".to_owned())
}

fn share(text: &str) -> Result<Share, String> {
    Share::parse(text).ok_or_else(|| "1% to 99%; leave it out for all new runs".to_owned())
}

fn version(text: &str) -> Result<VersionId, String> {
    VersionId::parse(text).ok_or_else(|| "a version has 16 hexadecimal digits".to_owned())
}
