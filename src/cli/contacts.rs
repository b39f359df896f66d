//! `replyflow contacts`.

use super::arguments::Contacts;
use super::{Project, Stop, contact_files, leaving};

pub(super) fn run(project: &Project, command: &Contacts) -> Result<(), Stop> {
    super::runtime()?.block_on(async {
        match command {
            Contacts::Import(asked) => contact_files::import(project, asked).await,
            Contacts::Export(asked) => contact_files::export(project, asked).await,
            Contacts::Delete(asked) => leaving::delete(project, asked).await,
            Contacts::Merge(asked) => leaving::merge(project, asked).await,
            Contacts::Compact => leaving::compact(project).await,
        }
    })
}
