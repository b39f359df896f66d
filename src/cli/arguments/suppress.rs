//! `replyflow suppress`: what can be asked.

use super::contact_files::{FileFormat, Service};
use super::{ContactsImport, Format};
use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Nothing is written to an address on the list, whatever its contact agreed to. Only a hash of the address is kept, so that it stays when its
contact is deleted. The service must run: everything goes through its API, with a key (`replyflow key create NAME --scope
suppressions:read,suppressions:write,contacts:read`) in REPLYFLOW_KEY.

Examples:
  replyflow suppress add +447700900123 --reason requested
  replyflow suppress add ann@example.com --over email --what marketing --until 2027-01-01T00:00:00Z
  replyflow suppress list --address +447700900123
  replyflow suppress remove +447700900123
  replyflow suppress import do-not-call.csv --dry-run
  replyflow suppress export > list.csv

Exit codes: 0 fine · 1 rows were refused, it is not on the list, or the service could not be reached · 2 it was not understood";

/// `replyflow suppress`
#[derive(Debug, Subcommand)]
pub enum Suppress {
    /// Put an address onto the list
    #[command(after_help = EXAMPLES)]
    Add(Add),
    /// Take an address off the list
    #[command(after_help = EXAMPLES)]
    Remove(Remove),
    /// Show the list, the last change first
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Put the addresses of a file onto the list; one that was cut off goes on where it was
    #[command(after_help = EXAMPLES)]
    Import(ContactsImport),
    /// Write the list as a file that can be imported
    #[command(after_help = EXAMPLES)]
    Export(Export),
}

/// `replyflow suppress add`
#[derive(Debug, Args)]
pub struct Add {
    /// A phone number, a mail address or a WhatsApp id
    #[arg(value_name = "ADDRESS", allow_hyphen_values = true)]
    pub address: String,
    /// Over which channels nothing is sent: all, sms, whatsapp, email or channel:NAME
    #[arg(long, value_name = "CHANNELS", default_value = "all")]
    pub over: String,
    /// What is not sent: everything or marketing
    #[arg(long, value_name = "WHAT", default_value = "everything")]
    pub what: String,
    /// Why: manual, imported, requested, legal, erased, hard_bounce, complaint or invalid_number
    #[arg(long, value_name = "REASON", default_value = "manual")]
    pub reason: String,
    /// A word for people, without names and numbers
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// When it ends by itself, such as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "MOMENT")]
    pub until: Option<String>,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
}

/// `replyflow suppress remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// A phone number, a mail address or a WhatsApp id; or the id of one entry
    #[arg(value_name = "ADDRESS", allow_hyphen_values = true)]
    pub address: String,
    /// Only the entry over these channels
    #[arg(long, value_name = "CHANNELS")]
    pub over: Option<String>,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
}

/// `replyflow suppress list`
#[derive(Debug, Args)]
pub struct List {
    /// Only the entries of this phone number, mail address or WhatsApp id
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    pub address: Option<String>,
    /// Only those for this reason
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub limit: u16,
    /// How they are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Where the service is
    #[command(flatten)]
    pub service: Service,
}

/// `replyflow suppress export`
#[derive(Debug, Args)]
pub struct Export {
    /// Only those for this reason
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
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
