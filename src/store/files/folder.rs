//! Files in a folder: each is written beside its place and renamed when it is whole.

use super::{FileError, FileStore, Pieces};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use std::io::{self, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// The name of the file that a probe writes: none of a contact's.
const PROBE: &str = ".probe";

/// Files in a folder.
#[derive(Debug, Clone)]
pub struct FolderStore {
    folder: PathBuf,
}

impl FolderStore {
    /// In this folder, which is made with the first file.
    pub fn new(folder: PathBuf) -> Self {
        FolderStore { folder }
    }

    pub(super) async fn open(&self, name: &str) -> io::Result<Option<File>> {
        match File::open(self.folder.join(name)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The names in the folder that begin so.
    pub(super) async fn names(&self, beginning: &str) -> io::Result<Vec<PathBuf>> {
        let mut files = match fs::read_dir(&self.folder).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut found = Vec::new();
        while let Some(file) = files.next_entry().await? {
            let name = file.file_name();
            if name.to_str().is_some_and(|name| name.trim_start_matches('.').starts_with(beginning)) {
                found.push(file.path());
            }
        }
        Ok(found)
    }
}

/// The bytes of an open file.
pub(super) fn pieces(file: File, length: u64) -> Pieces {
    Box::pin(unfold(file.take(length), |mut file| async {
        let mut piece = BytesMut::with_capacity(usize::try_from(file.limit()).map_or(PIECE, |left| left.min(PIECE)));
        match file.read_buf(&mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok::<Bytes, io::Error>(piece.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    }))
}

#[async_trait]
impl FileStore for FolderStore {
    fn workshop(&self) -> &Path {
        &self.folder
    }

    async fn keep(&self, part: &Path, name: &str, _mime: &str, _within: Duration) -> Result<(), FileError> {
        Ok(fs::rename(part, self.folder.join(name)).await?)
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        match fs::metadata(self.folder.join(name)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            about => Ok(Some(about?.len())),
        }
    }

    async fn read(&self, name: &str, from: u64, length: u64) -> Result<Option<Pieces>, FileError> {
        let Some(mut file) = self.open(name).await? else { return Ok(None) };
        if from > 0 {
            file.seek(SeekFrom::Start(from)).await?;
        }
        Ok(Some(pieces(file, length)))
    }

    async fn delete_beginning(&self, beginning: &str, until: Option<SystemTime>) -> Result<u64, FileError> {
        let mut deleted = 0;
        for file in self.names(beginning).await? {
            if let Some(until) = until
                && fs::metadata(&file).await.and_then(|about| about.modified()).is_ok_and(|written| written > until)
            {
                continue;
            }
            match fs::remove_file(&file).await {
                Ok(()) => deleted += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(deleted)
    }

    async fn own_link(&self, _name: &str, _mime: &str, _lasts: Duration) -> Result<Option<String>, FileError> {
        Ok(None)
    }

    async fn probe(&self) -> Result<String, FileError> {
        fs::create_dir_all(&self.folder).await?;
        let file = self.folder.join(PROBE);
        fs::write(&file, PROBE).await?;
        fs::remove_file(&file).await?;
        Ok(self.folder.display().to_string())
    }
}
