//! `replyflow contacts`.

use super::contact_files::{EXAMPLES, Export, Import};
use super::leaving::{COMPACT, DELETE, Delete, MERGE, Merge};
use clap::Subcommand;

/// `replyflow contacts`
#[derive(Debug, Subcommand)]
pub enum Contacts {
    /// Make and change contacts from a file; one that was cut off goes on where it was
    #[command(after_help = EXAMPLES)]
    Import(Import),
    /// Write contacts as a file that can be imported
    #[command(after_help = EXAMPLES)]
    Export(Export),
    /// Delete a contact with everything that belongs to them, and print a receipt
    #[command(after_help = DELETE)]
    Delete(Delete),
    /// Make a contact part of another: what is under way with either goes on
    #[command(after_help = MERGE)]
    Merge(Merge),
    /// Write the files of the store and of the history anew, so that nothing is left on the disk of what was deleted
    #[command(after_help = COMPACT)]
    Compact,
}
