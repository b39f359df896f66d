//! `replyflow contacts delete` and `merge`: what can be asked.

use super::Format;
use clap::Args;

pub(super) const DELETE: &str = "\
Everything that belongs to the person goes: what is known of them, messages that wait or have not left, live runs, what failed,
files that they sent, and their part of the history. That they opted out is kept as a hash of the address, so that they are
not written to again. What was deleted may still be read on the disk until the files are written anew: `replyflow contacts compact`.

Examples:
  replyflow contacts delete +447700900123 --by ada@example.com
  replyflow contacts delete ann@example.com --by ada@example.com --format json > receipt.json
  replyflow contacts delete ann@example.com --suppress --by ada@example.com

Exit codes: 0 deleted · 1 there is no such contact, or it could not be done";

pub(super) const MERGE: &str = "\
What the contact that stays says of itself counts, the other fills gaps; the opt-out of either holds. It is done by the running
service, when what was said to the other contact has left.

Examples:
  replyflow contacts merge GB.1349AbCd +447700900123
  replyflow contacts merge ann@example.com +447700900123

Exit codes: 0 asked · 1 there is no contact that could stay";

pub(super) const COMPACT: &str = "With SQLite nothing is stored meanwhile: choose a quiet hour if the files are large. Redis and PostgreSQL do it beside their work.";

/// `replyflow contacts delete`
#[derive(Debug, Args)]
pub struct Delete {
    /// A phone number, a mail address, `id:` with your own id, or the contact's key
    #[arg(value_name = "CONTACT", allow_hyphen_values = true)]
    pub contact: String,
    /// Put their addresses onto the suppression list: nothing is written there any more, whoever comes with them
    #[arg(long)]
    pub suppress: bool,
    /// Who asks for it: stands in the receipt
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// How the receipt is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `replyflow contacts merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// The contact that becomes part of the other: a phone number, a WhatsApp id, a mail address, `id:` with your own id, or a key
    #[arg(value_name = "FROM", allow_hyphen_values = true)]
    pub from: String,
    /// The contact that stays
    #[arg(value_name = "INTO", allow_hyphen_values = true)]
    pub into: String,
    /// Who asks for it: stands in the journal
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}
