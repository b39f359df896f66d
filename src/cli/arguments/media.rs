//! `replyflow media`: what can be asked.

use clap::Subcommand;

const MOVE: &str = "\
For a service that kept files in store.media before media.store was `s3`. Each file is put into the bucket and then deleted here; the service may
run, and reads from the folder what is not in the bucket yet. What was cut off goes on where it was.

Examples:
  replyflow media move

Exit codes: 0 all are in the bucket · 1 some could not be moved";

/// `replyflow media`
#[derive(Debug, Subcommand)]
pub enum Media {
    /// Put the files of the folder into the bucket
    #[command(after_help = MOVE)]
    Move,
}
