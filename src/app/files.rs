//! Where files of contacts are kept, and how they are given out.

use crate::config::Settings;
use crate::service::FileSettings;
use crate::service::media::kind::FileRules;
use crate::service::media::links::LinkTimes;
use crate::store::files::{FileError, FileStore, FolderStore, S3Store};
use std::sync::Arc;

/// Opens where files of contacts are kept. Nothing is asked of a bucket yet.
pub fn open_files(settings: &Settings) -> Result<Arc<dyn FileStore>, FileError> {
    let folder = settings.store.media.clone();
    Ok(match &settings.media.bucket {
        None => Arc::new(FolderStore::new(folder)),
        Some(bucket) => Arc::new(S3Store::new(bucket, folder)?),
    })
}

/// What the service must know of files.
pub(super) fn settings(settings: &Settings, files: &Arc<dyn FileStore>) -> FileSettings {
    let media = &settings.media;
    FileSettings {
        store: Arc::clone(files),
        public_url: settings.server.public_url.clone(),
        rules: FileRules { refuses_strange: media.refuses_mismatched, forbidden: media.forbidden.clone() },
        times: LinkTimes { providers: media.provider_links, others: media.links, api: media.api_links },
        unsigned: media.unsigned,
    }
}
