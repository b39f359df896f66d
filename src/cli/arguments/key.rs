//! The arguments of `replyflow key`.

use super::Format;
use clap::Subcommand;

const CREATE: &str = "\
The key is printed once, alone on a line; only a hash of it is kept. A running service takes it at once.

Examples:
  replyflow key create crm --scope contacts:read --scope events:write
  replyflow key create try-outs --scope admin --mode test --expires 90d
  CRM_KEY=$(replyflow key create crm --scope contacts:read,events:write)

Scopes: contacts:read contacts:write events:write conversations:read conversations:write history:read
flows:read flows:publish broadcasts:read broadcasts:write operations:read operations:write keys:write
suppressions:read suppressions:write, or admin

Exit codes: 0 fine · 1 it could not be written · 2 there is no such scope, mode or duration";

/// `replyflow key`
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a key and print it
    #[command(after_help = CREATE)]
    Create {
        /// What people call it
        #[arg(value_name = "NAME")]
        name: String,
        /// What it may do; can be given several times
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// What it is for: live or test
        #[arg(long, value_name = "MODE", default_value = "live")]
        mode: String,
        /// How long it opens something, such as 90d; else until it is revoked
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Show the keys, the newest first; never their secrets
    List {
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// End a key: it opens nothing any more, within seconds on every instance
    Revoke {
        /// As `key list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}
