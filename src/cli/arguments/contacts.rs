//! `replyflow contacts`.

use super::contact_files::{EXAMPLES, Export, Import};
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
}
